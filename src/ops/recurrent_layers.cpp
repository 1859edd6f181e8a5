// LSTM, GRU and plain recurrent networks of several layers and directions, spelled in linear and recurrence.
#include "accelerate/ops.h"
#include "ops/rules.h"
#include "ops/support.h"

namespace accelerate::ops {
namespace {

struct LayerStates {
  Value x;
  std::vector<Value> hidden;
  std::vector<Value> cell;
};

LayerStates run_recurrent_layers(Value x, Value hidden, Value cell, const std::vector<Value>& weights,
                                 const std::string& kind, const RecurrentOptions& options) {
  auto directions = static_cast<size_t>(options.bidirectional ? 2 : 1);
  if (options.num_layers < 1) fail(ErrorCode::invalid_argument, "{} layers; expected 1 or more", options.num_layers);
  auto layers = static_cast<size_t>(options.num_layers);
  size_t per_direction = 2 + (options.has_bias ? 2U : 0U) + (options.has_projection ? 1U : 0U);
  if (weights.size() != layers * directions * per_direction)
    fail(ErrorCode::invalid_argument, "{} weights for {} layers with {} directions; expected {}", weights.size(),
         layers, directions, layers * directions * per_direction);
  LayerStates out;
  out.x = options.batch_first ? swap_axes(x, 0, 1) : x;
  for (size_t layer = 0; layer < layers; ++layer) {
    std::vector<Value> outputs;
    for (size_t direction = 0; direction < directions; ++direction) {
      size_t index = layer * directions + direction;
      const Value* own = weights.data() + index * per_direction;
      Value bias = options.has_bias ? own[3] : Value();
      Value gates = linear(out.x, own[0], options.has_bias ? own[2] : Value());
      auto state = static_cast<int64_t>(index);
      auto results = recurrence(gates, select(hidden, 0, state), cell ? select(cell, 0, state) : Value(), own[1], bias,
                                options.has_projection ? own[per_direction - 1] : Value(), kind, direction == 1);
      outputs.push_back(results[0]);
      out.hidden.push_back(results[1]);
      if (cell) out.cell.push_back(results[2]);
    }
    out.x = outputs.size() == 1 ? outputs[0] : concat(outputs, 2);
  }
  if (options.batch_first) out.x = swap_axes(out.x, 0, 1);
  return out;
}

}  // namespace

/// Long short-term memory. Shapes: x [T,B,I] ([B,T,I] if batch_first), hidden [L*D,B,P] and cell [L*D,B,H] for L layers
/// of D directions. weights, for each layer and in it each direction: input [4H,I], state [4H,P], then with has_bias
/// their biases [4H] twice, then with has_projection [P,H] (else P = H). Results: outputs [T,B,D*P] (or [B,T,D*P]),
/// last hidden and last cell as given. As aten::lstm without dropout.
// api: std::vector<Value> lstm(Value x, Value hidden, Value cell, std::vector<Value> weights, RecurrentOptions options = {});
std::vector<Value> lstm(Value x, Value hidden, Value cell, std::vector<Value> weights, RecurrentOptions options) {
  LayerStates out = run_recurrent_layers(x, hidden, cell, weights, "lstm", options);
  return {out.x, stack(out.hidden, 0), stack(out.cell, 0)};
}

/// Gated recurrent units, as lstm without cell and projection; 3H in place of 4H. Results: outputs, last hidden.
// api: std::vector<Value> gru(Value x, Value hidden, std::vector<Value> weights, RecurrentOptions options = {});
std::vector<Value> gru(Value x, Value hidden, std::vector<Value> weights, RecurrentOptions options) {
  LayerStates out = run_recurrent_layers(x, hidden, {}, weights, "gru", options);
  return {out.x, stack(out.hidden, 0)};
}

/// Plain recurrent network with the activation "tanh" or "relu", as gru with H in place of 3H.
// api: std::vector<Value> rnn(Value x, Value hidden, std::vector<Value> weights, std::string activation, RecurrentOptions options = {});
std::vector<Value> rnn(Value x, Value hidden, std::vector<Value> weights, std::string activation,
                       RecurrentOptions options) {
  require_one_of("activation", activation, {"tanh", "relu"});
  LayerStates out = run_recurrent_layers(x, hidden, {}, weights, activation, options);
  return {out.x, stack(out.hidden, 0)};
}

}  // namespace accelerate::ops
