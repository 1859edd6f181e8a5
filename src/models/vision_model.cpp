#include "models/vision_model.h"

#include <cmath>

#include "accelerate/ops.h"
#include "base/error.h"
#include "ops/support.h"

namespace accelerate::models {
namespace {

constexpr int64_t kMaxImage = 1 << 15;

/// "size" or "[height, width]".
std::pair<int64_t, int64_t> extents(const Json& config, std::string_view key, int64_t fallback) {
  if (!present(config, key) || !config[std::string(key)].is_array()) {
    const int64_t size = positive(config, key, fallback, kMaxImage);
    return {size, size};
  }
  const Json& list = config[std::string(key)];
  if (list.size() != 2)
    fail(ErrorCode::invalid_model, "'{}' has {} entries; expected a height and a width", key, list.size());
  const Json named = {{"height", list[0]}, {"width", list[1]}};
  return {positive(named, "height", {}, kMaxImage), positive(named, "width", {}, kMaxImage)};
}

struct VitConfig {
  ImageConfig image;
  LayerSpec layer;
  int64_t num_layers = 0;
  int64_t encoder_stride = 0;
};

VitConfig read_vit_config(const Json& config) {
  VitConfig out;
  out.image = read_image_config(config, 224, 16);
  out.num_layers = positive(config, "num_hidden_layers", 12, kMaxLayers);
  out.encoder_stride = positive(config, "encoder_stride", 16, kMaxImage);
  LayerSpec& spec = out.layer;
  spec.hidden = positive(config, "hidden_size", 768, kMaxWidth);
  spec.heads = positive(config, "num_attention_heads", 12, kMaxHeads);
  spec.head_size =
      present(config, "head_dim") ? positive(config, "head_dim", {}, kMaxWidth) : head_size(spec.hidden, spec.heads);
  spec.intermediate = positive(config, "intermediate_size", 3072, kMaxWidth);
  spec.act = json_string(config, "hidden_act", "gelu");
  spec.eps = epsilon(config, "layer_norm_eps", 1e-12);
  spec.qkv_bias = json_bool(config, "qkv_bias", true);
  spec.norm_first = true;
  return out;
}

/// The layers of a checkpoint are named as the class names them today, or as it named them when most were published.
LayerNames vit_names(bool modern) {
  if (modern) {
    return {"attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj",
            "layernorm_before", "mlp.fc1",          "mlp.fc2",          "layernorm_after"};
  }
  return {"attention.attention.query",
          "attention.attention.key",
          "attention.attention.value",
          "attention.output.dense",
          "layernorm_before",
          "intermediate.dense",
          "output.dense",
          "layernorm_after"};
}

Value embed(Layers& layers, const VitFamily& family, const VitConfig& config, Value pixels, Value masked) {
  const std::string prefix = family.weight_prefix + ".embeddings";
  layers.graph().set_location(prefix);
  const int64_t hidden = config.layer.hidden;
  const Dim batch = pixels.dim(0);
  Value x = patch_embeddings(layers, config.image, pixels, prefix + ".patch_embeddings.projection", hidden, true);
  if (masked) {
    Value mask = ops::reshape(masked, {batch, config.image.num_patches(), 1});
    x = ops::where(mask, layers.parameter(prefix + ".mask_token", {1, 1, hidden}), x);
  }
  std::vector<Value> tokens{ops::expand(layers.parameter(prefix + ".cls_token", {1, 1, hidden}), {batch, 1, hidden})};
  if (family.num_special == 2) {
    tokens.push_back(ops::expand(layers.parameter(prefix + ".distillation_token", {1, 1, hidden}), {batch, 1, hidden}));
  }
  tokens.push_back(x);
  x = ops::concat(tokens, 1);
  return ops::add(x, layers.parameter(prefix + ".position_embeddings",
                                      {1, config.image.num_patches() + family.num_special, hidden}));
}

Value encode(Layers& layers, const VitFamily& family, const VitConfig& config, Value x) {
  const std::string prefix = family.weight_prefix;
  LayerSpec spec = config.layer;
  const bool modern = layers.has(prefix + ".layers.0.attention.q_proj.weight");
  spec.names = vit_names(modern);
  for (int64_t i = 0; i < config.num_layers; ++i) {
    x = transformer_layer(layers, x, fmt::format("{}.{}.{}.", prefix, modern ? "layers" : "encoder.layer", i), spec,
                          Value{});
  }
  return layers.layer_norm(x, prefix + ".layernorm", spec.eps);
}

/// Pixels from patches: hidden states -> [batch,channels,rows*stride,columns*stride].
Value reconstruct(Layers& layers, const VitFamily& family, const VitConfig& config, Value hidden) {
  const int64_t patches = config.image.num_patches();
  const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(patches)));
  if (side * side != patches) {
    fail(ErrorCode::invalid_model,
         "masked image modelling needs a square number of patches; the configuration gives {}", patches);
  }
  const int64_t stride = config.encoder_stride;
  const int64_t channels = config.image.channels;
  const int64_t out = stride * stride * channels;
  const Dim batch = hidden.dim(0);
  Value x = ops::slice(hidden, 1, family.num_special, patches + family.num_special);
  // A 1x1 convolution is a product over the channels.
  Value kernel =
      ops::reshape(layers.weight("decoder.0.weight", {out, config.layer.hidden, 1, 1}), {out, config.layer.hidden});
  x = ops::linear(x, kernel, layers.parameter("decoder.0.bias", {out}));
  x = ops::reshape(x, {batch, side, side, channels, stride, stride});
  x = ops::transpose(x, {0, 3, 1, 4, 2, 5});
  return ops::reshape(x, {batch, channels, side * stride, side * stride});
}

/// The pooler of a ViTModel, if the checkpoint has one.
Value pool(Layers& layers, const VitFamily& family, Value hidden) {
  const std::string name = family.weight_prefix + ".pooler.dense";
  if (!layers.has(name + ".weight")) return {};
  const int64_t width =
      positive(layers.config(), "pooler_output_size", hidden.shape().back().as_constant("hidden size"), kMaxWidth);
  const std::string act = json_string(layers.config(), "pooler_act", "tanh");
  return activation(layers.linear(token_at(hidden, 0), name, width), act);
}

void add_outputs(Layers& layers, const VitFamily& family, const VitConfig& config, const std::string& head,
                 Value hidden) {
  Graph& graph = layers.graph();
  if (head == "Model") {
    graph.output(hidden, "last_hidden_state");
    if (Value pooled = pool(layers, family, hidden)) graph.output(pooled, "pooler_output");
  } else if (head == "ForImageClassification") {
    graph.output(layers.linear(token_at(hidden, 0), "classifier", num_labels(layers.config())), "logits");
  } else if (head == "ForMaskedImageModeling") {
    graph.output(reconstruct(layers, family, config, hidden), "reconstruction");
  } else {
    const int64_t labels = num_labels(layers.config());
    Value cls = layers.linear(token_at(hidden, 0), "cls_classifier", labels);
    Value distilled = layers.linear(token_at(hidden, 1), "distillation_classifier", labels);
    Value mean = ops::mul(ops::add(cls, distilled), ops::scalar_like(cls, 0.5));
    graph.output(mean, "logits");
    graph.output(cls, "cls_logits");
    graph.output(distilled, "distillation_logits");
  }
}

Program build_vit(const VitFamily& family, const BuildContext& context) {
  const VitConfig config = read_vit_config(context.config);
  const std::string architecture = context.architecture.empty() ? family.class_prefix + "Model" : context.architecture;
  const std::string head = architecture.substr(family.class_prefix.size());
  Graph graph(architecture);
  Layers layers(context, graph);
  const Dim batch("batch");
  Value pixels = add_pixel_values(graph, config.image, batch);
  Value masked;
  // transformers takes a mask only where the reconstruction has the size of the image.
  if (head == "ForMaskedImageModeling" && config.image.patch_height == config.encoder_stride &&
      config.image.patch_width == config.encoder_stride) {
    masked = graph.add_input("bool_masked_pos", TensorType(DType::boolean, {batch, config.image.num_patches()}));
  }
  Value hidden = encode(layers, family, config, embed(layers, family, config, pixels, masked));
  add_outputs(layers, family, config, head, hidden);
  Program program = make_program(context, std::move(graph), family.model_type, "image-encoder");
  program.name = program.metadata["architecture"] = architecture;
  add_image_metadata(program, config.image);
  return program;
}

}  // namespace

ImageConfig read_image_config(const Json& config, int64_t default_image, int64_t default_patch) {
  ImageConfig out;
  out.channels = positive(config, "num_channels", 3, 4096);
  std::tie(out.height, out.width) = extents(config, "image_size", default_image);
  std::tie(out.patch_height, out.patch_width) = extents(config, "patch_size", default_patch);
  if (out.num_patches() == 0) {
    fail(ErrorCode::invalid_model, "patches of {}x{} ('patch_size') do not fit into images of {}x{} ('image_size')",
         out.patch_height, out.patch_width, out.height, out.width);
  }
  return out;
}

Value add_pixel_values(Graph& graph, const ImageConfig& image, const Dim& batch) {
  return graph.add_input("pixel_values", TensorType(DType::f32, {batch, image.channels, image.height, image.width}));
}

Value patch_embeddings(Layers& layers, const ImageConfig& image, Value pixels, const std::string& name, int64_t out,
                       bool bias) {
  ops::ConvOptions options;
  options.strides = {image.patch_height, image.patch_width};
  Value kernel = layers.parameter(name + ".weight", {out, image.channels, image.patch_height, image.patch_width});
  Value x = ops::conv(pixels, kernel, bias ? layers.parameter(name + ".bias", {out}) : Value{}, options);
  return ops::transpose(ops::reshape(x, {pixels.dim(0), out, image.num_patches()}), {0, 2, 1});
}

void add_image_metadata(Program& program, const ImageConfig& image) {
  program.metadata["image_height"] = std::to_string(image.height);
  program.metadata["image_width"] = std::to_string(image.width);
  program.metadata["num_channels"] = std::to_string(image.channels);
}

void register_vit_family(ModelRegistry& registry, VitFamily family) {
  ModelBuilder builder;
  builder.model_type = family.model_type;
  builder.base_model_prefix = family.weight_prefix;
  for (const char* head : {"Model", "ForImageClassification", "ForMaskedImageModeling"})
    builder.architectures.push_back(family.class_prefix + head);
  if (family.teacher) builder.architectures.push_back(family.class_prefix + "ForImageClassificationWithTeacher");
  builder.build = [family = std::move(family)](const BuildContext& context) { return build_vit(family, context); };
  registry.add(std::move(builder));
}

}  // namespace accelerate::models
