#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/registry.h"

namespace accelerate::models {

/// Builds the parts that architectures share. Weights are declared as the checkpoint stores them, each once; small ones
/// (norms, biases, embedding rows) are converted to f32, so that activations are f32 throughout.
/// Names are relative to the checkpoint and have no trailing dot: "bert.pooler.dense" stands for its .weight and .bias.
class Layers {
 public:
  Layers(const BuildContext& context, Graph& graph) : context_(context), graph_(graph) {}

  const BuildContext& context() const { return context_; }
  const Json& config() const { return context_.config; }
  Graph& graph() { return graph_; }
  bool has(const std::string& weight_name) const { return context_.has_weight(weight_name); }

  /// As stored, if the stored type is one that linear takes (f32, f16, bf16); otherwise converted to f32.
  Value weight(const std::string& name, std::vector<int64_t> shape);
  /// Converted to f32.
  Value parameter(const std::string& name, std::vector<int64_t> shape);
  Value to_f32(Value x);

  /// x [...,in] -> [...,out] by NAME.weight [out,in] and, if bias, NAME.bias [out].
  Value linear(Value x, const std::string& name, int64_t out, bool bias = true);
  /// Over the last axis, by NAME.weight and NAME.bias.
  Value layer_norm(Value x, const std::string& name, double eps);
  /// Rows of NAME.weight [rows,width], in f32: indices [...] -> [...,width].
  Value embedding(const std::string& name, Value indices, int64_t rows, int64_t width);

 private:
  const BuildContext& context_;
  Graph& graph_;
  std::map<std::string, Value> weights_;
};

/// An activation by its name in transformers' ACT2FN. Errors: unsupported_model for a name without parameters-free
/// formula here; the message lists those that there are.
Value activation(Value x, std::string_view name);

/// Weight names of one transformer layer, relative to the layer. A family without a norm leaves its name empty.
struct LayerNames {
  std::string query, key, value, attention_out, attention_norm, ff_in, ff_out, ff_norm;
};

/// One transformer encoder layer: attention, then feed-forward, each with a residual connection.
struct LayerSpec {
  LayerNames names;
  int64_t hidden = 0;        // C
  int64_t heads = 0;         // H
  int64_t head_size = 0;     // D
  int64_t intermediate = 0;  // width between the two products of the feed-forward part
  std::string act;
  double eps = 0;
  bool norm_first = false;  // norm before each part (ViT, CLIP) instead of after the residual sum (BERT)
  bool causal = false;
  bool qkv_bias = true;
};

/// Additive score of a pair that is masked out: absorbs any real score, and stays finite when a kernel changes the base
/// of the exponential (half the least f32).
inline constexpr double kMaskedScore = -1.7e38;

/// Queries, keys and values [B,T,H,D] of x [B,T,C].
struct Projections {
  Value query, key, value;
};
Projections project(Layers& layers, Value x, const std::string& layer, const LayerSpec& spec);

/// Everything of a layer around the attention itself: x [B,T,C] -> [B,T,C]. `attend` maps projections to [B,T,H,D].
Value transformer_layer(Layers& layers, Value x, const std::string& layer, const LayerSpec& spec,
                        const std::function<Value(const Projections&)>& attend);
/// With plain attention. mask: empty, or bool or additive f32 that broadcasts to [B,H,T,T].
/// A query whose keys are all masked out by a bool mask gets 0 from the attention.
Value transformer_layer(Layers& layers, Value x, const std::string& layer, const LayerSpec& spec, Value mask);

/// x[:, index] of x [B,T,...] -> [B,...].
Value token_at(Value x, int64_t index);
/// A constant vector of i64.
Value integers(Builder& builder, const std::vector<int64_t>& values);

/// config[key], which must be a whole number in [1, max].
int64_t positive(const Json& config, std::string_view key, std::optional<int64_t> fallback, int64_t max = 1 << 24);
/// The value of the first key that is present (old and new spellings), else the fallback.
int64_t positive_any(const Json& config, std::initializer_list<std::string_view> keys, std::optional<int64_t> fallback,
                     int64_t max = 1 << 24);
std::string string_any(const Json& config, std::initializer_list<std::string_view> keys, std::string fallback);
/// An epsilon of a norm: finite and not negative.
double epsilon(const Json& config, std::string_view key, double fallback);
bool present(const Json& config, std::string_view key);
/// hidden / heads. Errors: invalid_model unless heads divides hidden.
int64_t head_size(int64_t hidden, int64_t heads);
/// How many labels: entries of id2label, else num_labels, else 2.
int64_t num_labels(const Json& config);

/// Limits of configuration values, far above every published model, so that a bad file cannot ask for absurd graphs.
inline constexpr int64_t kMaxLayers = 1024;
inline constexpr int64_t kMaxHeads = 4096;
inline constexpr int64_t kMaxWidth = int64_t{1} << 20;
inline constexpr int64_t kMaxVocabulary = int64_t{1} << 26;

/// The program of a single graph, with the metadata that all families have.
Program make_program(const BuildContext& context, Graph graph, std::string model_type, std::string family);

}  // namespace accelerate::models
