// resize by the taps of each position, one axis after another: every mode and any number of spatial axes.
#include "ops/resize_taps.h"

#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

/// One axis: x [outer, from, inner] -> y [outer, to, inner].
struct AxisResize {
  int64_t outer = 1, from = 1, to = 1, inner = 1;
  /// Taps of position k: first[k] .. first[k + 1].
  std::vector<int64_t> first;
  std::vector<int64_t> position;
  std::vector<float> weight;
};

AxisResize axis_resize(const Attrs& attrs, size_t spatial_axis, int64_t from, int64_t to) {
  AxisResize out;
  out.from = from;
  out.to = to;
  auto scale = ops::resize_scale(attrs, spatial_axis);
  for (int64_t k = 0; k < to; ++k) {
    out.first.push_back(static_cast<int64_t>(out.position.size()));
    for (const ops::ResizeTap& tap : ops::resize_taps(attrs, k, from, to, scale)) {
      out.position.push_back(tap.position);
      out.weight.push_back(static_cast<float>(tap.weight));
    }
  }
  out.first.push_back(static_cast<int64_t>(out.position.size()));
  return out;
}

void run_axis(const AxisResize& a, const float* x, float* y, Executor& executor) {
  int64_t rows = a.outer * a.to;
  int64_t per_task = std::max<int64_t>(1, 16384 / std::max<int64_t>(a.inner, 1));
  executor.parallel_for((rows + per_task - 1) / per_task, [&](int64_t task, int) {
    for (int64_t r = task * per_task; r < std::min(rows, (task + 1) * per_task); ++r) {
      auto k = static_cast<size_t>(r % a.to);
      const float* in = x + r / a.to * a.from * a.inner;
      float* out = y + r * a.inner;
      auto begin = static_cast<size_t>(a.first[k]);
      auto end = static_cast<size_t>(a.first[k + 1]);
      if (a.inner == 1) {
        float sum = 0;
        for (size_t t = begin; t < end; ++t) sum += a.weight[t] * in[a.position[t]];
        *out = sum;
        continue;
      }
      for (size_t t = begin; t < end; ++t) {
        const float* row = in + a.position[t] * a.inner;
        float weight = a.weight[t];
        if (t == begin) {
          for (int64_t i = 0; i < a.inner; ++i) out[i] = weight * row[i];
        } else {
          for (int64_t i = 0; i < a.inner; ++i) out[i] += weight * row[i];
        }
      }
    }
  });
}

Prepared prepare_resize(const Attrs& attrs, const ConcreteNode& node) {
  std::vector<int64_t> shape = node.inputs[0];
  const auto& to = node.outputs[0];
  size_t first = attrs.string("layout") == "NCHW" ? 2 : 1;
  // Axes that shrink come first: what follows works on less.
  std::vector<size_t> order(shape.size() - 2);
  for (size_t i = 0; i < order.size(); ++i) order[i] = order.size() - 1 - i;
  auto growth = [&](size_t i) {
    return static_cast<double>(to[first + i]) / static_cast<double>(std::max<int64_t>(shape[first + i], 1));
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return growth(a) < growth(b); });
  std::vector<AxisResize> axes;
  int64_t largest = 0;
  for (size_t i : order) {
    size_t axis = first + i;
    if (shape[axis] < 1 || to[axis] < 1)
      fail(ErrorCode::invalid_shape, "an extent of {} resized to {}; expected 1 or more", shape[axis], to[axis]);
    auto scale = ops::resize_scale(attrs, i);
    if (shape[axis] == to[axis] && (!scale || *scale == 1)) continue;
    AxisResize a = axis_resize(attrs, i, shape[axis], to[axis]);
    a.outer = product(std::span<const int64_t>(shape).first(axis));
    a.inner = product(std::span<const int64_t>(shape).subspan(axis + 1));
    shape[axis] = to[axis];
    largest = std::max(largest, product(shape));
    axes.push_back(std::move(a));
  }
  size_t buffers = axes.size() > 2 ? 2 : axes.size() > 1 ? 1 : 0;
  size_t buffer_bytes = (static_cast<size_t>(largest) * sizeof(float) + 63) / 64 * 64;
  int64_t total = product(to);
  Prepared out;
  out.scratch_bytes = buffers * buffer_bytes;
  out.run = [axes = std::move(axes), buffer_bytes, total](Executor& executor, const LaunchArgs& args) {
    const auto* x = static_cast<const float*>(args.inputs[0]);
    auto* y = static_cast<float*>(args.outputs[0]);
    if (axes.empty()) {
      std::memcpy(y, x, static_cast<size_t>(total) * sizeof(float));
      return;
    }
    for (size_t i = 0; i < axes.size(); ++i) {
      auto* buffer = reinterpret_cast<float*>(static_cast<std::byte*>(args.scratch) + i % 2 * buffer_bytes);
      float* to = i + 1 == axes.size() ? y : buffer;
      run_axis(axes[i], x, to, executor);
      x = to;
    }
  };
  return out;
}

}  // namespace

void add_resize_taps_kernels(Entries& entries) {
  entries.push_back({"resize", "taps", [](const NodeSite& site) { return require_f32(site, {0}); },
                     [](const NodeSite& site, CompileContext&) {
                       return make_kernel(
                           [attrs = site.node.attrs](const ConcreteNode& node) { return prepare_resize(attrs, node); });
                     }});
}

}  // namespace accelerate::cpu
