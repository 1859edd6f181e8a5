#include "accelerate/ops.h"
#include "base/error.h"
#include "models/layers.h"
#include "ops/support.h"

namespace accelerate::models {
namespace {

struct ResNetConfig {
  int64_t channels = 0;
  int64_t embedding = 0;
  std::vector<int64_t> widths;  // of the stages
  std::vector<int64_t> depths;
  bool bottleneck = false;
  bool downsample_in_first_stage = false;
  bool downsample_in_bottleneck = false;
  std::string act;
};

constexpr double kBatchNormEps = 1e-5;
constexpr int64_t kReduction = 4;

std::vector<int64_t> list(const Json& config, const char* key, std::vector<int64_t> fallback, int64_t max) {
  if (!present(config, key)) return fallback;
  const Json& values = config[key];
  if (!values.is_array() || values.empty() || values.size() > 64) {
    fail(ErrorCode::invalid_model, "'{}' is no array of 1 to 64 integers", key);
  }
  std::vector<int64_t> out;
  for (const Json& value : values) out.push_back(positive(Json{{key, value}}, key, {}, max));
  return out;
}

ResNetConfig read(const Json& config) {
  ResNetConfig out;
  out.channels = positive(config, "num_channels", 3, 4096);
  out.embedding = positive(config, "embedding_size", 64, kMaxWidth);
  out.widths = list(config, "hidden_sizes", {256, 512, 1024, 2048}, kMaxWidth);
  out.depths = list(config, "depths", {3, 4, 6, 3}, kMaxLayers);
  if (out.widths.size() != out.depths.size()) {
    fail(ErrorCode::invalid_model, "'hidden_sizes' has {} stages and 'depths' has {}", out.widths.size(),
         out.depths.size());
  }
  const std::string type = json_string(config, "layer_type", "bottleneck");
  if (type != "basic" && type != "bottleneck") {
    fail(ErrorCode::invalid_model, "'layer_type' is '{}'; expected basic or bottleneck", printable(type));
  }
  out.bottleneck = type == "bottleneck";
  for (int64_t width : out.widths) {
    if (out.bottleneck && width < kReduction) {
      fail(ErrorCode::invalid_model, "'hidden_sizes' has {}; bottleneck layers need at least {}", width, kReduction);
    }
  }
  out.downsample_in_first_stage = json_bool(config, "downsample_in_first_stage", false);
  out.downsample_in_bottleneck = json_bool(config, "downsample_in_bottleneck", false);
  out.act = json_string(config, "hidden_act", "relu");
  return out;
}

/// NAME.convolution without bias, then NAME.normalization: [B,in,H,W] -> [B,out,...], padded to keep H and W at
/// stride 1.
Value conv_norm(Layers& layers, Value x, const std::string& name, int64_t out, int64_t kernel, int64_t stride) {
  const int64_t in = x.dim(1).as_constant("the number of channels");
  ops::ConvOptions options;
  options.strides = {stride, stride};
  options.padding_begin = options.padding_end = {kernel / 2, kernel / 2};
  x = ops::conv(x, layers.parameter(name + ".convolution.weight", {out, in, kernel, kernel}), Value{}, options);
  const std::string norm = name + ".normalization";
  return ops::batch_norm(x, layers.parameter(norm + ".weight", {out}), layers.parameter(norm + ".bias", {out}),
                         layers.parameter(norm + ".running_mean", {out}),
                         layers.parameter(norm + ".running_var", {out}), kBatchNormEps);
}

Value block(Layers& layers, const ResNetConfig& config, Value x, const std::string& name, int64_t out, int64_t stride) {
  layers.graph().set_location(name);
  const int64_t in = x.dim(1).as_constant("the number of channels");
  Value residual = in != out || stride != 1 ? conv_norm(layers, x, name + ".shortcut", out, 1, stride) : x;
  Value y = x;
  const auto step = [&](int64_t index, int64_t width, int64_t kernel, int64_t step_stride, bool last) {
    y = conv_norm(layers, y, fmt::format("{}.layer.{}", name, index), width, kernel, step_stride);
    // The class uses hidden_act for the stem and after each sum only.
    if (!last) y = ops::relu(y);
  };
  if (config.bottleneck) {
    const int64_t narrow = out / kReduction;
    step(0, narrow, 1, config.downsample_in_bottleneck ? stride : 1, false);
    step(1, narrow, 3, config.downsample_in_bottleneck ? 1 : stride, false);
    step(2, out, 1, 1, true);
  } else {
    step(0, out, 3, stride, false);
    step(1, out, 3, 1, true);
  }
  return activation(ops::add(y, residual), config.act);
}

/// The stem's result, then that of each stage.
std::vector<Value> stages(Layers& layers, const ResNetConfig& config, Value pixels) {
  layers.graph().set_location("resnet.embedder");
  Value x = activation(conv_norm(layers, pixels, "resnet.embedder.embedder", config.embedding, 7, 2), config.act);
  ops::PoolOptions pool;
  pool.kernel = {3, 3};
  pool.strides = {2, 2};
  pool.padding_begin = pool.padding_end = {1, 1};
  x = ops::max_pool(x, pool);
  std::vector<Value> out{x};
  for (size_t stage = 0; stage < config.widths.size(); ++stage) {
    for (int64_t layer = 0; layer < config.depths[stage]; ++layer) {
      const bool shrink = layer == 0 && (stage > 0 || config.downsample_in_first_stage);
      x = block(layers, config, x, fmt::format("resnet.encoder.stages.{}.layers.{}", stage, layer),
                config.widths[stage], shrink ? 2 : 1);
    }
    out.push_back(x);
  }
  layers.graph().set_location("");
  return out;
}

/// Stages that a backbone gives, as indices into stages(); the last one unless the configuration names others.
std::vector<size_t> backbone_stages(const Json& config, size_t num_stages) {
  std::vector<size_t> out;
  if (present(config, "out_features")) {
    const Json& names = config["out_features"];
    for (size_t i = 0; i <= num_stages && names.is_array(); ++i) {
      const std::string name = i == 0 ? "stem" : fmt::format("stage{}", i);
      for (const Json& wanted : names) {
        if (wanted.is_string() && wanted.get<std::string>() == name) out.push_back(i);
      }
    }
    if (!names.is_array() || out.size() != names.size()) {
      fail(ErrorCode::invalid_model, "'out_features' is no list of distinct names among stem, stage1 ... stage{}",
           num_stages);
    }
  }
  if (out.empty()) out.push_back(num_stages);
  return out;
}

Program build(const BuildContext& context) {
  const ResNetConfig config = read(context.config);
  const std::string architecture = context.architecture.empty() ? "ResNetModel" : context.architecture;
  Graph graph(architecture);
  Layers layers(context, graph);
  Value pixels = graph.add_input("pixel_values", TensorType(DType::f32, {"batch", config.channels, "height", "width"}));
  const std::vector<Value> features = stages(layers, config, pixels);
  Value last = features.back();
  if (architecture == "ResNetBackbone") {
    const std::vector<size_t> wanted = backbone_stages(context.config, config.widths.size());
    for (size_t i = 0; i < wanted.size(); ++i) graph.output(features[wanted[i]], fmt::format("feature_maps.{}", i));
  } else if (architecture == "ResNetModel") {
    graph.output(last, "last_hidden_state");
    graph.output(ops::reduce_mean(last, {2, 3}, true), "pooler_output");
  } else {
    graph.output(layers.linear(ops::reduce_mean(last, {2, 3}), "classifier.1", num_labels(context.config)), "logits");
  }
  Program program = make_program(context, std::move(graph), "resnet", "image-encoder");
  program.name = program.metadata["architecture"] = architecture;
  program.metadata["num_channels"] = std::to_string(config.channels);
  return program;
}

}  // namespace

/// ResNet: He et al. 2015, arXiv:1512.03385. Images may have any height and width.
void register_resnet(ModelRegistry& registry) {
  registry.add({.model_type = "resnet",
                .architectures = {"ResNetModel", "ResNetForImageClassification", "ResNetBackbone"},
                .base_model_prefix = "resnet",
                .build = build});
}

}  // namespace accelerate::models
