#include "graph/attr.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/error.h"

namespace accelerate {

std::string_view name_of(AttrKind kind) {
  static constexpr std::array<std::string_view, 10> kNames = {"bool",     "integer", "number",  "string", "dtype",
                                                              "integers", "numbers", "strings", "dims",   "tensor"};
  return kNames[static_cast<size_t>(kind)];
}

namespace {

bool same_number(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

template <typename T>
const T& get(const Attrs& attrs, std::string_view name, AttrKind expected) {
  const Attr* attr = attrs.find(name);
  if (attr == nullptr) fail(ErrorCode::invalid_graph, "attribute \"{}\" is missing", name);
  if (const T* value = std::get_if<T>(attr)) return *value;
  fail(ErrorCode::invalid_graph, "attribute \"{}\" is of kind {}; expected {}", name, name_of(kind_of(*attr)),
       name_of(expected));
}

}  // namespace

bool same(const Attr& a, const Attr& b) {
  if (a.index() != b.index()) return false;
  if (const auto* x = std::get_if<double>(&a)) return same_number(*x, std::get<double>(b));
  if (const auto* x = std::get_if<std::vector<double>>(&a)) {
    const auto& y = std::get<std::vector<double>>(b);
    if (x->size() != y.size()) return false;
    for (size_t i = 0; i < y.size(); ++i)
      if (!same_number((*x)[i], y[i])) return false;
    return true;
  }
  if (const auto* x = std::get_if<Tensor>(&a)) {
    const auto& y = std::get<Tensor>(b);
    return x->dtype() == y.dtype() && x->shape() == y.shape() && std::memcmp(x->data(), y.data(), x->size_bytes()) == 0;
  }
  return std::visit(
      [&](const auto& x) -> bool {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_same_v<T, Tensor>) {
          return false;
        } else {
          return x == std::get<T>(b);
        }
      },
      a);
}

bool same(const Attrs& a, const Attrs& b) {
  if (a.map().size() != b.map().size()) return false;
  auto it = b.map().begin();
  for (const auto& [name, value] : a.map()) {
    if (name != it->first || !same(value, it->second)) return false;
    ++it;
  }
  return true;
}

const Attr* Attrs::find(std::string_view name) const {
  auto it = map_.find(name);
  return it == map_.end() ? nullptr : &it->second;
}

void Attrs::erase(std::string_view name) {
  if (auto it = map_.find(name); it != map_.end()) map_.erase(it);
}

bool Attrs::boolean(std::string_view name) const {
  return get<bool>(*this, name, AttrKind::boolean);
}
int64_t Attrs::integer(std::string_view name) const {
  return get<int64_t>(*this, name, AttrKind::integer);
}
double Attrs::number(std::string_view name) const {
  return get<double>(*this, name, AttrKind::number);
}
const std::string& Attrs::string(std::string_view name) const {
  return get<std::string>(*this, name, AttrKind::string);
}
DType Attrs::dtype(std::string_view name) const {
  return get<DType>(*this, name, AttrKind::dtype);
}
const std::vector<int64_t>& Attrs::integers(std::string_view name) const {
  return get<std::vector<int64_t>>(*this, name, AttrKind::integers);
}
const std::vector<double>& Attrs::numbers(std::string_view name) const {
  return get<std::vector<double>>(*this, name, AttrKind::numbers);
}
const std::vector<std::string>& Attrs::strings(std::string_view name) const {
  return get<std::vector<std::string>>(*this, name, AttrKind::strings);
}
const Shape& Attrs::dims(std::string_view name) const {
  return get<Shape>(*this, name, AttrKind::dims);
}
const Tensor& Attrs::tensor(std::string_view name) const {
  return get<Tensor>(*this, name, AttrKind::tensor);
}

}  // namespace accelerate
