#pragma once
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tensor/tensor.h"

namespace accelerate {

/// Kinds of attribute, in the order of the alternatives of Attr.
enum class AttrKind { boolean, integer, number, string, dtype, integers, numbers, strings, dims, tensor };

/// A compile-time parameter of a node.
using Attr = std::variant<bool, int64_t, double, std::string, DType, std::vector<int64_t>, std::vector<double>,
                          std::vector<std::string>, Shape, Tensor>;
inline AttrKind kind_of(const Attr& attr) {
  return static_cast<AttrKind>(attr.index());
}
std::string_view name_of(AttrKind kind);

/// Equal kind and value; tensors by dtype, shape and bytes; NaN equals NaN.
bool same(const Attr& a, const Attr& b);

/// Attributes by name, with typed reads. Errors: invalid_graph if missing or of another kind.
class Attrs {
 public:
  using Map = std::map<std::string, Attr, std::less<>>;
  Attrs() = default;
  Attrs(std::initializer_list<Map::value_type> entries) : map_(entries) {}

  bool has(std::string_view name) const { return map_.find(name) != map_.end(); }
  const Attr* find(std::string_view name) const;
  Attrs& set(std::string name, Attr value) {
    map_.insert_or_assign(std::move(name), std::move(value));
    return *this;
  }
  void erase(std::string_view name);
  const Map& map() const { return map_; }

  bool boolean(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  const std::string& string(std::string_view name) const;
  DType dtype(std::string_view name) const;
  const std::vector<int64_t>& integers(std::string_view name) const;
  const std::vector<double>& numbers(std::string_view name) const;
  const std::vector<std::string>& strings(std::string_view name) const;
  const Shape& dims(std::string_view name) const;
  const Tensor& tensor(std::string_view name) const;

 private:
  Map map_;
};
bool same(const Attrs& a, const Attrs& b);

}  // namespace accelerate
