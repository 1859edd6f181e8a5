// Matrix products.
#include "backends/max/mo/ops.h"

namespace accelerate::max_engine {
namespace {

using Values = std::vector<MoValue>;

Values matmul(MoBuilder& b, const EmitSite& s) {
  MoValue x = s.in[0];
  MoValue y = s.in[1];
  // The leading axes are made equal first, unless one side has none; so are the extents that are summed over.
  Shape batch(s.out[0].shape.begin(), s.out[0].shape.end() - 2);
  auto batched = [&](const MoValue& v) {
    Shape wanted = batch;
    wanted.insert(wanted.end(), v.type.shape.end() - 2, v.type.shape.end());
    return b.broadcast(v, wanted);
  };
  if (y.type.rank() > 2) {
    x = batched(x);
    y = batched(y);
  } else if (x.type.rank() < s.out[0].rank()) {
    x = batched(x);
  }
  const Dim& k = x.type.shape.back();
  if (!(y.type.shape[y.type.shape.size() - 2] == k)) {
    TensorType wanted = y.type;
    wanted.shape[wanted.shape.size() - 2] = k;
    y = b.rebind(y.name, b.type(y.type), wanted);
  }
  return {b.op("rmo.matmul", {x, y}, s.out[0])};
}

Values linear(MoBuilder& b, const EmitSite& s) {
  DType dtype = s.in[0].type.dtype;
  MoValue weight = b.transpose(b.cast(s.in[1], dtype), {1, 0});
  const MoValue& x = s.in[0];
  MoValue out;
  if (x.type.rank() == 1) {
    MoValue row = b.reshape(x, {1, x.type.shape[0]});
    out = b.op("rmo.matmul", {row, weight}, {dtype, {1, weight.type.shape[1]}});
    out = b.reshape(out, s.out[0].shape);
  } else {
    out = b.op("rmo.matmul", {x, weight}, s.out[0]);
  }
  if (s.in.size() == 3) out = b.binary("add", out, b.cast(s.in[2], dtype), dtype);
  return {out};
}

std::optional<std::string> why_not_product(const Graph& graph, const Node& node) {
  for (ValueId id : node.operands) {
    const TensorType& type = graph.type_of(id);
    for (const Dim& d : type.shape)
      if (d.constant() == 0) return fmt::format("{} of nothing", node.op->name);
  }
  return std::nullopt;
}

}  // namespace

void add_products(MoTable& table) {
  table["matmul"] = {matmul, why_not_product};
  table["linear"] = {linear, why_not_product};
}

}  // namespace accelerate::max_engine
