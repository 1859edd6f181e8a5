#include <algorithm>
#include <iterator>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// Sum of embeddings, then (normalise) layer normalisation: what encoders do with word, position and type ids.
/// tables [V_i,C] of any float types; indices [...] of i64 or i32, which broadcast over leading axes ([T] or [1,T]
/// beside [B,T]); weight [C] and bias [C] may be empty -> [...,C] of dtype. Errors: invalid_shape, invalid_dtype;
/// invalid_argument for an index outside its table.
// api: Value fused_embedding_norm(std::vector<Value> tables, std::vector<Value> indices, Value weight, Value bias, double eps, bool normalise = true, DType dtype = DType::f32);
Value fused_embedding_norm(std::vector<Value> tables, std::vector<Value> indices, Value weight, Value bias, double eps,
                           bool normalise, DType dtype) {
  if (tables.size() != indices.size())
    fail(ErrorCode::invalid_argument, "{} tables and {} indices; expected as many", tables.size(), indices.size());
  if (bias && !weight) fail(ErrorCode::invalid_argument, "fused_embedding_norm was given a bias without a weight");
  std::vector<Value> operands;
  for (size_t i = 0; i < tables.size(); ++i) {
    operands.push_back(tables[i]);
    operands.push_back(indices[i]);
  }
  if (weight) operands.push_back(weight);
  if (bias) operands.push_back(bias);
  Attrs attrs{{"count", static_cast<int64_t>(tables.size())}, {"eps", eps}, {"normalise", normalise}, {"dtype", dtype}};
  return build_multi("fused_embedding_norm", operands, std::move(attrs)).at(0);
}

namespace {

std::vector<TensorType> infer_fused_embedding_norm(const InferContext& c) {
  int64_t count = c.attrs.integer("count");
  auto given = static_cast<int64_t>(c.num_operands());
  bool normalise = c.attrs.boolean("normalise");
  if (count < 1 || count > given / 2 || given - 2 * count > (normalise ? 2 : 0))
    fail(ErrorCode::invalid_graph, "{} operands for {} tables; expected a table and indices for each{}", given, count,
         normalise ? ", then weight and bias or nothing" : "");
  if (!is_float(c.attrs.dtype("dtype")))
    fail(ErrorCode::invalid_dtype, "dtype is {}; expected a float type", name_of(c.attrs.dtype("dtype")));
  TensorType out(c.attrs.dtype("dtype"), c.operand(1).shape);
  Dim width;
  for (int64_t i = 0; i < count; ++i) {
    auto table = static_cast<size_t>(2 * i);
    require_dtype(c, table, is_float, "a float type");
    require_rank(c, table, 2, 2);
    require_dtype(c, table + 1, is_index, "i64 or i32");
    out.shape = broadcast(out.shape, c.operand(table + 1).shape);
    const Dim& columns = c.operand(table).shape[1];
    width = i == 0 ? columns : unify(width, columns, "columns of the tables");
  }
  for (int64_t i = 0; i < count; ++i) {
    const Shape& shape = c.operand(static_cast<size_t>(2 * i + 1)).shape;
    auto own = std::find_if(shape.begin(), shape.end(), [](const Dim& d) { return d != Dim(1); });
    for (auto it = shape.rbegin(); it != std::make_reverse_iterator(own); ++it) {
      if (*it == Dim(1) && out.shape[out.shape.size() - 1 - static_cast<size_t>(it - shape.rbegin())] != Dim(1))
        fail(ErrorCode::invalid_shape, "indices {} are {}; expected ones that broadcast to {} over leading axes only",
             i, to_string(shape), to_string(out.shape));
    }
  }
  require_affine(c, static_cast<size_t>(2 * count), width);
  out.shape.push_back(width);
  return {out};
}

void reference_fused_embedding_norm(EvalContext& c) {
  auto count = static_cast<size_t>(c.attrs.integer("count"));
  int64_t width = c.inputs[0].dim(1);
  for (size_t i = 0; i < count; ++i) {
    require_extents(c.inputs[2 * i], {c.inputs[2 * i].dim(0), width}, "a table");
  }
  for (size_t i = 2 * count; i < c.inputs.size(); ++i) require_extents(c.inputs[i], {width}, "weight or bias");
  std::vector<double> row(static_cast<size_t>(width));
  for (int64_t r = 0, rows = width == 0 ? 0 : c.outputs[0].num_elements() / width; r < rows; ++r) {
    std::fill(row.begin(), row.end(), 0.0);
    for (size_t i = 0; i < count; ++i) {
      int64_t id = c.inputs[2 * i + 1].get_int(r % c.inputs[2 * i + 1].num_elements());
      const Tensor& table = c.inputs[2 * i];
      if (id < 0 || id >= table.dim(0))
        fail(ErrorCode::invalid_argument, "index {} into a table of {} rows", id, table.dim(0));
      for (int64_t k = 0; k < width; ++k) row[static_cast<size_t>(k)] += table.get(id * width + k);
    }
    double mean = 0;
    double variance = 0;
    for (double v : row) mean += v / static_cast<double>(width);
    for (double v : row) variance += (v - mean) * (v - mean) / static_cast<double>(width);
    double scale = 1.0 / std::sqrt(variance + c.attrs.number("eps"));
    for (int64_t k = 0; k < width; ++k) {
      double y = row[static_cast<size_t>(k)];
      if (c.attrs.boolean("normalise")) {
        y = (y - mean) * scale;
        if (c.inputs.size() > 2 * count) y *= c.inputs[2 * count].get(k);
        if (c.inputs.size() > 2 * count + 1) y += c.inputs[2 * count + 1].get(k);
      }
      c.outputs[0].set(r * width + k, y);
    }
  }
}

std::vector<Value> expand_sum(Builder&, const Node& node, std::span<const Value> operands) {
  auto count = static_cast<size_t>(node.attrs.integer("count"));
  DType dtype = node.attrs.dtype("dtype");
  DType compute = compute_dtype(dtype);
  Value sum;
  for (size_t i = 0; i < count; ++i) {
    Value part = cast_to(embedding(operands[2 * i], operands[2 * i + 1]), compute);
    sum = sum ? add(sum, part) : part;
  }
  if (node.attrs.boolean("normalise")) {
    auto affine = [&](size_t i) {
      return operands.size() > 2 * count + i ? cast_to(operands[2 * count + i], compute) : Value();
    };
    sum = layer_norm(sum, affine(0), affine(1), node.attrs.number("eps"));
  }
  return {cast_to(sum, dtype)};
}

}  // namespace

void register_fused_embedding_norm(OpRegistry& registry) {
  OpDef op;
  op.name = "fused_embedding_norm";
  op.doc =
      "sum of table_i[indices_i], then layer_norm: (table[V,C], indices[...]) for each, weight[C], bias[C] -> [...,C]";
  op.min_operands = 2;
  op.max_operands = -1;
  op.attrs = {{"count", AttrKind::integer, std::nullopt, false, "number of tables"},
              {"eps", AttrKind::number, Attr(0.0), false, "added to the variance"},
              {"normalise", AttrKind::boolean, Attr(true), false, "normalise the sum over its last axis"},
              {"dtype", AttrKind::dtype, Attr(DType::f32), false, "element type of the result"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_fused_embedding_norm;
  op.reference = reference_fused_embedding_norm;
  op.expand = expand_sum;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
