#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "models/layers.h"

namespace accelerate::models {

/// The sizes that text encoders share, read and checked.
struct TextConfig {
  int64_t vocab = 0;
  int64_t hidden = 0;     // C
  int64_t embedding = 0;  // width of the embedding tables; 0 in the defaults of a family: always C
  int64_t num_layers = 0;
  int64_t heads = 0;
  int64_t intermediate = 0;
  int64_t max_positions = 0;  // rows of the position table
  int64_t token_types = 0;    // rows of the token type table; 0: there is none
  int64_t pad_token = 0;
  double eps = 0;
  std::string act;
  bool is_decoder = false;
};

/// Defaults are those of the family's configuration class in transformers.
TextConfig read_text_config(const Json& config, const TextConfig& defaults);

/// Inputs of a text graph: i64 [batch,sequence]; with choices they are declared [batch,choices,sequence] and come here
/// as [batch*choices,sequence].
struct TextInputs {
  Value input_ids, attention_mask, token_type_ids;
  Dim rows, sequence;
};

/// bool [rows,1,1,sequence]: which keys may be attended to.
Value key_mask(const TextInputs& inputs);
/// Positions counted over the tokens that are not padding, from padding_id + 1; padding has position padding_id:
/// i64 [rows,sequence]. Source: transformers, create_position_ids_from_input_ids.
Value positions_without_padding(const TextInputs& inputs, int64_t padding_id);
/// 0, 1, ... : i64 [1,sequence].
Value positions(const TextInputs& inputs);
/// word + token type + position embeddings, normalised: [rows,sequence,embedding], from PREFIX.word_embeddings,
/// .token_type_embeddings (if the config has them), .position_embeddings and .LayerNorm.
Value bert_embeddings(Layers& layers, const TextConfig& config, const TextInputs& inputs, Value position_ids,
                      const std::string& prefix);

/// dense, activation, norm, product with the vocabulary: hidden states [...,C] -> logits [...,V].
struct LmHead {
  std::string dense, norm;
  std::string decoder;            // DECODER.weight if the checkpoint has it, else the tied word embeddings
  std::vector<std::string> bias;  // the first that the checkpoint has
  std::string act;
  double eps = 0;
  int64_t width = 0;  // of dense
};

/// What tells one family of text encoders from another. Functions take the family's checked configuration.
struct TextFamily {
  std::string model_type;
  std::string class_prefix;     // "Bert"
  std::string weight_prefix;    // "bert"
  std::string word_embeddings;  // "bert.embeddings.word_embeddings"
  TextConfig defaults;
  /// Smallest number of token types for which token_type_ids is an input.
  int64_t min_token_types_for_input = 1;
  /// Positions that a text may have; default: config.max_positions.
  std::function<int64_t(const TextConfig&)> max_tokens;
  /// Checks and completes what read_text_config cannot know; may be empty.
  std::function<void(const Json&, TextConfig&)> complete;
  /// -> [rows,sequence,C].
  std::function<Value(Layers&, const TextConfig&, const TextInputs&)> encode;
  /// pooler_output [rows,C] from hidden states; empty, or an empty value, if the model has none.
  std::function<Value(Layers&, const TextConfig&, Value hidden)> pool;
  /// What a text classifier sees, [rows,C], and the name of its last layer.
  std::function<Value(Layers&, const TextConfig&, Value hidden)> classifier_features;
  std::string classifier = "classifier";
  /// The same for multiple choice; default: pool and "classifier".
  std::function<Value(Layers&, const TextConfig&, Value hidden)> choice_features;
  std::function<LmHead(Layers&, const TextConfig&)> lm_head;
  /// Outputs of ForPreTraining; empty if there is no such class.
  std::function<void(Layers&, const TextConfig&, Value hidden)> pretraining;
  /// Has a NextSentencePrediction class.
  bool next_sentence = false;
  /// Class suffix of the left-to-right head ("LMHeadModel", "ForCausalLM"); empty if there is none.
  std::string causal_suffix;
};

Value lm_logits(Layers& layers, const TextFamily& family, const TextConfig& config, Value hidden);
/// tanh(dense(first token)). An empty value if the checkpoint has no such layer.
Value tanh_pooler(Layers& layers, const std::string& dense, Value hidden);
/// act(dense(first token)), the inner part of classification heads.
Value dense_features(Layers& layers, const std::string& dense, std::string_view act, Value hidden);

/// Classes that build_text_model builds for the family.
std::vector<std::string> text_classes(const TextFamily& family);
/// Errors: invalid_model for configuration values out of range, unsupported_model for options that are not built in.
Program build_text_model(const TextFamily& family, const BuildContext& context);
void register_text_family(ModelRegistry& registry, TextFamily family);

/// The layer of BERT and its direct relatives.
LayerSpec bert_layer(const TextConfig& config);
/// Runs PREFIX.0 ... over x.
Value bert_encoder(Layers& layers, const TextConfig& config, const TextInputs& inputs, Value x,
                   const std::string& prefix);

}  // namespace accelerate::models
