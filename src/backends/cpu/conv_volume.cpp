// Convolution over three spatial axes: the first axis of the kernel becomes channels of a convolution over the other
// two.
#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

/// {N, C, D, H, W} and their strides, of either layout.
struct Volume {
  int64_t extents[5] = {};
  int64_t strides[5] = {};
};

Volume volume_of(const std::vector<int64_t>& shape, bool channels_last) {
  auto own = contiguous_strides(shape);
  Volume out;
  for (size_t i = 0; i < 5; ++i) {
    size_t from = !channels_last || i == 0 ? i : i == 1 ? 4 : i - 1;
    out.extents[i] = shape[from];
    out.strides[i] = own[from];
  }
  return out;
}

/// What is the same for all extents.
struct VolumeConv {
  ConvShape plane;  // batch: items times depth positions; channels: each with the kernel_d taps of its depth
  int64_t kernel_d = 1, stride_d = 1, dilation_d = 1, pad_front = 0;
  int64_t channels = 0;  // of x
  bool channels_last = false;
  bool has_bias = false;
};

std::optional<std::string> why_not_volume(const NodeSite& site) {
  if (auto reason = require_f32(site, {0, 1, 2})) return reason;
  if (site.in(0).rank() != 5) return fmt::format("{} spatial axes; this kernel takes 3", site.in(0).rank() - 2);
  for (const Dim& dim : site.in(1).shape)
    if (!dim.is_constant()) return "weights of " + site.in(1).to_string();
  return std::nullopt;
}

VolumeConv volume_conv(const NodeSite& site) {
  const Attrs& attrs = site.node.attrs;
  std::vector<int64_t> w = evaluate(site.in(1).shape, {});
  VolumeConv out;
  out.kernel_d = w[2];
  out.stride_d = attrs.integers("strides").at(0);
  out.dilation_d = attrs.integers("dilations").at(0);
  out.pad_front = attrs.integers("padding_begin").at(0);
  out.channels_last = attrs.string("layout") == "NHWC";
  out.has_bias = site.num_in() == 3;
  ConvShape& p = out.plane;
  p.groups = attrs.integer("groups");
  out.channels = w[1] * p.groups;
  p.in_channels = out.channels * out.kernel_d;
  p.out_channels = w[0];
  p.kernel_h = w[3];
  p.kernel_w = w[4];
  p.stride_h = attrs.integers("strides").at(1);
  p.stride_w = attrs.integers("strides").at(2);
  p.dilation_h = attrs.integers("dilations").at(1);
  p.dilation_w = attrs.integers("dilations").at(2);
  p.pad_top = attrs.integers("padding_begin").at(1);
  p.pad_left = attrs.integers("padding_begin").at(2);
  return out;
}

size_t rounded_floats(int64_t floats) {
  return (static_cast<size_t>(floats) * sizeof(float) + 63) / 64 * 64;
}

/// Planes [N, D', H, W, C * kernel_d] of x: depth position d of tap t is x at d * stride + t * dilation - padding.
void unfold_depth(const VolumeConv& v, const Volume& x, int64_t depth, const float* data, float* planes,
                  const KernelTable& table, Executor& executor) {
  int64_t width = v.plane.in_channels;
  int64_t plane = x.extents[3] * x.extents[4] * width;
  for (int64_t t = 0; t < v.kernel_d; ++t) {
    int64_t shift = t * v.dilation_d - v.pad_front;
    // Depth positions whose tap lies inside.
    int64_t first = shift < 0 ? (-shift + v.stride_d - 1) / v.stride_d : 0;
    int64_t last = x.extents[2] - 1 - shift < 0 ? -1 : (x.extents[2] - 1 - shift) / v.stride_d;
    first = std::min(first, depth);
    int64_t count = std::max<int64_t>(0, std::min(depth, last + 1) - first);
    if (count < depth)
      executor.parallel_for(x.extents[0] * depth, [&](int64_t task, int) {
        int64_t d = task % depth;
        if (d >= first && d < first + count) return;
        float* to = planes + task * plane + t;
        for (int64_t i = 0; i < plane; i += v.kernel_d) to[i] = 0;
      });
    if (count == 0) continue;
    int64_t dims[5] = {x.extents[0], count, x.extents[3], x.extents[4], x.extents[1]};
    int64_t src[5] = {x.strides[0], v.stride_d * x.strides[2], x.strides[3], x.strides[4], x.strides[1]};
    int64_t dst[5] = {depth * plane, plane, x.extents[4] * width, width, v.kernel_d};
    CopyArgs copy = make_copy(dims, src, dst, sizeof(float));
    copy.src = data + (first * v.stride_d + shift) * x.strides[2];
    copy.dst = planes + first * plane + t;
    table.copy(copy, executor);
  }
}

std::unique_ptr<Kernel> make_volume_conv(const NodeSite& site, CompileContext& context, const KernelTable& table) {
  VolumeConv fixed = volume_conv(site);
  ConvPackArgs pack;
  // weight [O, C/groups, kd, kh, kw] is, read as [O, C/groups * kd, kh, kw], the weight of the planes.
  pack.shape = fixed.plane;
  bool constant = site.constant_in(1);
  size_t packed_bytes = (table.conv_packed_size_bytes(fixed.plane) + 63) / 64 * 64;
  std::shared_ptr<void> packed;
  if (constant) {
    Tensor weight = site.constant(1);
    packed = allocate_aligned(packed_bytes);
    pack.source = weight.data();
    pack.dst = packed.get();
    table.conv_pack(pack);
    context.release(1, 0, weight.size_bytes());
  }
  const void* packed_data = packed.get();
  return make_kernel(
      [=, &table](const ConcreteNode& node) {
        Volume in = volume_of(node.inputs[0], fixed.channels_last);
        Volume result = volume_of(node.outputs[0], fixed.channels_last);
        if (in.extents[1] != fixed.channels)
          fail(ErrorCode::invalid_shape, "x is {}; the weight takes {} channels", to_string(node.inputs[0]),
               fixed.channels);
        int64_t depth = result.extents[2];
        ConvArgs sized;
        sized.shape = fixed.plane;
        sized.shape.batch = in.extents[0] * depth;
        sized.shape.in_h = in.extents[3];
        sized.shape.in_w = in.extents[4];
        sized.shape.out_h = result.extents[3];
        sized.shape.out_w = result.extents[4];
        sized.weight = packed_data;
        sized.epilogue.residual_stride = sized.shape.out_channels;
        size_t planes_bytes =
            rounded_floats(sized.shape.batch * in.extents[3] * in.extents[4] * sized.shape.in_channels);
        size_t out_bytes = fixed.channels_last ? 0 : rounded_floats(product(node.outputs[0]));
        size_t own_pack_bytes = constant ? 0 : packed_bytes;
        bool empty = product(node.outputs[0]) == 0;
        Prepared out;
        out.scratch_bytes =
            planes_bytes + out_bytes + own_pack_bytes + table.conv_scratch_bytes(sized, node.num_threads);
        out.run = [=, &table](Executor& executor, const LaunchArgs& args) {
          if (empty) return;
          auto* scratch = static_cast<std::byte*>(args.scratch);
          auto* planes = reinterpret_cast<float*>(scratch);
          scratch += planes_bytes;
          float* y = static_cast<float*>(args.outputs[0]);
          if (!fixed.channels_last) y = reinterpret_cast<float*>(scratch);
          scratch += out_bytes;
          unfold_depth(fixed, in, depth, static_cast<const float*>(args.inputs[0]), planes, table, executor);
          ConvArgs call = sized;
          call.x = planes;
          call.y = y;
          if (fixed.has_bias) call.epilogue.bias = static_cast<const float*>(args.inputs[2]);
          if (!constant) {
            ConvPackArgs own = pack;
            own.source = args.inputs[1];
            own.dst = scratch;
            table.conv_pack(own);
            call.weight = scratch;
            scratch += own_pack_bytes;
          }
          table.conv(call, executor, scratch);
          if (fixed.channels_last) return;
          const int64_t* e = result.extents;
          int64_t dims[3] = {e[0], e[2] * e[3] * e[4], e[1]};
          int64_t src[3] = {dims[1] * dims[2], dims[2], 1};
          int64_t dst[3] = {dims[1] * dims[2], 1, dims[1]};
          CopyArgs turn = make_copy(dims, src, dst, sizeof(float));
          turn.src = y;
          turn.dst = args.outputs[0];
          table.copy(turn, executor);
        };
        return out;
      },
      {packed}, constant ? packed_bytes : 0, constant ? std::vector<size_t>{1} : std::vector<size_t>());
}

}  // namespace

void add_conv_volume_kernels(Entries& entries, const KernelTable& table) {
  entries.push_back(
      {"conv", "depth_as_channels", why_not_volume,
       [&table](const NodeSite& site, CompileContext& context) { return make_volume_conv(site, context, table); }});
}

}  // namespace accelerate::cpu
