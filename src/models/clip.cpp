#include "accelerate/ops.h"
#include "base/error.h"
#include "models/vision_model.h"
#include "ops/support.h"

namespace accelerate::models {
namespace {

/// One of the two towers.
struct Tower {
  Json config;         // of the tower alone
  std::string prefix;  // of its weights, with a dot, or empty
  LayerSpec layer;
  int64_t num_layers = 0;
};

/// "text_config" and "text_config_dict" of a CLIP configuration (the latter wins), or the whole of a tower's own.
Json tower_config(const Json& config, const std::string& key) {
  for (const std::string& name : {key + "_dict", key}) {
    if (!present(config, name)) continue;
    if (!config[name].is_object()) fail(ErrorCode::invalid_model, "'{}' is no JSON object", name);
    return config[name];
  }
  const std::string type = json_string(config, "model_type", "clip");
  return type == "clip" ? Json::object() : config;
}

Tower read_tower(Layers& layers, const std::string& key, const std::string& probe, int64_t hidden, int64_t intermediate,
                 int64_t heads) {
  Tower tower;
  tower.config = tower_config(layers.config(), key);
  // Checkpoints of a single tower may lack the tower's name; all others have it.
  const std::string name = key.substr(0, key.find('_')) + "_model.";
  tower.prefix = layers.has(probe) && !layers.has(name + probe) ? "" : name;
  tower.num_layers = positive(tower.config, "num_hidden_layers", 12, kMaxLayers);
  LayerSpec& spec = tower.layer;
  spec.names = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj",
                "layer_norm1",      "mlp.fc1",          "mlp.fc2",          "layer_norm2"};
  spec.hidden = positive(tower.config, "hidden_size", hidden, kMaxWidth);
  spec.heads = positive(tower.config, "num_attention_heads", heads, kMaxHeads);
  spec.head_size = head_size(spec.hidden, spec.heads);
  spec.intermediate = positive(tower.config, "intermediate_size", intermediate, kMaxWidth);
  spec.act = json_string(tower.config, "hidden_act", "quick_gelu");
  spec.eps = epsilon(tower.config, "layer_norm_eps", 1e-5);
  spec.norm_first = true;
  return tower;
}

Tower text_tower(Layers& layers) {
  Tower tower = read_tower(layers, "text_config", "embeddings.token_embedding.weight", 512, 2048, 8);
  tower.layer.causal = true;
  return tower;
}
Tower vision_tower(Layers& layers) {
  return read_tower(layers, "vision_config", "embeddings.patch_embedding.weight", 768, 3072, 12);
}

Value run_layers(Layers& layers, const Tower& tower, Value x, Value mask) {
  for (int64_t i = 0; i < tower.num_layers; ++i) {
    x = transformer_layer(layers, x, fmt::format("{}encoder.layers.{}.", tower.prefix, i), tower.layer, mask);
  }
  return x;
}

struct Encoded {
  Value hidden;  // [batch,T,C]
  Value pooled;  // [batch,C]
};

int64_t max_positions(const Tower& tower) {
  return positive(tower.config, "max_position_embeddings", 77, kMaxVocabulary);
}
/// At most 2^24, so that token ids are exact in f32.
int64_t vocab_size(const Tower& tower) {
  return positive(tower.config, "vocab_size", 49408, int64_t{1} << 24);
}

/// The hidden state at the end of the text: at the first end token or, in configurations of the first release, which
/// name a wrong one (2), at the largest token.
Value at_end(const Tower& tower, Value input_ids, Value hidden) {
  const int64_t eos = json_int(tower.config, "eos_token_id", 49407, 0, kMaxVocabulary);
  Value key = eos == 2 ? input_ids : ops::equal(input_ids, ops::scalar_like(input_ids, static_cast<double>(eos)));
  Value index = ops::reshape(ops::arg_max(ops::cast(key, DType::f32), 1), {hidden.dim(0), 1, 1});
  index = ops::expand(index, {hidden.dim(0), 1, hidden.dim(2)});
  return ops::reshape(ops::gather_elements(hidden, index, 1), {hidden.dim(0), hidden.dim(2)});
}

Encoded encode_text(Layers& layers, const Tower& tower) {
  Graph& graph = layers.graph();
  const Dim batch("batch");
  const Dim sequence("sequence");
  Value input_ids = graph.add_input("input_ids", TensorType(DType::i64, {batch, sequence}));
  Value attention_mask = graph.add_input("attention_mask", TensorType(DType::i64, {batch, sequence}));
  graph.set_location(tower.prefix + "embeddings");
  Value x =
      layers.embedding(tower.prefix + "embeddings.token_embedding", input_ids, vocab_size(tower), tower.layer.hidden);
  Value positions = ops::reshape(ops::iota(graph, DType::i64, sequence), {1, sequence});
  x = ops::add(x, layers.embedding(tower.prefix + "embeddings.position_embedding", positions, max_positions(tower),
                                   tower.layer.hidden));
  Value mask = ops::reshape(ops::cast(attention_mask, DType::boolean), {batch, 1, 1, sequence});
  x = run_layers(layers, tower, x, mask);
  x = layers.layer_norm(x, tower.prefix + "final_layer_norm", tower.layer.eps);
  return {x, at_end(tower, input_ids, x)};
}

Encoded encode_image(Layers& layers, const Tower& tower, const ImageConfig& image, const Dim& batch) {
  Graph& graph = layers.graph();
  Value pixels = add_pixel_values(graph, image, batch);
  const int64_t hidden = tower.layer.hidden;
  const std::string prefix = tower.prefix + "embeddings";
  graph.set_location(prefix);
  Value x = patch_embeddings(layers, image, pixels, prefix + ".patch_embedding", hidden, false);
  Value cls = ops::reshape(layers.parameter(prefix + ".class_embedding", {hidden}), {1, 1, hidden});
  x = ops::concat({ops::expand(cls, {batch, 1, hidden}), x}, 1);
  const int64_t positions = image.num_patches() + 1;
  Value table = layers.parameter(prefix + ".position_embedding.weight", {positions, hidden});
  x = ops::add(x, ops::reshape(table, {1, positions, hidden}));
  x = layers.layer_norm(x, tower.prefix + "pre_layrnorm", tower.layer.eps);  // the checkpoint's spelling
  x = run_layers(layers, tower, x, Value{});
  return {x, layers.layer_norm(token_at(x, 0), tower.prefix + "post_layernorm", tower.layer.eps)};
}

Value normalised(Value x) {
  Value length = ops::sqrt(ops::reduce_sum(ops::square(x), {1}, true));
  return ops::div(x, length);
}

/// Similarities of all texts with all images. The two have batches of their own.
void add_similarity(Layers& layers, const Tower& text, const Tower& vision, const ImageConfig& image) {
  Graph& graph = layers.graph();
  const int64_t width = positive(layers.config(), "projection_dim", 512, kMaxWidth);
  Encoded texts = encode_text(layers, text);
  Encoded images = encode_image(layers, vision, image, Dim("image_batch"));
  Value text_embeds = normalised(layers.linear(texts.pooled, "text_projection", width, false));
  Value image_embeds = normalised(layers.linear(images.pooled, "visual_projection", width, false));
  Value scale = ops::exp(layers.parameter("logit_scale", {}));
  Value per_text = ops::mul(ops::matmul(text_embeds, ops::transpose(image_embeds, {1, 0})), scale);
  graph.output(ops::transpose(per_text, {1, 0}), "logits_per_image");
  graph.output(per_text, "logits_per_text");
  graph.output(text_embeds, "text_embeds");
  graph.output(image_embeds, "image_embeds");
}

void add_text_metadata(Program& program, const Tower& text) {
  program.metadata["max_positions"] = std::to_string(max_positions(text));
  program.metadata["vocab_size"] = std::to_string(vocab_size(text));
}

Program build_text(const BuildContext& context, const std::string& architecture) {
  Graph graph(architecture);
  Layers layers(context, graph);
  const Tower tower = text_tower(layers);
  Encoded out = encode_text(layers, tower);
  if (architecture == "CLIPTextModelWithProjection") {
    const int64_t width = positive(tower.config, "projection_dim", 512, kMaxWidth);
    graph.output(layers.linear(out.pooled, "text_projection", width, false), "text_embeds");
    graph.output(out.hidden, "last_hidden_state");
  } else {
    graph.output(out.hidden, "last_hidden_state");
    graph.output(out.pooled, "pooler_output");
  }
  Program program = make_program(context, std::move(graph), "clip_text_model", "text-encoder");
  add_text_metadata(program, tower);
  return program;
}

Program build_vision(const BuildContext& context, const std::string& architecture) {
  Graph graph(architecture);
  Layers layers(context, graph);
  const Tower tower = vision_tower(layers);
  const ImageConfig image = read_image_config(tower.config, 224, 32);
  Encoded out = encode_image(layers, tower, image, Dim("batch"));
  if (architecture == "CLIPVisionModelWithProjection") {
    const int64_t width = positive(tower.config, "projection_dim", 512, kMaxWidth);
    graph.output(layers.linear(out.pooled, "visual_projection", width, false), "image_embeds");
    graph.output(out.hidden, "last_hidden_state");
  } else if (architecture == "CLIPForImageClassification") {
    Value patches = ops::slice(out.hidden, 1, 1, image.num_patches() + 1);
    graph.output(layers.linear(ops::reduce_mean(patches, {1}), "classifier", num_labels(context.config)), "logits");
  } else {
    graph.output(out.hidden, "last_hidden_state");
    graph.output(out.pooled, "pooler_output");
  }
  Program program = make_program(context, std::move(graph), "clip_vision_model", "image-encoder");
  add_image_metadata(program, image);
  return program;
}

Program build_both(const BuildContext& context) {
  Graph graph("CLIPModel");
  Layers layers(context, graph);
  const Tower text = text_tower(layers);
  const Tower vision = vision_tower(layers);
  const ImageConfig image = read_image_config(vision.config, 224, 32);
  add_similarity(layers, text, vision, image);
  Program program = make_program(context, std::move(graph), "clip", "image-text-encoder");
  add_text_metadata(program, text);
  add_image_metadata(program, image);
  return program;
}

void add(ModelRegistry& registry, std::string model_type, std::vector<std::string> architectures,
         Program (*build)(const BuildContext&, const std::string&)) {
  const std::string first = architectures.front();
  registry.add({.model_type = std::move(model_type),
                .architectures = std::move(architectures),
                .base_model_prefix = "",
                .build = [build, first](const BuildContext& context) {
                  const std::string architecture = context.architecture.empty() ? first : context.architecture;
                  Program program = build(context, architecture);
                  program.name = program.metadata["architecture"] = architecture;
                  return program;
                }});
}

}  // namespace

/// CLIP: Radford et al. 2021, arXiv:2103.00020.
void register_clip(ModelRegistry& registry) {
  add(registry, "clip", {"CLIPModel"},
      [](const BuildContext& context, const std::string&) { return build_both(context); });
  add(registry, "clip_text_model", {"CLIPTextModel", "CLIPTextModelWithProjection"}, build_text);
  add(registry, "clip_vision_model", {"CLIPVisionModel", "CLIPVisionModelWithProjection", "CLIPForImageClassification"},
      build_vision);
}

}  // namespace accelerate::models
