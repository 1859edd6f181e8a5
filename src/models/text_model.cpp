#include "models/text_model.h"

#include "accelerate/ops.h"
#include "base/error.h"
#include "ops/support.h"

namespace accelerate::models {
namespace {

constexpr std::string_view kBase = "Model";
constexpr std::string_view kMaskedLm = "ForMaskedLM";
constexpr std::string_view kSequence = "ForSequenceClassification";
constexpr std::string_view kToken = "ForTokenClassification";
constexpr std::string_view kAnswer = "ForQuestionAnswering";
constexpr std::string_view kChoice = "ForMultipleChoice";
constexpr std::string_view kPretraining = "ForPreTraining";
constexpr std::string_view kNextSentence = "ForNextSentencePrediction";

TextInputs add_inputs(Graph& graph, bool choices, bool token_types) {
  const Dim batch("batch");
  const Dim sequence("sequence");
  const Dim rows = choices ? batch * Dim("choices") : batch;
  const auto add = [&](const std::string& name) {
    Shape shape = choices ? Shape{batch, Dim("choices"), sequence} : Shape{batch, sequence};
    Value input = graph.add_input(name, TensorType(DType::i64, std::move(shape)));
    return choices ? ops::reshape(input, {rows, sequence}) : input;
  };
  TextInputs inputs;
  inputs.rows = rows;
  inputs.sequence = sequence;
  inputs.input_ids = add("input_ids");
  inputs.attention_mask = add("attention_mask");
  if (token_types) inputs.token_type_ids = add("token_type_ids");
  return inputs;
}

/// Column i of x [rows,sequence,n] -> [rows,sequence].
Value column(Value x, int64_t i) {
  return ops::reshape(ops::slice(x, 2, i, i + 1), {x.dim(0), x.dim(1)});
}

Value pooled(Layers& layers, const TextFamily& family, const TextConfig& config, Value hidden) {
  Value out = family.pool ? family.pool(layers, config, hidden) : Value{};
  if (!out) {
    fail(ErrorCode::invalid_weights, "{} needs the weights of the pooler, and the checkpoint has none",
         layers.context().architecture);
  }
  return out;
}

void add_base_outputs(Layers& layers, const TextFamily& family, const TextConfig& config, Value hidden) {
  layers.graph().output(hidden, "last_hidden_state");
  if (!family.pool) return;
  if (Value out = family.pool(layers, config, hidden)) layers.graph().output(out, "pooler_output");
}

void add_answer_outputs(Layers& layers, Value hidden) {
  const int64_t labels = num_labels(layers.config());
  if (labels != 2)
    fail(ErrorCode::invalid_model, "a question answering head has 2 outputs; the configuration has {} labels", labels);
  Value logits = layers.linear(hidden, "qa_outputs", 2);
  layers.graph().output(column(logits, 0), "start_logits");
  layers.graph().output(column(logits, 1), "end_logits");
}

void add_outputs(Layers& layers, const TextFamily& family, const TextConfig& config, std::string_view head,
                 Value hidden) {
  Graph& graph = layers.graph();
  if (head == kBase) return add_base_outputs(layers, family, config, hidden);
  if (head == kAnswer) return add_answer_outputs(layers, hidden);
  if (head == kPretraining) return family.pretraining(layers, config, hidden);
  if (head == kMaskedLm || head == family.causal_suffix)
    return graph.output(lm_logits(layers, family, config, hidden), "logits");
  if (head == kToken) return graph.output(layers.linear(hidden, "classifier", num_labels(layers.config())), "logits");
  if (head == kNextSentence) {
    return graph.output(layers.linear(pooled(layers, family, config, hidden), "cls.seq_relationship", 2), "logits");
  }
  if (head == kSequence) {
    Value features = family.classifier_features ? family.classifier_features(layers, config, hidden)
                                                : pooled(layers, family, config, hidden);
    return graph.output(layers.linear(features, family.classifier, num_labels(layers.config())), "logits");
  }
  if (head == kChoice) {
    Value features = family.choice_features ? family.choice_features(layers, config, hidden)
                                            : pooled(layers, family, config, hidden);
    Value scores = layers.linear(features, "classifier", 1);
    return graph.output(ops::reshape(scores, {Dim("batch"), Dim("choices")}), "logits");
  }
  fail(ErrorCode::internal, "no head '{}'", head);
}

}  // namespace

TextConfig read_text_config(const Json& config, const TextConfig& defaults) {
  TextConfig out;
  out.vocab = positive(config, "vocab_size", defaults.vocab, kMaxVocabulary);
  out.hidden = positive_any(config, {"hidden_size", "dim"}, defaults.hidden, kMaxWidth);
  out.embedding =
      defaults.embedding > 0 ? positive(config, "embedding_size", defaults.embedding, kMaxWidth) : out.hidden;
  out.num_layers = positive_any(config, {"num_hidden_layers", "n_layers"}, defaults.num_layers, kMaxLayers);
  out.heads = positive_any(config, {"num_attention_heads", "n_heads"}, defaults.heads, kMaxHeads);
  out.intermediate = positive_any(config, {"intermediate_size", "hidden_dim"}, defaults.intermediate, kMaxWidth);
  out.max_positions = positive(config, "max_position_embeddings", defaults.max_positions, kMaxVocabulary);
  out.token_types = json_int(config, "type_vocab_size", defaults.token_types, 0, kMaxVocabulary);
  out.pad_token = json_int(config, "pad_token_id", defaults.pad_token, -1, out.vocab - 1);
  out.eps = epsilon(config, "layer_norm_eps", defaults.eps);
  out.act = string_any(config, {"hidden_act", "activation"}, defaults.act);
  out.is_decoder = json_bool(config, "is_decoder", false);
  head_size(out.hidden, out.heads);
  if (json_bool(config, "add_cross_attention", false)) {
    fail(ErrorCode::unsupported_model,
         "'add_cross_attention' is true; encoders with cross-attention layers are not built in");
  }
  const std::string positions = json_string(config, "position_embedding_type", "absolute");
  if (positions != "absolute") {
    fail(ErrorCode::unsupported_model, "'position_embedding_type' is '{}'; expected 'absolute'", printable(positions));
  }
  return out;
}

Value key_mask(const TextInputs& inputs) {
  return ops::reshape(ops::cast(inputs.attention_mask, DType::boolean), {inputs.rows, 1, 1, inputs.sequence});
}

Value positions(const TextInputs& inputs) {
  return ops::reshape(ops::iota(*inputs.input_ids.builder, DType::i64, inputs.sequence), {1, inputs.sequence});
}

Value positions_without_padding(const TextInputs& inputs, int64_t padding_id) {
  Value padding = ops::scalar_like(inputs.input_ids, static_cast<double>(padding_id));
  Value real = ops::cast(ops::not_equal(inputs.input_ids, padding), DType::i64);
  return ops::add(ops::mul(ops::cumsum(real, 1), real), padding);
}

Value bert_embeddings(Layers& layers, const TextConfig& config, const TextInputs& inputs, Value position_ids,
                      const std::string& prefix) {
  layers.graph().set_location(prefix);
  Value sum = layers.embedding(prefix + ".word_embeddings", inputs.input_ids, config.vocab, config.embedding);
  if (config.token_types > 0) {
    Value types = inputs.token_type_ids ? inputs.token_type_ids : ops::reshape(integers(layers.graph(), {0}), {1, 1});
    sum =
        ops::add(sum, layers.embedding(prefix + ".token_type_embeddings", types, config.token_types, config.embedding));
  }
  if (position_ids) {
    sum = ops::add(
        sum, layers.embedding(prefix + ".position_embeddings", position_ids, config.max_positions, config.embedding));
  }
  return layers.layer_norm(sum, prefix + ".LayerNorm", config.eps);
}

LayerSpec bert_layer(const TextConfig& config) {
  LayerSpec spec;
  spec.names = {"attention.self.query",       "attention.self.key", "attention.self.value", "attention.output.dense",
                "attention.output.LayerNorm", "intermediate.dense", "output.dense",         "output.LayerNorm"};
  spec.hidden = config.hidden;
  spec.heads = config.heads;
  spec.head_size = head_size(config.hidden, config.heads);
  spec.intermediate = config.intermediate;
  spec.act = config.act;
  spec.eps = config.eps;
  spec.causal = config.is_decoder;
  return spec;
}

Value bert_encoder(Layers& layers, const TextConfig& config, const TextInputs& inputs, Value x,
                   const std::string& prefix) {
  const LayerSpec spec = bert_layer(config);
  Value mask = key_mask(inputs);
  for (int64_t i = 0; i < config.num_layers; ++i)
    x = transformer_layer(layers, x, fmt::format("{}.{}.", prefix, i), spec, mask);
  return x;
}

Value lm_logits(Layers& layers, const TextFamily& family, const TextConfig& config, Value hidden) {
  const LmHead head = family.lm_head(layers, config);
  layers.graph().set_location(head.dense);
  Value x = activation(layers.linear(hidden, head.dense, head.width), head.act);
  x = layers.layer_norm(x, head.norm, head.eps);
  std::string decoder = head.decoder + ".weight";
  if (head.decoder.empty() || !layers.has(decoder)) decoder = family.word_embeddings + ".weight";
  std::string bias = head.bias.front();
  for (const std::string& name : head.bias) {
    if (!layers.has(name)) continue;
    bias = name;
    break;
  }
  return ops::linear(x, layers.weight(decoder, {config.vocab, head.width}), layers.parameter(bias, {config.vocab}));
}

Value tanh_pooler(Layers& layers, const std::string& dense, Value hidden) {
  if (!layers.has(dense + ".weight")) return {};
  return dense_features(layers, dense, "tanh", hidden);
}

Value dense_features(Layers& layers, const std::string& dense, std::string_view act, Value hidden) {
  layers.graph().set_location(dense);
  const int64_t width = hidden.shape().back().as_constant("the width of the hidden states");
  return activation(layers.linear(token_at(hidden, 0), dense, width), act);
}

std::vector<std::string> text_classes(const TextFamily& family) {
  std::vector<std::string> classes;
  for (std::string_view head : {kBase, kMaskedLm, kSequence, kToken, kAnswer, kChoice})
    classes.push_back(family.class_prefix + std::string(head));
  if (family.pretraining) classes.push_back(family.class_prefix + std::string(kPretraining));
  if (family.next_sentence) classes.push_back(family.class_prefix + std::string(kNextSentence));
  if (!family.causal_suffix.empty()) classes.push_back(family.class_prefix + family.causal_suffix);
  return classes;
}

Program build_text_model(const TextFamily& family, const BuildContext& context) {
  TextConfig config = read_text_config(context.config, family.defaults);
  if (family.complete) family.complete(context.config, config);
  const std::string architecture = context.architecture.empty() ? family.class_prefix + "Model" : context.architecture;
  const std::string head = architecture.substr(family.class_prefix.size());

  Graph graph(architecture);
  Layers layers(context, graph);
  const TextInputs inputs = add_inputs(graph, head == kChoice, config.token_types >= family.min_token_types_for_input);
  add_outputs(layers, family, config, head, family.encode(layers, config, inputs));

  const int64_t max_tokens = family.max_tokens ? family.max_tokens(config) : config.max_positions;
  Program program = make_program(context, std::move(graph), family.model_type, "text-encoder");
  program.name = program.metadata["architecture"] = architecture;
  program.metadata["max_positions"] = std::to_string(max_tokens);
  program.metadata["vocab_size"] = std::to_string(config.vocab);
  return program;
}

void register_text_family(ModelRegistry& registry, TextFamily family) {
  ModelBuilder builder;
  builder.model_type = family.model_type;
  builder.base_model_prefix = family.weight_prefix;
  builder.architectures = text_classes(family);
  builder.build = [family = std::move(family)](const BuildContext& context) {
    return build_text_model(family, context);
  };
  registry.add(std::move(builder));
}

}  // namespace accelerate::models
