// grouped_matmul: one product for each group that has rows; constant weights are packed once.
#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

struct GroupedShape {
  int64_t rows = 0, groups = 0, k = 0, n = 0;
  bool wide_ends = true;
};

/// body(group, first row, number of rows) for each group with rows, in order; the rest of y becomes 0.
template <typename Body>
void for_groups(const GroupedShape& s, const void* ends, float* y, Body body) {
  int64_t begin = 0;
  for (int64_t g = 0; g < s.groups; ++g) {
    int64_t end = s.wide_ends ? static_cast<const int64_t*>(ends)[g] : static_cast<const int32_t*>(ends)[g];
    if (end < begin || end > s.rows)
      fail(ErrorCode::invalid_argument, "group {} ends at row {}; expected {} to {}", g, end, begin, s.rows);
    if (end > begin && s.n > 0) body(g, begin, end - begin);
    begin = end;
  }
  std::fill(y + begin * s.n, y + s.rows * s.n, 0.0F);
}

bool packs(DType dtype) {
  return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16;
}

GroupedShape grouped_shape(const ConcreteNode& node, bool transposed, bool wide_ends) {
  const auto& w = node.inputs[1];
  GroupedShape s;
  s.rows = node.inputs[0][0];
  s.groups = w[0];
  s.k = w[transposed ? 2 : 1];
  s.n = w[transposed ? 1 : 2];
  s.wide_ends = wide_ends;
  if (node.inputs[0][1] != s.k || node.inputs[2][0] != s.groups)
    fail(ErrorCode::invalid_shape, "x is {}, weights {} and ends {}", to_string(node.inputs[0]), to_string(w),
         to_string(node.inputs[2]));
  return s;
}

std::unique_ptr<Kernel> make_packed(const NodeSite& site, CompileContext& context, const KernelTable& table) {
  bool transposed = site.node.attrs.boolean("transposed");
  bool wide_ends = site.in(2).dtype == DType::i64;
  Tensor source = site.constant(1);
  int64_t groups = source.dim(0);
  int64_t k = source.dim(transposed ? 2 : 1);
  int64_t n = source.dim(transposed ? 1 : 2);
  Element type = site.compute == ComputeType::bf16  ? Element::bf16
                 : site.compute == ComputeType::f16 ? Element::f16
                                                    : known_element(source.dtype());
  size_t group_bytes = (table.packed_size_bytes(n, k, type) + 63) / 64 * 64;
  size_t packed_bytes = group_bytes * static_cast<size_t>(groups);
  auto memory = allocate_aligned(std::max<size_t>(packed_bytes, 64));
  auto* packed = static_cast<std::byte*>(memory.get());
  size_t source_bytes = static_cast<size_t>(n * k) * size_of(source.dtype());
  context.executor.parallel_for(groups, [&](int64_t g, int) {
    PackArgs args;
    args.source = static_cast<const std::byte*>(source.data()) + static_cast<size_t>(g) * source_bytes;
    args.source_type = known_element(source.dtype());
    args.stride_n = transposed ? k : 1;
    args.stride_k = transposed ? 1 : n;
    args.n = n;
    args.k = k;
    args.n_end = n;
    args.dst = packed + static_cast<size_t>(g) * group_bytes;
    args.type = type;
    table.pack(args);
    context.release(1, static_cast<size_t>(g) * source_bytes, source_bytes);
  });
  LinearArgs fixed;
  fixed.k = fixed.a_stride = k;
  fixed.allow_native_low_precision = site.compute != ComputeType::f32;
  fixed.outputs[0].weight = {packed, n, k, type};
  fixed.outputs[0].c_stride = n;
  return make_kernel(
      [=, &table](const ConcreteNode& node) {
        GroupedShape s = grouped_shape(node, transposed, wide_ends);
        LinearArgs sized = fixed;
        sized.m = s.rows;
        Prepared out;
        out.scratch_bytes = table.linear_scratch_bytes(sized, node.num_threads);
        out.run = [=, &table](Executor& executor, const LaunchArgs& args) {
          const auto* x = static_cast<const float*>(args.inputs[0]);
          auto* y = static_cast<float*>(args.outputs[0]);
          for_groups(s, args.inputs[2], y, [&](int64_t g, int64_t begin, int64_t rows) {
            LinearArgs call = sized;
            call.m = rows;
            call.a = x + begin * s.k;
            call.outputs[0].weight.data = packed + static_cast<size_t>(g) * group_bytes;
            call.outputs[0].c = y + begin * s.n;
            table.linear(call, executor, args.scratch);
          });
        };
        return out;
      },
      {memory}, packed_bytes, {1});
}

std::unique_ptr<Kernel> make_unpacked(const NodeSite& site, const KernelTable& table) {
  bool transposed = site.node.attrs.boolean("transposed");
  bool wide_ends = site.in(2).dtype == DType::i64;
  return make_kernel([=, &table](const ConcreteNode& node) {
    GroupedShape s = grouped_shape(node, transposed, wide_ends);
    MatmulArgs sized;
    sized.m = s.rows;
    sized.n = s.n;
    sized.k = s.k;
    sized.a_stride = s.k;
    sized.b_stride_k = transposed ? 1 : s.n;
    sized.b_stride_n = transposed ? s.k : 1;
    sized.c_stride = s.n;
    Prepared out;
    out.scratch_bytes = table.matmul_scratch_bytes(sized, node.num_threads);
    out.run = [=, &table](Executor& executor, const LaunchArgs& args) {
      const auto* x = static_cast<const float*>(args.inputs[0]);
      const auto* weights = static_cast<const float*>(args.inputs[1]);
      auto* y = static_cast<float*>(args.outputs[0]);
      for_groups(s, args.inputs[2], y, [&](int64_t g, int64_t begin, int64_t rows) {
        MatmulArgs call = sized;
        call.m = rows;
        call.a = x + begin * s.k;
        call.b = weights + g * s.k * s.n;
        call.c = y + begin * s.n;
        table.matmul(call, executor, args.scratch);
      });
    };
    return out;
  });
}

}  // namespace

void add_grouped_matmul_kernels(Entries& entries, const KernelTable& table) {
  entries.push_back(
      {"grouped_matmul", "packed_gemm",
       [](const NodeSite& site) -> std::optional<std::string> {
         if (auto reason = require_f32(site, {0})) return reason;
         if (!site.constant_in(1)) return "weights that are computed in each call";
         if (!packs(site.in(1).dtype) || !site.in(1).encoding.plain()) return "weights of " + site.in(1).to_string();
         return std::nullopt;
       },
       [&table](const NodeSite& site, CompileContext& context) { return make_packed(site, context, table); }});
  entries.push_back({"grouped_matmul", "gemm", [](const NodeSite& site) { return require_f32(site, {0, 1}); },
                     [&table](const NodeSite& site, CompileContext&) { return make_unpacked(site, table); }});
}

}  // namespace accelerate::cpu
