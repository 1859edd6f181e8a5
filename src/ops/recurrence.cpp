#include <algorithm>

#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {

/// The steps of one layer of a recurrent network over the time axis. kind and gates G: "lstm" (i, f, g, o), "gru"
/// (r, z, n), "tanh" or "relu" (one). Shapes: gates [T,B,G*H], what the inputs add to each gate (with the bias of the
/// input side), hidden [B,P], cell [B,H] (lstm only; else empty), weight [G*H,P], bias [G*H] (may be empty), projection
/// [P,H] (lstm only; may be empty: P = H) -> outputs [T,B,P], last hidden [B,P] and, for lstm, last cell [B,H].
/// reverse goes from the last step to the first. As torch.nn.LSTM, GRU and RNN; computes in f32 at least.
/// Source: Hochreiter & Schmidhuber 1997; Sak et al. 2014, arXiv:1402.1128 (projection); Cho et al. 2014,
/// arXiv:1406.1078, with the reset gate behind the product.
// api: std::vector<Value> recurrence(Value gates, Value hidden, Value cell, Value weight, Value bias, Value projection, std::string kind, bool reverse = false);
std::vector<Value> recurrence(Value gates, Value hidden, Value cell, Value weight, Value bias, Value projection,
                              std::string kind, bool reverse) {
  std::vector<Value> operands{gates, hidden};
  if (cell) operands.push_back(cell);
  operands.push_back(weight);
  if (bias) operands.push_back(bias);
  if (projection) operands.push_back(projection);
  return build_multi("recurrence", operands,
                     {{"kind", std::move(kind)},
                      {"reverse", reverse},
                      {"has_bias", static_cast<bool>(bias)},
                      {"has_projection", static_cast<bool>(projection)}});
}

namespace {

struct RecurrenceOperands {
  int64_t num_gates = 1;
  std::optional<size_t> cell;
  size_t weight = 2;
  std::optional<size_t> bias;
  std::optional<size_t> projection;
  size_t count = 0;
};

RecurrenceOperands operands_of_recurrence(const Attrs& attrs) {
  const std::string& kind = attrs.string("kind");
  require_one_of("kind", kind, {"lstm", "gru", "tanh", "relu"});
  RecurrenceOperands out;
  out.num_gates = kind == "lstm" ? 4 : kind == "gru" ? 3 : 1;
  size_t next = 2;
  if (kind == "lstm") out.cell = next++;
  out.weight = next++;
  if (attrs.boolean("has_bias")) out.bias = next++;
  if (attrs.boolean("has_projection")) out.projection = next++;
  out.count = next;
  return out;
}

std::vector<TensorType> infer_recurrence(const InferContext& c) {
  RecurrenceOperands at = operands_of_recurrence(c.attrs);
  require_operand_count(c, at.count);
  if (at.projection && !at.cell)
    fail(ErrorCode::invalid_argument, "a projection for kind {}; only lstm has one", c.attrs.string("kind"));
  for (size_t i = 0; i < at.count; ++i) {
    require_dtype(c, i, is_float, "a float type");
    require_same_dtype(c, 0, i);
  }
  require_rank(c, 0, 3, 3);
  require_rank(c, 1, 2, 2);
  require_rank(c, at.weight, 2, 2);
  const Shape& gates = c.operand(0).shape;
  Dim width = floordiv(gates[2], Dim(at.num_gates));
  if (width * Dim(at.num_gates) != gates[2])
    fail(ErrorCode::invalid_shape, "gates are {}; expected a multiple of {} on the last axis", c.operand(0).to_string(),
         at.num_gates);
  Dim size = at.projection ? c.operand(1).shape[1] : width;
  Dim batch = unify(gates[1], c.operand(1).shape[0], "batch of gates and hidden");
  unify(c.operand(1).shape[1], size, "extents of hidden");
  unify(c.operand(at.weight).shape[0], gates[2], "rows of weight");
  unify(c.operand(at.weight).shape[1], size, "columns of weight");
  if (at.cell) {
    require_rank(c, *at.cell, 2, 2);
    unify(c.operand(*at.cell).shape[0], batch, "batch of cell");
    unify(c.operand(*at.cell).shape[1], width, "extents of cell");
  }
  if (at.bias) {
    require_rank(c, *at.bias, 1, 1);
    unify(c.operand(*at.bias).shape[0], gates[2], "extents of bias");
  }
  if (at.projection) {
    require_rank(c, *at.projection, 2, 2);
    unify(c.operand(*at.projection).shape[0], size, "rows of projection");
    unify(c.operand(*at.projection).shape[1], width, "columns of projection");
  }
  DType dtype = c.operand(0).dtype;
  std::vector<TensorType> out{{dtype, {gates[0], batch, size}}, {dtype, {batch, size}}};
  if (at.cell) out.push_back({dtype, {batch, width}});
  return out;
}

void reference_recurrence(EvalContext& c) {
  RecurrenceOperands at = operands_of_recurrence(c.attrs);
  const std::string& kind = c.attrs.string("kind");
  const Tensor& gates = c.inputs[0];
  const Tensor& weight = c.inputs[at.weight];
  int64_t steps = gates.dim(0);
  int64_t batch = gates.dim(1);
  int64_t rows = gates.dim(2);
  int64_t width = rows / at.num_gates;
  int64_t size = c.inputs[1].dim(1);
  auto sigmoid_of = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (int64_t b = 0; b < batch; ++b) {
    std::vector<double> hidden;
    std::vector<double> cell;
    for (int64_t i = 0; i < size; ++i) hidden.push_back(c.inputs[1].get(b * size + i));
    for (int64_t i = 0; i < width && at.cell; ++i) cell.push_back(c.inputs[*at.cell].get(b * width + i));
    for (int64_t s = 0; s < steps; ++s) {
      int64_t t = c.attrs.boolean("reverse") ? steps - 1 - s : s;
      // What the inputs and the hidden state add to gate g of unit i.
      auto input = [&](int64_t g, int64_t i) { return gates.get((t * batch + b) * rows + g * width + i); };
      auto state = [&](int64_t g, int64_t i) {
        int64_t row = g * width + i;
        double sum = at.bias ? c.inputs[*at.bias].get(row) : 0.0;
        for (int64_t k = 0; k < size; ++k) sum += weight.get(row * size + k) * hidden[static_cast<size_t>(k)];
        return sum;
      };
      std::vector<double> next(static_cast<size_t>(width));
      for (int64_t i = 0; i < width; ++i) {
        auto u = static_cast<size_t>(i);
        auto gate = [&](int64_t g) { return input(g, i) + state(g, i); };
        if (kind == "lstm") {
          cell[u] = sigmoid_of(gate(1)) * cell[u] + sigmoid_of(gate(0)) * std::tanh(gate(2));
          next[u] = sigmoid_of(gate(3)) * std::tanh(cell[u]);
        } else if (kind == "gru") {
          double update = sigmoid_of(gate(1));
          double fresh = std::tanh(input(2, i) + sigmoid_of(gate(0)) * state(2, i));
          next[u] = (1 - update) * fresh + update * hidden[u];
        } else {
          next[u] = kind == "tanh" ? std::tanh(gate(0)) : std::max(gate(0), 0.0);
        }
      }
      if (at.projection) {
        std::vector<double> projected(static_cast<size_t>(size), 0.0);
        for (int64_t p = 0; p < size; ++p)
          for (int64_t i = 0; i < width; ++i)
            projected[static_cast<size_t>(p)] +=
                c.inputs[*at.projection].get(p * width + i) * next[static_cast<size_t>(i)];
        next = std::move(projected);
      }
      hidden = std::move(next);
      for (int64_t i = 0; i < size; ++i) c.outputs[0].set((t * batch + b) * size + i, hidden[static_cast<size_t>(i)]);
    }
    for (int64_t i = 0; i < size; ++i) c.outputs[1].set(b * size + i, hidden[static_cast<size_t>(i)]);
    for (int64_t i = 0; i < width && at.cell; ++i) c.outputs[2].set(b * width + i, cell[static_cast<size_t>(i)]);
  }
}

}  // namespace

void register_recurrence(OpRegistry& registry) {
  OpDef op;
  op.name = "recurrence";
  op.doc =
      "the steps of one recurrent layer: gates[T,B,G*H], hidden, (cell,) weight, (bias, projection) -> outputs[T,B,P]";
  op.min_operands = 3;
  op.max_operands = 6;
  op.attrs = {{"kind", AttrKind::string, std::nullopt, false, "lstm, gru, tanh, relu"},
              {"reverse", AttrKind::boolean, Attr(false), false, "from the last step to the first"},
              {"has_bias", AttrKind::boolean, Attr(false), false, "bias is among the operands"},
              {"has_projection", AttrKind::boolean, Attr(false), false, "projection is among the operands"}};
  op.numerics = Numerics::accumulating;
  op.infer = infer_recurrence;
  op.reference = reference_recurrence;
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
