// Reductions over any axes: axes that are no neighbours are brought together by a copy; f32 goes to the vector kernels,
// integers and bool to plain loops.
#include <algorithm>
#include <array>
#include <limits>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

enum class Fold : uint8_t { sum, mean, max, min, prod, any, all };
struct NamedReduce {
  const char* op;
  Fold fold;
};
constexpr std::array<NamedReduce, 7> kReductions = {{{"reduce_sum", Fold::sum},
                                                     {"reduce_mean", Fold::mean},
                                                     {"reduce_max", Fold::max},
                                                     {"reduce_min", Fold::min},
                                                     {"reduce_prod", Fold::prod},
                                                     {"reduce_any", Fold::any},
                                                     {"reduce_all", Fold::all}}};

Reduce vector_kind(Fold fold) {
  switch (fold) {
    case Fold::mean: return Reduce::mean;
    case Fold::max: return Reduce::max;
    case Fold::min: return Reduce::min;
    case Fold::prod: return Reduce::prod;
    default: return Reduce::sum;
  }
}

/// Integers and bool to `To`; one line of the middle axis at a time.
template <typename From, typename To>
void fold_lines(Fold fold, const ReduceArgs& a, const void* in, void* out, Executor& executor) {
  const auto* x = static_cast<const From*>(in);
  auto* y = static_cast<To*>(out);
  executor.parallel_for(a.outer, [&](int64_t o, int) {
    for (int64_t i = 0; i < a.inner; ++i) {
      const From* line = x + o * a.size * a.inner + i;
      uint64_t sum = 0;
      uint64_t product = 1;
      auto low = std::numeric_limits<From>::max();
      auto high = std::numeric_limits<From>::lowest();
      bool any = false;
      bool all = true;
      for (int64_t j = 0; j < a.size; ++j) {
        From v = line[j * a.inner];
        sum += static_cast<uint64_t>(static_cast<int64_t>(v));
        product *= static_cast<uint64_t>(static_cast<int64_t>(v));
        low = std::min(low, v);
        high = std::max(high, v);
        any = any || v != From{0};
        all = all && v != From{0};
      }
      To result{};
      switch (fold) {
        case Fold::sum: result = static_cast<To>(sum); break;
        case Fold::prod: result = static_cast<To>(product); break;
        case Fold::max: result = static_cast<To>(high); break;
        case Fold::min: result = static_cast<To>(low); break;
        case Fold::any: result = static_cast<To>(any); break;
        case Fold::all: result = static_cast<To>(all); break;
        case Fold::mean: break;
      }
      y[o * a.inner + i] = result;
    }
  });
}

void fold_f32_logic(Fold fold, const ReduceArgs& a, const void* in, void* out, Executor& executor) {
  const auto* x = static_cast<const float*>(in);
  auto* y = static_cast<uint8_t*>(out);
  executor.parallel_for(a.outer, [&](int64_t o, int) {
    for (int64_t i = 0; i < a.inner; ++i) {
      bool any = false;
      bool all = true;
      for (int64_t j = 0; j < a.size; ++j) {
        bool set = x[(o * a.size + j) * a.inner + i] != 0.0F;
        any = any || set;
        all = all && set;
      }
      y[o * a.inner + i] = (fold == Fold::any ? any : all) ? 1 : 0;
    }
  });
}

void run_fold(Fold fold, DType dtype, const ReduceArgs& a, const void* in, void* out, const KernelTable& table,
              Executor& executor) {
  if (a.outer * a.inner == 0) return;
  bool logic = fold == Fold::any || fold == Fold::all;
  switch (dtype) {
    case DType::f32: {
      if (logic) {
        fold_f32_logic(fold, a, in, out, executor);
      } else if (a.size == 0 && (fold == Fold::max || fold == Fold::min)) {
        float nothing =
            fold == Fold::max ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
        std::fill_n(static_cast<float*>(out), a.outer * a.inner, nothing);
      } else {
        ReduceArgs call = a;
        call.x = static_cast<const float*>(in);
        call.y = static_cast<float*>(out);
        table.reduce(vector_kind(fold), call, executor);
      }
      break;
    }
    case DType::i64:
      if (logic) {
        fold_lines<int64_t, uint8_t>(fold, a, in, out, executor);
      } else {
        fold_lines<int64_t, int64_t>(fold, a, in, out, executor);
      }
      break;
    case DType::i32:
      if (logic) {
        fold_lines<int32_t, uint8_t>(fold, a, in, out, executor);
      } else if (fold == Fold::max || fold == Fold::min) {
        fold_lines<int32_t, int32_t>(fold, a, in, out, executor);
      } else {
        fold_lines<int32_t, int64_t>(fold, a, in, out, executor);
      }
      break;
    default:
      if (logic || fold == Fold::max || fold == Fold::min) {
        fold_lines<uint8_t, uint8_t>(fold, a, in, out, executor);
      } else {
        fold_lines<uint8_t, int64_t>(fold, a, in, out, executor);
      }
      break;
  }
}

std::optional<std::string> why_not(const NodeSite& site) {
  DType t = site.in(0).dtype;
  if (t != DType::f32 && t != DType::i64 && t != DType::i32 && t != DType::boolean)
    return fmt::format("values of {}", name_of(t));
  return std::nullopt;
}

void add_reduction(Entries& entries, const KernelTable& table, const NamedReduce& named) {
  entries.push_back({named.op, "reduce", why_not, [fold = named.fold, &table](const NodeSite& site, CompileContext&) {
                       std::vector<int64_t> axes = site.node.attrs.integers("axes");
                       if (axes.empty())
                         for (int i = 0; i < site.in(0).rank(); ++i) axes.push_back(i);
                       std::sort(axes.begin(), axes.end());
                       DType dtype = site.in(0).dtype;
                       return make_kernel([axes, fold, dtype, &table](const ConcreteNode& node) {
                         const auto& x = node.inputs[0];
                         ReduceArgs a;
                         Prepared out;
                         bool neighbours =
                             axes.empty() || axes.back() - axes.front() + 1 == static_cast<int64_t>(axes.size());
                         if (neighbours) {
                           std::span<const int64_t> extents = x;
                           size_t begin = axes.empty() ? 0 : static_cast<size_t>(axes.front());
                           a.outer = product(extents.first(begin));
                           a.size = product(extents.subspan(begin, axes.size()));
                           a.inner = product(extents.subspan(begin + axes.size()));
                           out.run = [a, fold, dtype, &table](Executor& executor, const LaunchArgs& args) {
                             run_fold(fold, dtype, a, args.inputs[0], args.outputs[0], table, executor);
                           };
                           return out;
                         }
                         // Kept axes first, reduced ones last.
                         a.size = 1;
                         auto strides = contiguous_strides(x);
                         std::vector<int64_t> dims;
                         std::vector<int64_t> source;
                         for (bool reduced : {false, true}) {
                           for (size_t k = 0; k < x.size(); ++k) {
                             if (std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(k)) != reduced)
                               continue;
                             dims.push_back(x[k]);
                             source.push_back(strides[k]);
                             (reduced ? a.size : a.outer) *= x[k];
                           }
                         }
                         CopyArgs copy = make_copy(dims, source, contiguous_strides(dims), size_of(dtype));
                         out.scratch_bytes = static_cast<size_t>(product(x)) * size_of(dtype);
                         out.run = [a, copy, fold, dtype, &table](Executor& executor, const LaunchArgs& args) {
                           CopyArgs call = copy;
                           call.src = args.inputs[0];
                           call.dst = args.scratch;
                           if (a.outer * a.size > 0) table.copy(call, executor);
                           run_fold(fold, dtype, a, args.scratch, args.outputs[0], table, executor);
                         };
                         return out;
                       });
                     }});
}

void add_arg_reduction(Entries& entries, const KernelTable& table, bool smallest) {
  entries.push_back(
      {smallest ? "arg_min" : "arg_max", "arg_reduce", [](const NodeSite& site) { return require_f32(site, {0}); },
       [smallest, &table](const NodeSite& site, CompileContext&) {
         auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
         return make_kernel([axis, smallest, &table](const ConcreteNode& node) {
           std::span<const int64_t> x = node.inputs[0];
           ArgReduceArgs a;
           a.outer = product(x.first(axis));
           a.size = x[axis];
           a.inner = product(x.subspan(axis + 1));
           a.smallest = smallest;
           if (a.size == 0)
             fail(ErrorCode::invalid_shape, "the index of the largest or smallest of no elements: x is {}",
                  to_string(node.inputs[0]));
           Prepared out;
           out.run = [a, &table](Executor& executor, const LaunchArgs& args) {
             ArgReduceArgs call = a;
             call.x = static_cast<const float*>(args.inputs[0]);
             call.y = static_cast<int64_t*>(args.outputs[0]);
             if (call.outer * call.inner > 0) table.arg_reduce(call, executor);
           };
           return out;
         });
       }});
}

}  // namespace

void add_reduce_kernels(Entries& entries, const KernelTable& table) {
  for (const NamedReduce& named : kReductions) add_reduction(entries, table, named);
  for (bool smallest : {false, true}) add_arg_reduction(entries, table, smallest);
}

}  // namespace accelerate::cpu
