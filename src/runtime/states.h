#pragma once
// Graphs that keep something between calls: the state ops of a graph, and a plain way to run them, with contiguous
// tensors that belong to one batch of sequences.
#include <map>
#include <string>
#include <vector>

#include "runtime/session.h"

namespace accelerate {

/// The graph with its cached_attention ops that name a state of kind "paged" written with state ops: keys [B,K,S,D],
/// values [B,K,S,Dv] and positions [B,S] of earlier calls are read, those of this call are put behind them, and all are
/// written and attended to. Ops with the same keys share one state. A graph without such ops comes back as it is.
/// The number of earlier positions is the symbol that past_symbol gives.
/// Errors: unsupported_op for an op whose mask is a tensor: it says nothing about earlier positions.
Graph with_states(const Graph& graph);
/// The symbol, unused in the graph, that stands for the positions of earlier calls.
Dim past_symbol(const Graph& graph);

/// A state of a graph.
struct StateInfo {
  std::string name;
  std::string kind;
  /// As read: with the extents that the graph gives it.
  TensorType type;
};

/// A graph without state ops.
struct LoweredStates {
  /// Has the inputs of the original graph, then one a state, named "state.NAME"; and its outputs, then the new content
  /// of each state under the same names.
  Graph graph;
  std::vector<StateInfo> states;
};
/// State ops as inputs and outputs. Errors: invalid_graph for a state that is read with two types, or is written and
/// never read.
LoweredStates lower_states(const Graph& graph);

/// What a batch of sequences keeps between calls of one StatefulModel; belongs to the caller, one thread at a time.
class SequenceStates {
 public:
  /// Positions that earlier calls brought.
  int64_t length() const { return length_; }
  size_t size_bytes() const;
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  void clear();

 private:
  friend class StatefulModel;
  std::map<std::string, Tensor> tensors_;
  int64_t length_ = 0;
};

/// A compiled graph that is called step by step: a prefill of T positions, then more of them, for example one at a
/// time. Immutable, shared by threads.
class StatefulModel {
 public:
  /// Errors: those of with_states, lower_states and InferenceSession::load; invalid_graph for a graph without states.
  StatefulModel(InferenceSession& session, const Graph& graph, std::shared_ptr<const WeightSource> weights);
  /// Runs the next positions. `inputs` and the result are those of the graph, by name; `states` holds what earlier
  /// calls left, nothing before the first. On an error it is as before. Errors: those of Model::execute; invalid_shape
  /// for another batch than before.
  std::map<std::string, Tensor> execute(const std::map<std::string, Tensor>& inputs, SequenceStates& states,
                                        const ExecuteOptions& options = {}) const;

  const ModelReport& report() const { return model_.report(); }
  const std::vector<StateInfo>& states() const { return states_; }
  /// The graph that was given.
  const Graph& graph() const { return graph_; }
  /// The extent of the new positions in inputs and outputs.
  const Dim& step() const { return step_; }

 private:
  Graph graph_;
  Dim past_;
  Dim step_;
  std::vector<StateInfo> states_;
  Model model_;
};

/// Runs a whole sequence in steps: `prefill` positions in the first call, then one a call. Inputs are cut along the
/// axes of StatefulModel::step, outputs with such an axis are put together, of the others the last one stays.
/// Errors: those of StatefulModel::execute; invalid_argument unless 1 <= prefill <= the number of positions.
std::map<std::string, Tensor> execute_in_steps(const StatefulModel& model, const std::map<std::string, Tensor>& inputs,
                                               int64_t prefill, const ExecuteOptions& options = {});

}  // namespace accelerate
