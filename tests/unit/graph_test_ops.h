#pragma once
// A few ops for the tests of graphs, which must not depend on the real ones.
#include "graph/graph.h"

namespace accelerate::test {

/// source: () -> [shape]; same: x -> x; join: any number of one type -> that type; kinds: an attribute of each kind;
/// unknown: x -> [?NAME] with the attribute name; region: runs a graph on its operands; token/touch: an effect chain.
inline OpRegistry make_test_registry() {
  OpRegistry out;
  OpDef source;
  source.name = "source";
  source.attrs = {{"shape", AttrKind::dims, std::nullopt, false, ""},
                  {"dtype", AttrKind::dtype, Attr(DType::f32), false, ""}};
  source.infer = [](const InferContext& c) -> std::vector<TensorType> {
    return {{c.attrs.dtype("dtype"), c.attrs.dims("shape")}};
  };
  out.add(source);

  OpDef same;
  same.name = "same";
  same.min_operands = same.max_operands = 1;
  same.infer = [](const InferContext& c) -> std::vector<TensorType> { return {c.operand(0)}; };
  out.add(same);

  OpDef newer = same;
  newer.name = "newer";
  newer.version = 3;
  out.add(newer);

  OpDef join = same;
  join.name = "join";
  join.max_operands = -1;
  join.infer = [](const InferContext& c) -> std::vector<TensorType> {
    for (const TensorType& type : c.operands())
      if (!(type == c.operand(0)))
        fail(ErrorCode::invalid_shape, "{} beside {}", type.to_string(), c.operand(0).to_string());
    return {c.operand(0)};
  };
  out.add(join);

  OpDef kinds = same;
  kinds.name = "kinds";
  for (auto [name, kind] : std::initializer_list<std::pair<const char*, AttrKind>>{{"a_bool", AttrKind::boolean},
                                                                                   {"an_integer", AttrKind::integer},
                                                                                   {"a_number", AttrKind::number},
                                                                                   {"a_string", AttrKind::string},
                                                                                   {"a_dtype", AttrKind::dtype},
                                                                                   {"integers", AttrKind::integers},
                                                                                   {"numbers", AttrKind::numbers},
                                                                                   {"strings", AttrKind::strings},
                                                                                   {"some_dims", AttrKind::dims},
                                                                                   {"a_tensor", AttrKind::tensor}})
    kinds.attrs.push_back({name, kind, std::nullopt, true, ""});
  out.add(kinds);

  OpDef two = same;
  two.name = "two";
  two.infer = [](const InferContext& c) -> std::vector<TensorType> { return {c.operand(0), {DType::i64, {}}}; };
  out.add(two);

  OpDef unknown = same;
  unknown.name = "unknown";
  unknown.attrs = {{"name", AttrKind::string, std::nullopt, false, ""}};
  unknown.infer = [](const InferContext& c) -> std::vector<TensorType> {
    return {{c.operand(0).dtype, {Dim::unbacked(c.attrs.string("name"))}}};
  };
  out.add(unknown);

  OpDef region;
  region.name = "region";
  region.max_operands = -1;
  region.num_regions = 1;
  region.infer = [](const InferContext& c) {
    std::vector<TensorType> types;
    for (const auto& output : c.regions[0]->outputs()) types.push_back(c.regions[0]->type_of(output.value));
    return types;
  };
  out.add(region);

  OpDef token;
  token.name = "token";
  token.infer = [](const InferContext&) -> std::vector<TensorType> { return {TensorType::token()}; };
  out.add(token);

  OpDef touch = same;
  touch.name = "touch";
  touch.has_effects = true;
  touch.infer = [](const InferContext& c) -> std::vector<TensorType> {
    if (!c.operand(0).is_token()) fail(ErrorCode::invalid_dtype, "expected a token");
    return {TensorType::token()};
  };
  out.add(touch);
  return out;
}

/// One registry for a test program.
inline const OpRegistry& test_registry() {
  static const OpRegistry registry = make_test_registry();
  return registry;
}

inline Value add_node(Graph& graph, const char* op, std::vector<Value> operands, Attrs attrs = {}) {
  return graph.add(test_registry().get(op), operands, std::move(attrs)).at(0);
}

}  // namespace accelerate::test
