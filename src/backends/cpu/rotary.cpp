#include <algorithm>

#include "backends/cpu/cpu_kernel.h"

namespace accelerate::cpu {
namespace {

struct RotaryArgs {
  int64_t rows = 0;       // heads of positions: x is [rows, size]
  int64_t size = 0;       // D
  int64_t half = 0;       // R/2
  int64_t width = 0;      // last axis of the tables: R or R/2
  int64_t inner = 0;      // rows of one batch entry
  int64_t repeat = 1;     // rows that share a position ("BTHD": heads)
  int64_t positions = 0;  // T
  bool table_has_batch = false;
  bool interleaved = false;
};

void turn_row(const RotaryArgs& a, const float* x, const float* cos, const float* sin, float* y) {
  const bool each = a.width == 2 * a.half;
  if (a.interleaved) {
    for (int64_t i = 0; i < a.half; ++i) {
      const int64_t first = each ? 2 * i : i;
      const int64_t second = each ? 2 * i + 1 : i;
      const float p = x[2 * i];
      const float q = x[2 * i + 1];
      y[2 * i] = p * cos[first] - q * sin[first];
      y[2 * i + 1] = q * cos[second] + p * sin[second];
    }
  } else {
    const int64_t second = each ? a.half : 0;
    for (int64_t i = 0; i < a.half; ++i) {
      const float p = x[i];
      const float q = x[i + a.half];
      y[i] = p * cos[i] - q * sin[i];
      y[i + a.half] = q * cos[i + second] + p * sin[i + second];
    }
  }
  std::copy(x + 2 * a.half, x + a.size, y + 2 * a.half);
}

}  // namespace

void add_rotary_kernels(Entries& entries) {
  entries.push_back({"rotary_embedding", "rotary", [](const NodeSite& site) { return require_f32(site, {0, 1, 2}); },
                     [](const NodeSite& site, CompileContext&) {
                       RotaryArgs fixed;
                       fixed.interleaved = site.node.attrs.boolean("interleaved");
                       fixed.half = site.node.attrs.integer("rotary_dim") / 2;
                       const bool heads_first = site.node.attrs.string("layout") == "BHTD";
                       return make_kernel([fixed, heads_first](const ConcreteNode& node) {
                         RotaryArgs a = fixed;
                         const auto& x = node.inputs[0];
                         const auto& table = node.inputs[1];
                         a.size = x[3];
                         a.rows = x[0] * x[1] * x[2];
                         a.inner = x[1] * x[2];
                         a.positions = heads_first ? x[2] : x[1];
                         a.repeat = heads_first ? 1 : x[2];
                         a.width = table.back();
                         a.table_has_batch = table.size() == 3 && table[0] != 1;
                         Prepared out;
                         out.run = [a](Executor& executor, const LaunchArgs& args) {
                           const auto* in = static_cast<const float*>(args.inputs[0]);
                           const auto* cos = static_cast<const float*>(args.inputs[1]);
                           const auto* sin = static_cast<const float*>(args.inputs[2]);
                           auto* to = static_cast<float*>(args.outputs[0]);
                           const int64_t grain = std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(a.size, 1));
                           executor.parallel_for((a.rows + grain - 1) / grain, [&](int64_t task, int) {
                             for (int64_t r = task * grain; r < std::min(a.rows, (task + 1) * grain); ++r) {
                               const int64_t position = r / a.repeat % a.positions;
                               const int64_t batch = a.table_has_batch ? r / a.inner : 0;
                               const int64_t at = (batch * a.positions + position) * a.width;
                               turn_row(a, in + r * a.size, cos + at, sin + at, to + r * a.size);
                             }
                           });
                         };
                         return out;
                       });
                     }});
}

}  // namespace accelerate::cpu
