// grid_sample: offsets and weights of some positions at a time, then all channels by them.
#include "ops/grid_sample.h"

#include <algorithm>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

/// Taps of `count` positions, at most 16 each (4 x 4, or 2 x 2 x 2).
struct SampleTile {
  static constexpr int64_t kPositions = 64;
  static constexpr int kMaxTaps = 16;
  int64_t offset[kMaxTaps][kPositions];
  float weight[kMaxTaps][kPositions];
  int taps = 0;
  /// Positions that read only the padding.
  bool empty[kPositions];
};

struct SampleShape {
  int64_t batch = 0, channels = 0, points = 0;
  int axes = 2;
  int64_t extents[3] = {};
  int64_t inner = 1;  // spatial positions of x
};

/// Position p of the tile reads the product of its taps along each axis.
void locate(const ops::GridSampling& sampling, const SampleShape& s, const float* grid, int64_t p, SampleTile& tile) {
  int taps = 1;
  int64_t offset[SampleTile::kMaxTaps] = {0};
  float weight[SampleTile::kMaxTaps] = {1};
  for (int axis = 0; axis < s.axes; ++axis) {
    auto along = ops::grid_axis_taps<float>(sampling, grid[s.axes - 1 - axis], s.extents[axis]);
    int64_t next_offset[SampleTile::kMaxTaps];
    float next_weight[SampleTile::kMaxTaps];
    int next = 0;
    for (int t = 0; t < taps; ++t) {
      for (int k = 0; k < along.count; ++k) {
        bool out = offset[t] < 0 || along.position[k] < 0;
        next_offset[next] = out ? -1 : offset[t] * s.extents[axis] + along.position[k];
        next_weight[next++] = weight[t] * along.weight[k];
      }
    }
    taps = next;
    std::copy(next_offset, next_offset + taps, offset);
    std::copy(next_weight, next_weight + taps, weight);
  }
  // What lies in the padding adds nothing, also where x is not finite.
  int64_t any = *std::max_element(offset, offset + taps);
  tile.taps = taps;
  tile.empty[p] = any < 0;
  for (int t = 0; t < taps; ++t) {
    tile.offset[t][p] = offset[t] < 0 ? std::max<int64_t>(any, 0) : offset[t];
    tile.weight[t][p] = offset[t] < 0 ? 0.0F : weight[t];
  }
}

void sample_tile(const SampleTile& tile, const float* x, int64_t count, float* y) {
  for (int64_t p = 0; p < count; ++p) y[p] = tile.weight[0][p] * x[tile.offset[0][p]];
  for (int t = 1; t < tile.taps; ++t)
    for (int64_t p = 0; p < count; ++p) y[p] += tile.weight[t][p] * x[tile.offset[t][p]];
  for (int64_t p = 0; p < count; ++p)
    if (tile.empty[p]) y[p] = 0;
}

}  // namespace

void add_grid_sample_kernels(Entries& entries) {
  entries.push_back({"grid_sample", "tiles", [](const NodeSite& site) { return require_f32(site, {0, 1}); },
                     [](const NodeSite& site, CompileContext&) {
                       ops::GridSampling sampling = ops::grid_sampling(site.node.attrs);
                       return make_kernel([sampling](const ConcreteNode& node) {
                         const auto& x = node.inputs[0];
                         SampleShape s;
                         s.batch = x[0];
                         s.channels = x[1];
                         s.axes = static_cast<int>(x.size()) - 2;
                         s.points = product(std::span(node.inputs[1]).subspan(1, x.size() - 2));
                         for (int i = 0; i < s.axes; ++i) {
                           s.extents[i] = x[static_cast<size_t>(i) + 2];
                           s.inner *= s.extents[i];
                           if (s.extents[i] < 1)
                             fail(ErrorCode::invalid_shape, "x is {}: nothing to read", to_string(x));
                         }
                         if (node.inputs[1].back() != s.axes || node.inputs[1][0] != s.batch)
                           fail(ErrorCode::invalid_shape, "x is {} and grid {}", to_string(x),
                                to_string(node.inputs[1]));
                         Prepared out;
                         out.run = [s, sampling](Executor& executor, const LaunchArgs& args) {
                           const auto* x = static_cast<const float*>(args.inputs[0]);
                           const auto* grid = static_cast<const float*>(args.inputs[1]);
                           auto* y = static_cast<float*>(args.outputs[0]);
                           int64_t tiles = (s.points + SampleTile::kPositions - 1) / SampleTile::kPositions;
                           executor.parallel_for(s.batch * tiles, [&](int64_t task, int) {
                             SampleTile tile;
                             int64_t n = task / tiles;
                             int64_t begin = task % tiles * SampleTile::kPositions;
                             int64_t count = std::min(SampleTile::kPositions, s.points - begin);
                             for (int64_t p = 0; p < count; ++p)
                               locate(sampling, s, grid + (n * s.points + begin + p) * s.axes, p, tile);
                             for (int64_t c = 0; c < s.channels; ++c) {
                               int64_t plane = n * s.channels + c;
                               sample_tile(tile, x + plane * s.inner, count, y + plane * s.points + begin);
                             }
                           });
                         };
                         return out;
                       });
                     }});
}

}  // namespace accelerate::cpu
