#include "graph/op_def.h"

#include <algorithm>

#include "graph/graph.h"

namespace accelerate {
namespace {

int resolve_axis(int64_t axis, std::string_view name, int rank) {
  if (axis < -rank || axis >= rank)
    fail(ErrorCode::invalid_shape, "{} is {}; expected a value in [{}, {}) for a tensor of rank {}", name, axis, -rank,
         rank, rank);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace

const TensorType& InferContext::operand(size_t i) const {
  if (i >= operands_.size()) fail(ErrorCode::invalid_graph, "operand {} is missing; {} given", i, operands_.size());
  return operands_[i];
}

int InferContext::axis(std::string_view name, int rank) const {
  return resolve_axis(attrs.integer(name), name, rank);
}
int EvalContext::axis(std::string_view name, int rank) const {
  return resolve_axis(attrs.integer(name), name, rank);
}

const AttrSpec* OpDef::find_attr(std::string_view attr_name) const {
  auto it = std::find_if(attrs.begin(), attrs.end(), [&](const AttrSpec& spec) { return spec.name == attr_name; });
  return it == attrs.end() ? nullptr : &*it;
}

Attrs OpDef::complete(Attrs given) const {
  for (const auto& [key, value] : given.map()) {
    const AttrSpec* spec = find_attr(key);
    if (spec == nullptr) fail(ErrorCode::invalid_graph, "op {} has no attribute \"{}\"", name, printable(key));
    if (kind_of(value) != spec->kind)
      fail(ErrorCode::invalid_graph, "attribute \"{}\" of op {} is of kind {}; expected {}", key, name,
           name_of(kind_of(value)), name_of(spec->kind));
  }
  for (const AttrSpec& spec : attrs) {
    if (given.has(spec.name)) continue;
    if (spec.fallback) {
      given.set(spec.name, *spec.fallback);
    } else if (!spec.optional) {
      fail(ErrorCode::invalid_graph, "op {} needs the attribute \"{}\" ({})", name, spec.name, name_of(spec.kind));
    }
  }
  return given;
}

void OpRegistry::add(OpDef op) {
  if (find(op.name) != nullptr) fail(ErrorCode::internal, "op {} is registered twice", op.name);
  std::string name = op.name;
  ops_.emplace(std::move(name), std::make_unique<OpDef>(std::move(op)));
}

const OpDef* OpRegistry::find(std::string_view name) const {
  auto it = ops_.find(std::string(name));
  return it == ops_.end() ? nullptr : it->second.get();
}

const OpDef& OpRegistry::get(std::string_view name) const {
  if (const OpDef* op = find(name)) return *op;
  std::string near;
  for (const OpDef* op : all()) {
    if (name.size() >= 3 && (op->name.find(name.substr(0, 4)) != std::string::npos))
      near += (near.empty() ? "" : ", ") + op->name;
  }
  fail(ErrorCode::unsupported_op, "there is no op \"{}\"{}", printable(name, 80),
       near.empty() ? "" : "; similar: " + near);
}

std::vector<const OpDef*> OpRegistry::all() const {
  std::vector<const OpDef*> out;
  out.reserve(ops_.size());
  for (const auto& [name, op] : ops_) out.push_back(op.get());
  std::sort(out.begin(), out.end(), [](const OpDef* a, const OpDef* b) { return a->name < b->name; });
  return out;
}

}  // namespace accelerate
