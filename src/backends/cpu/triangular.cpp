// solve_triangular: rows of the solution one after another, several right sides at a time.
#include <algorithm>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

struct TriangularShape {
  int64_t n = 0, k = 0;
  bool upper = false, unit = false;
  /// Of each matrix of the batch: where a and b begin.
  std::vector<int64_t> a_base;
  std::vector<int64_t> b_base;
};

/// Columns [begin, end) of x, with A x = b.
void solve_columns(const TriangularShape& s, const float* a, const float* b, float* x, int64_t begin, int64_t end) {
  for (int64_t step = 0; step < s.n; ++step) {
    int64_t i = s.upper ? s.n - 1 - step : step;
    float* row = x + i * s.k;
    std::copy(b + i * s.k + begin, b + i * s.k + end, row + begin);
    for (int64_t p = s.upper ? i + 1 : 0; p < (s.upper ? s.n : i); ++p) {
      float factor = a[i * s.n + p];
      const float* solved = x + p * s.k;
      for (int64_t j = begin; j < end; ++j) row[j] -= factor * solved[j];
    }
    if (s.unit) continue;
    float diagonal = a[i * s.n + i];
    for (int64_t j = begin; j < end; ++j) row[j] /= diagonal;
  }
}

std::vector<int64_t> matrix_bases(std::span<const int64_t> own, std::span<const int64_t> batch, int64_t matrix) {
  std::vector<int64_t> out{0};
  auto strides = contiguous_strides(own);
  size_t shift = batch.size() - own.size();
  for (size_t axis = 0; axis < batch.size(); ++axis) {
    int64_t stride = axis < shift || own[axis - shift] == 1 ? 0 : strides[axis - shift] * matrix;
    std::vector<int64_t> next;
    for (int64_t base : out)
      for (int64_t i = 0; i < batch[axis]; ++i) next.push_back(base + i * stride);
    out = std::move(next);
  }
  return out;
}

}  // namespace

void add_triangular_kernels(Entries& entries) {
  entries.push_back(
      {"solve_triangular", "substitution", [](const NodeSite& site) { return require_f32(site, {0, 1}); },
       [](const NodeSite& site, CompileContext&) {
         TriangularShape fixed;
         fixed.upper = site.node.attrs.boolean("upper");
         fixed.unit = site.node.attrs.boolean("unit_diagonal");
         return make_kernel([fixed](const ConcreteNode& node) {
           TriangularShape s = fixed;
           std::span<const int64_t> a = node.inputs[0];
           std::span<const int64_t> b = node.inputs[1];
           s.n = a.back();
           s.k = b.back();
           if (a[a.size() - 2] != s.n || b[b.size() - 2] != s.n)
             fail(ErrorCode::invalid_shape, "a is {} and b {}", to_string(node.inputs[0]), to_string(node.inputs[1]));
           auto batch = std::span<const int64_t>(node.outputs[0]).first(node.outputs[0].size() - 2);
           s.a_base = matrix_bases(a.first(a.size() - 2), batch, s.n * s.n);
           s.b_base = matrix_bases(b.first(b.size() - 2), batch, s.n * s.k);
           Prepared out;
           out.run = [s = std::move(s)](Executor& executor, const LaunchArgs& args) {
             constexpr int64_t kColumns = 64;
             int64_t parts = (s.k + kColumns - 1) / kColumns;
             const auto* a = static_cast<const float*>(args.inputs[0]);
             const auto* b = static_cast<const float*>(args.inputs[1]);
             auto* x = static_cast<float*>(args.outputs[0]);
             executor.parallel_for(static_cast<int64_t>(s.a_base.size()) * parts, [&](int64_t task, int) {
               int64_t matrix = task / parts;
               int64_t begin = task % parts * kColumns;
               solve_columns(s, a + s.a_base[static_cast<size_t>(matrix)], b + s.b_base[static_cast<size_t>(matrix)],
                             x + matrix * s.n * s.k, begin, std::min(s.k, begin + kColumns));
             });
           };
           return out;
         });
       }});
}

}  // namespace accelerate::cpu
