// Pools by plain loops over the window of each position: three spatial axes, and those that also give positions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

enum class Window : uint8_t { max, average, max_with_positions };

/// Three spatial axes; those that a tensor lacks have the extent 1. Offsets count elements of one channel's image.
struct PoolVolume {
  Window kind = Window::max;
  bool count_include_pad = true;
  int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, dilation[3] = {1, 1, 1}, begin[3] = {}, end[3] = {};
  int64_t in[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t batch = 0, channels = 0;
  // Between images, channels and positions.
  int64_t in_image = 0, in_channel = 0, in_step = 1, out_image = 0, out_channel = 0, out_step = 1;
};

/// The window of one result position along one axis.
struct Reach {
  int64_t first = 0;  // taps [first, last) lie inside
  int64_t last = 0;
  int64_t size = 0;  // taps inside the input or its padding
  int64_t start = 0;
};

Reach reach_of(const PoolVolume& p, int axis, int64_t position) {
  Reach out;
  int64_t dilation = p.dilation[axis];
  out.start = position * p.stride[axis] - p.begin[axis];
  auto taps_below = [&](int64_t bound) {
    int64_t room = bound - out.start;
    return std::clamp<int64_t>(room <= 0 ? 0 : (room + dilation - 1) / dilation, 0, p.kernel[axis]);
  };
  out.first = out.start < 0 ? std::min(p.kernel[axis], (-out.start + dilation - 1) / dilation) : 0;
  out.last = taps_below(p.in[axis]);
  out.size = taps_below(p.in[axis] + p.end[axis]);
  return out;
}

void pool_row(const PoolVolume& p, const float* x, float* y, int64_t* positions, int64_t d, int64_t h) {
  Reach rd = reach_of(p, 0, d);
  Reach rh = reach_of(p, 1, h);
  for (int64_t w = 0; w < p.out[2]; ++w) {
    Reach rw = reach_of(p, 2, w);
    float top = -std::numeric_limits<float>::infinity();
    double sum = 0;
    int64_t best = -1;
    for (int64_t i = rd.first; i < rd.last; ++i) {
      int64_t at_d = (rd.start + i * p.dilation[0]) * p.in[1];
      for (int64_t j = rh.first; j < rh.last; ++j) {
        int64_t row = (at_d + rh.start + j * p.dilation[1]) * p.in[2];
        for (int64_t k = rw.first; k < rw.last; ++k) {
          int64_t at = row + rw.start + k * p.dilation[2];
          float value = x[at * p.in_step];
          if (best < 0) best = at;
          if (value > top || std::isnan(value)) {
            top = value;
            best = at;
          }
          sum += static_cast<double>(value);
        }
      }
    }
    int64_t to = ((d * p.out[1] + h) * p.out[2] + w) * p.out_step;
    if (p.kind == Window::average) {
      int64_t count = p.count_include_pad
                          ? rd.size * rh.size * rw.size
                          : std::max<int64_t>(rd.last - rd.first, 0) * std::max<int64_t>(rh.last - rh.first, 0) *
                                std::max<int64_t>(rw.last - rw.first, 0);
      y[to] = count == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(count));
    } else {
      y[to] = top;
    }
    if (p.kind == Window::max_with_positions) positions[to] = std::max<int64_t>(best, 0);
  }
}

PoolVolume sized(PoolVolume p, const ConcreteNode& node, bool channels_last) {
  const auto& x = node.inputs[0];
  const auto& y = node.outputs[0];
  size_t axes = x.size() - 2;
  p.batch = x[0];
  p.channels = channels_last ? x.back() : x[1];
  for (size_t i = 0; i < axes; ++i) {
    p.in[3 - axes + i] = x[(channels_last ? 1 : 2) + i];
    p.out[3 - axes + i] = y[(channels_last ? 1 : 2) + i];
  }
  int64_t in = p.in[0] * p.in[1] * p.in[2];
  int64_t out = p.out[0] * p.out[1] * p.out[2];
  p.in_image = in * p.channels;
  p.out_image = out * p.channels;
  p.in_channel = channels_last ? 1 : in;
  p.out_channel = channels_last ? 1 : out;
  p.in_step = p.out_step = channels_last ? p.channels : 1;
  return p;
}

void add_pool_volume(Entries& entries, const std::string& op, Window kind) {
  entries.push_back({op, "windows", [](const NodeSite& site) { return require_f32(site, {0}); },
                     [kind](const NodeSite& site, CompileContext&) {
                       const Attrs& attrs = site.node.attrs;
                       PoolVolume fixed;
                       fixed.kind = kind;
                       if (kind == Window::average) fixed.count_include_pad = attrs.boolean("count_include_pad");
                       size_t axes = attrs.integers("kernel").size();
                       for (size_t i = 0; i < axes; ++i) {
                         size_t to = 3 - axes + i;
                         fixed.kernel[to] = attrs.integers("kernel")[i];
                         fixed.stride[to] = attrs.integers("strides")[i];
                         fixed.dilation[to] = attrs.integers("dilations")[i];
                         fixed.begin[to] = attrs.integers("padding_begin")[i];
                         fixed.end[to] = attrs.integers("padding_end")[i];
                       }
                       bool channels_last = attrs.string("layout") == "NHWC";
                       return make_kernel([fixed, channels_last](const ConcreteNode& node) {
                         PoolVolume p = sized(fixed, node, channels_last);
                         Prepared out;
                         out.run = [p](Executor& executor, const LaunchArgs& args) {
                           const auto* x = static_cast<const float*>(args.inputs[0]);
                           auto* y = static_cast<float*>(args.outputs[0]);
                           auto* positions = args.outputs.size() > 1 ? static_cast<int64_t*>(args.outputs[1]) : nullptr;
                           executor.parallel_for(p.batch * p.channels, [&](int64_t task, int) {
                             int64_t image = task / p.channels;
                             int64_t channel = task % p.channels;
                             const float* from = x + image * p.in_image + channel * p.in_channel;
                             int64_t to = image * p.out_image + channel * p.out_channel;
                             for (int64_t d = 0; d < p.out[0]; ++d)
                               for (int64_t h = 0; h < p.out[1]; ++h)
                                 pool_row(p, from, y + to, positions == nullptr ? nullptr : positions + to, d, h);
                           });
                         };
                         return out;
                       });
                     }});
}

}  // namespace

void add_pool_volume_kernels(Entries& entries) {
  add_pool_volume(entries, "max_pool", Window::max);
  add_pool_volume(entries, "avg_pool", Window::average);
  add_pool_volume(entries, "max_pool_indices", Window::max_with_positions);
}

}  // namespace accelerate::cpu
