// Convolution, pooling and resizing over two spatial axes (one is taken as two, the first of extent 1). The kernels
// work on channels-last images; channels-first ones are turned in scratch memory.
#include <algorithm>

#include "backends/cpu/conv_weights.h"
#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

bool channels_last(const NodeSite& site) {
  return site.node.attrs.string("layout") == "NHWC";
}

/// {N, H, W, C} of a tensor in either layout.
struct ImageShape {
  int64_t n = 0, h = 1, w = 0, c = 0;
  int64_t size() const { return n * h * w * c; }
};

ImageShape image_shape(const std::vector<int64_t>& x, bool last) {
  ImageShape out;
  out.n = x[0];
  out.c = last ? x.back() : x[1];
  size_t first = last ? 1 : 2;
  if (x.size() == 4) {
    out.h = x[first];
    out.w = x[first + 1];
  } else {
    out.w = x[first];
  }
  return out;
}

int64_t at(const std::vector<int64_t>& list, size_t axis, size_t axes, int64_t fallback) {
  // One spatial axis is the second of two.
  if (axes == 1) return axis == 0 ? fallback : list.at(0);
  return list.at(axis);
}

void fill_window(ConvShape& shape, const Attrs& attrs, size_t axes) {
  const auto& strides = attrs.integers("strides");
  const auto& begin = attrs.integers("padding_begin");
  const auto& dilations = attrs.integers("dilations");
  shape.stride_h = at(strides, 0, axes, 1);
  shape.stride_w = at(strides, 1, axes, 1);
  shape.dilation_h = at(dilations, 0, axes, 1);
  shape.dilation_w = at(dilations, 1, axes, 1);
  shape.pad_top = at(begin, 0, axes, 0);
  shape.pad_left = at(begin, 1, axes, 0);
}

/// Turns [N,C,H*W] to [N,H*W,C] or back.
CopyArgs turn(const ImageShape& s, bool to_last) {
  int64_t hw = s.h * s.w;
  int64_t dims[3] = {s.n, to_last ? hw : s.c, to_last ? s.c : hw};
  int64_t src[3] = {s.c * hw, 1, to_last ? hw : s.c};
  int64_t dst[3] = {s.c * hw, to_last ? s.c : hw, 1};
  return make_copy(dims, src, dst, sizeof(float));
}

size_t rounded(int64_t floats) {
  return (static_cast<size_t>(floats) * sizeof(float) + 63) / 64 * 64;
}

/// Wraps a channels-last computation for channels-first tensors: x (and a residual) are turned on the way in, the
/// result on the way out. body(x, residual, y, rest of scratch) computes.
using ImageBody = std::function<void(Executor&, const LaunchArgs&, const float* x, const float* residual, float* y,
                                     std::byte* scratch)>;
Prepared with_layout(bool last, bool turn_input, const ImageShape& in, const ImageShape& out_shape,
                     std::optional<size_t> residual, size_t scratch_bytes, ImageBody body, const KernelTable& table) {
  Prepared out;
  if (last) {
    out.scratch_bytes = scratch_bytes;
    out.run = [body = std::move(body), residual](Executor& executor, const LaunchArgs& args) {
      body(executor, args, static_cast<const float*>(args.inputs[0]),
           residual ? static_cast<const float*>(args.inputs[*residual]) : nullptr, static_cast<float*>(args.outputs[0]),
           static_cast<std::byte*>(args.scratch));
    };
    return out;
  }
  size_t in_bytes = turn_input ? rounded(in.size()) : 0;
  size_t out_bytes = rounded(out_shape.size());
  size_t residual_bytes = residual ? out_bytes : 0;
  out.scratch_bytes = in_bytes + out_bytes + residual_bytes + scratch_bytes;
  CopyArgs in_copy = turn(in, true);
  CopyArgs residual_copy = turn(out_shape, true);
  CopyArgs out_copy = turn(out_shape, false);
  out.run = [=, body = std::move(body), &table](Executor& executor, const LaunchArgs& args) {
    auto* scratch = static_cast<std::byte*>(args.scratch);
    auto* x = reinterpret_cast<float*>(scratch);
    auto* y = reinterpret_cast<float*>(scratch + in_bytes);
    auto* r = reinterpret_cast<float*>(scratch + in_bytes + out_bytes);
    const auto* source = static_cast<const float*>(args.inputs[0]);
    if (turn_input) {
      CopyArgs c = in_copy;
      c.src = args.inputs[0];
      c.dst = x;
      table.copy(c, executor);
      source = x;
    }
    if (residual) {
      CopyArgs c = residual_copy;
      c.src = args.inputs[*residual];
      c.dst = r;
      table.copy(c, executor);
    }
    body(executor, args, source, residual ? r : nullptr, y, scratch + in_bytes + out_bytes + residual_bytes);
    CopyArgs c = out_copy;
    c.src = y;
    c.dst = args.outputs[0];
    table.copy(c, executor);
  };
  return out;
}

struct ConvOperands {
  std::optional<size_t> bias;
  std::optional<size_t> residual;
};

ConvOperands conv_operands(const NodeSite& site) {
  ConvOperands out;
  if (site.node.op->name == "conv") {
    if (site.num_in() == 3) out.bias = 2;
    return out;
  }
  size_t next = 2;
  if (site.node.attrs.boolean("has_bias")) out.bias = next++;
  if (site.node.attrs.boolean("has_residual")) out.residual = next++;
  return out;
}

std::optional<std::string> why_not_conv(const NodeSite& site) {
  if (auto reason = require_f32(site, {0, 2, 3})) return reason;
  int rank = site.in(0).rank();
  if (rank != 3 && rank != 4) return fmt::format("{} spatial axes; this kernel takes 1 or 2", rank - 2);
  for (const Dim& dim : site.in(1).shape)
    if (!dim.is_constant()) return "weights of " + site.in(1).to_string();
  DType w = site.in(1).dtype;
  if (w != DType::f32 && w != DType::bf16 && w != DType::f16) return "weights of " + site.in(1).to_string();
  if (site.node.op->name != "conv" && !is_activation(site.node.attrs.string("activation")))
    return "the activation " + site.node.attrs.string("activation");
  return std::nullopt;
}

/// What the node's weights and attributes say; extents of the image that change from call to call are 0.
ConvShape fixed_shape(const NodeSite& site) {
  const Attrs& attrs = site.node.attrs;
  auto axes = static_cast<size_t>(site.in(0).rank() - 2);
  std::vector<int64_t> weight_shape = evaluate(site.in(1).shape, {});
  ConvShape fixed;
  fixed.groups = attrs.integer("groups");
  fixed.out_channels = weight_shape[0];
  fixed.in_channels = weight_shape[1] * fixed.groups;
  fixed.kernel_h = axes == 1 ? 1 : weight_shape[2];
  fixed.kernel_w = weight_shape.back();
  fill_window(fixed, attrs, axes);
  const Shape& out = site.out().shape;
  size_t first = channels_last(site) ? 1 : 2;
  fixed.out_h = axes == 1 ? 1 : out[first].constant().value_or(0);
  fixed.out_w = out[first + axes - 1].constant().value_or(0);
  return fixed;
}

/// Winograd's form of the weights is four times as large as the kernel's; up to here a few tiles may read it.
constexpr size_t kSmallForm = size_t{16} << 20;

/// How a convolution goes about its work.
///   product, winograd: always that one
///   by_call: whichever suits the extents of the call
enum class ConvChoice { product, winograd, by_call };

ConvChoice choice_for(const NodeSite& site, const KernelTable& table) {
  ConvShape shape = fixed_shape(site);
  if (!site.constant_in(1) || !table.winograd_pays(shape)) return ConvChoice::product;
  shape.method = ConvMethod::winograd;
  bool known = shape.out_h > 0 && shape.out_w > 0;
  return known || table.conv_packed_size_bytes(shape) <= kSmallForm ? ConvChoice::winograd : ConvChoice::by_call;
}

std::unique_ptr<Kernel> make_conv(const NodeSite& site, CompileContext& context, const KernelTable& table,
                                  ConvChoice choice) {
  const Attrs& attrs = site.node.attrs;
  bool last = channels_last(site);
  ConvShape fixed = fixed_shape(site);
  if (choice == ConvChoice::winograd) fixed.method = ConvMethod::winograd;
  // A channels-first image of few channels is read as it is.
  bool nchw_input = !last && fixed.groups == 1 && fixed.in_channels <= 4;
  // Constant weights are packed here, others in each call.
  ConvPackArgs pack;
  pack.shape = fixed;
  pack.source_type = known_element(site.in(1).dtype);
  pack.input_nchw = nchw_input;
  size_t packed_bytes = (table.conv_packed_size_bytes(fixed) + 63) / 64 * 64;
  std::shared_ptr<ConvWeights> packed;
  if (site.constant_in(1)) {
    Tensor weight = site.constant(1);
    packed = std::make_shared<ConvWeights>(table, weight, fixed, nchw_input, choice == ConvChoice::by_call);
    context.release(1, 0, weight.size_bytes());
  }

  ConvOperands operands = conv_operands(site);
  Activation activation = Activation::none;
  bool after = false;
  if (site.node.op->name != "conv") {
    activation = activation_from_name(attrs.string("activation"));
    after = attrs.boolean("activation_after_residual");
  }
  return make_kernel(
      [=, &table](const ConcreteNode& node) {
        ImageShape in = image_shape(node.inputs[0], last);
        ImageShape result = image_shape(node.outputs[0], last);
        ConvArgs sized;
        sized.shape = fixed;
        sized.shape.batch = in.n;
        sized.shape.in_h = in.h;
        sized.shape.in_w = in.w;
        sized.shape.out_h = result.h;
        sized.shape.out_w = result.w;
        sized.input_nchw = nchw_input;
        if (choice == ConvChoice::by_call && table.winograd_pays(sized.shape))
          sized.shape.method = ConvMethod::winograd;
        if (packed) sized.weight = packed->form(sized.shape.method);
        sized.epilogue.activation = activation;
        sized.epilogue.residual_stride = fixed.out_channels;
        sized.epilogue.residual_before_activation = after;
        return with_layout(
            last, !nchw_input, in, result, operands.residual,
            table.conv_scratch_bytes(sized, node.num_threads) + (packed ? 0 : packed_bytes),
            [sized, operands, packed, pack, packed_bytes, &table](Executor& executor, const LaunchArgs& args,
                                                                  const float* x, const float* residual, float* y,
                                                                  std::byte* scratch) {
              if (sized.shape.batch * sized.shape.out_h * sized.shape.out_w == 0) return;
              ConvArgs call = sized;
              call.x = x;
              call.y = y;
              if (operands.bias) call.epilogue.bias = static_cast<const float*>(args.inputs[*operands.bias]);
              call.epilogue.residual = residual;
              if (!packed) {
                ConvPackArgs own = pack;
                own.source = args.inputs[1];
                own.dst = scratch;
                table.conv_pack(own);
                call.weight = scratch;
                scratch += packed_bytes;
              }
              table.conv(call, executor, scratch);
            },
            table);
      },
      {}, packed ? packed->size_bytes() : 0, packed ? std::vector<size_t>{1} : std::vector<size_t>());
}

std::optional<std::string> why_not_image(const NodeSite& site) {
  if (auto reason = require_f32(site, {0})) return reason;
  int rank = site.in(0).rank();
  if (rank != 3 && rank != 4) return fmt::format("{} spatial axes; this kernel takes 1 or 2", rank - 2);
  return std::nullopt;
}

void add_pool(Entries& entries, const KernelTable& table, const std::string& op, Pool kind) {
  entries.push_back({op, "pool", why_not_image, [kind, &table](const NodeSite& site, CompileContext&) {
                       const Attrs& attrs = site.node.attrs;
                       auto axes = static_cast<size_t>(site.in(0).rank() - 2);
                       bool last = channels_last(site);
                       PoolArgs fixed;
                       fixed.kind = kind;
                       fill_window(fixed.shape, attrs, axes);
                       const auto& kernel = attrs.integers("kernel");
                       const auto& end = attrs.integers("padding_end");
                       fixed.shape.kernel_h = at(kernel, 0, axes, 1);
                       fixed.shape.kernel_w = at(kernel, 1, axes, 1);
                       fixed.pad_bottom = at(end, 0, axes, 0);
                       fixed.pad_right = at(end, 1, axes, 0);
                       if (kind == Pool::average) fixed.count_include_pad = attrs.boolean("count_include_pad");
                       return make_kernel([fixed, last, &table](const ConcreteNode& node) {
                         ImageShape in = image_shape(node.inputs[0], last);
                         ImageShape result = image_shape(node.outputs[0], last);
                         PoolArgs sized = fixed;
                         sized.shape.batch = in.n;
                         sized.shape.in_h = in.h;
                         sized.shape.in_w = in.w;
                         sized.shape.in_channels = sized.shape.out_channels = in.c;
                         sized.shape.out_h = result.h;
                         sized.shape.out_w = result.w;
                         return with_layout(
                             last, true, in, result, std::nullopt, 0,
                             [sized, &table](Executor& executor, const LaunchArgs&, const float* x, const float*,
                                             float* y, std::byte*) {
                               PoolArgs call = sized;
                               call.x = x;
                               call.y = y;
                               if (sized.shape.batch * sized.shape.out_h * sized.shape.out_w * sized.shape.in_channels >
                                   0)
                                 table.pool(call, executor);
                             },
                             table);
                       });
                     }});
}

/// What the resize kernel computes, if it is one of PyTorch's ways.
std::optional<Resize> resize_kind(const Attrs& attrs) {
  const std::string& mode = attrs.string("mode");
  const std::string& coordinates = attrs.string("coordinates");
  if (attrs.boolean("antialias")) return std::nullopt;
  if (mode == "nearest") {
    if (coordinates == "asymmetric" && attrs.string("rounding") == "floor") return Resize::nearest;
    return std::nullopt;
  }
  if (coordinates != "half_pixel" && coordinates != "align_corners") return std::nullopt;
  if (mode == "linear") return Resize::bilinear;
  if (mode == "cubic" && attrs.number("cubic_coefficient") == -0.75) return Resize::bicubic;
  return std::nullopt;
}

void add_resize(Entries& entries, const KernelTable& table) {
  entries.push_back(
      {"resize", "interpolate",
       [](const NodeSite& site) -> std::optional<std::string> {
         if (auto reason = why_not_image(site)) return reason;
         if (!resize_kind(site.node.attrs))
           return fmt::format("mode {} with coordinates {}", site.node.attrs.string("mode"),
                              site.node.attrs.string("coordinates"));
         return std::nullopt;
       },
       [&table](const NodeSite& site, CompileContext&) {
         const Attrs& attrs = site.node.attrs;
         bool last = channels_last(site);
         auto axes = static_cast<size_t>(site.in(0).rank() - 2);
         ResizeArgs fixed;
         fixed.kind = resize_kind(attrs).value();
         fixed.align_corners = fixed.kind != Resize::nearest && attrs.string("coordinates") == "align_corners";
         fixed.channels_first = !last;
         return make_kernel([fixed, last, axes, scales = attrs.numbers("scales"), &table](const ConcreteNode& node) {
           ImageShape in = image_shape(node.inputs[0], last);
           ImageShape result = image_shape(node.outputs[0], last);
           ResizeArgs a = fixed;
           a.batch = in.n;
           a.channels = in.c;
           a.in_h = in.h;
           a.in_w = in.w;
           a.out_h = result.h;
           a.out_w = result.w;
           auto step = [&](size_t axis, int64_t from, int64_t to) -> float {
             if (a.align_corners) return to > 1 ? static_cast<float>(from - 1) / static_cast<float>(to - 1) : 0.0F;
             bool given = !scales.empty() && (axes == 2 || axis == 1);
             return given ? static_cast<float>(1.0 / scales[axes == 1 ? 0 : axis])
                          : static_cast<float>(from) / static_cast<float>(std::max<int64_t>(to, 1));
           };
           a.scale_h = step(0, in.h, result.h);
           a.scale_w = step(1, in.w, result.w);
           Prepared out;
           out.run = [a, empty = in.size() == 0 || result.size() == 0, &table](Executor& executor,
                                                                               const LaunchArgs& args) {
             if (empty) return;
             ResizeArgs call = a;
             call.x = static_cast<const float*>(args.inputs[0]);
             call.y = static_cast<float*>(args.outputs[0]);
             table.resize(call, executor);
           };
           return out;
         });
       }});
}

}  // namespace

void add_conv_kernels(Entries& entries, const KernelTable& table) {
  for (const char* op : {"conv", "fused_conv"}) {
    auto add = [&](const std::string& name, ConvChoice choice) {
      entries.push_back({op, name,
                         [choice, &table](const NodeSite& site) -> std::optional<std::string> {
                           if (auto reason = why_not_conv(site)) return reason;
                           if (choice != ConvChoice::product && choice_for(site, table) != choice)
                             return "it serves dense 3x3 kernels at stride 1 of a certain size";
                           return std::nullopt;
                         },
                         [choice, &table](const NodeSite& site, CompileContext& context) {
                           return make_conv(site, context, table, choice);
                         }});
    };
    add("winograd", ConvChoice::winograd);
    add("winograd_or_gemm", ConvChoice::by_call);
    add("indirect_gemm", ConvChoice::product);
  }
  add_pool(entries, table, "max_pool", Pool::max);
  add_pool(entries, table, "avg_pool", Pool::average);
  add_resize(entries, table);
}

}  // namespace accelerate::cpu
