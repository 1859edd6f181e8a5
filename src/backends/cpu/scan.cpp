// Running sums, picks by index and orders along an axis: plain loops over its lines, spread over the threads.
#include <algorithm>
#include <cstring>
#include <limits>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"
#include "ops/top_k_order.h"

namespace accelerate::cpu {
namespace {

/// x as [outer, size, inner] around an axis.
struct Lines {
  int64_t outer = 1, size = 0, inner = 1;
};

Lines lines_of(const std::vector<int64_t>& shape, size_t axis) {
  std::span<const int64_t> x = shape;
  return {product(x.first(axis)), x[axis], product(x.subspan(axis + 1))};
}

/// body(outer, inner) for each line, in groups that are worth a task.
template <typename Body>
void for_lines(Executor& executor, const Lines& lines, Body body) {
  int64_t count = lines.outer * lines.inner;
  int64_t per_task = std::max<int64_t>(1, 8192 / std::max<int64_t>(lines.size, 1));
  executor.parallel_for((count + per_task - 1) / per_task, [&](int64_t task, int) {
    for (int64_t i = task * per_task; i < std::min(count, (task + 1) * per_task); ++i)
      body(i / lines.inner, i % lines.inner);
  });
}

template <typename From, typename To, typename Sum>
void cumulate(Executor& executor, const Lines& lines, const void* in, void* out, bool exclusive, bool reverse) {
  const auto* x = static_cast<const From*>(in);
  auto* y = static_cast<To*>(out);
  for_lines(executor, lines, [&](int64_t o, int64_t i) {
    int64_t base = o * lines.size * lines.inner + i;
    Sum sum = 0;
    for (int64_t j = 0; j < lines.size; ++j) {
      int64_t at = base + (reverse ? lines.size - 1 - j : j) * lines.inner;
      Sum before = sum;
      sum += static_cast<Sum>(x[at]);
      y[at] = static_cast<To>(exclusive ? before : sum);
    }
  });
}

void add_cumprod(Entries& entries) {
  entries.push_back({"cumprod", "lines", [](const NodeSite& site) { return require_f32(site, {0}); },
                     [](const NodeSite& site, CompileContext&) {
                       auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
                       return make_kernel([axis](const ConcreteNode& node) {
                         Lines lines = lines_of(node.inputs[0], axis);
                         Prepared out;
                         out.run = [lines](Executor& executor, const LaunchArgs& args) {
                           const auto* x = static_cast<const float*>(args.inputs[0]);
                           auto* y = static_cast<float*>(args.outputs[0]);
                           for_lines(executor, lines, [&](int64_t o, int64_t i) {
                             double so_far = 1;
                             for (int64_t j = 0; j < lines.size; ++j) {
                               int64_t at = (o * lines.size + j) * lines.inner + i;
                               so_far *= static_cast<double>(x[at]);
                               y[at] = static_cast<float>(so_far);
                             }
                           });
                         };
                         return out;
                       });
                     }});
}

void add_cumsum(Entries& entries) {
  entries.push_back({"cumsum", "lines",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       DType t = site.in(0).dtype;
                       if (t == DType::f32 || t == DType::i64 || t == DType::i32 || t == DType::boolean)
                         return std::nullopt;
                       return fmt::format("values of {}", name_of(t));
                     },
                     [](const NodeSite& site, CompileContext&) {
                       const Attrs& attrs = site.node.attrs;
                       auto axis = static_cast<size_t>(attrs.integer("axis"));
                       return make_kernel([axis, dtype = site.in(0).dtype, exclusive = attrs.boolean("exclusive"),
                                           reverse = attrs.boolean("reverse")](const ConcreteNode& node) {
                         Lines lines = lines_of(node.inputs[0], axis);
                         Prepared out;
                         out.run = [=](Executor& executor, const LaunchArgs& args) {
                           switch (dtype) {
                             case DType::f32:
                               cumulate<float, float, double>(executor, lines, args.inputs[0], args.outputs[0],
                                                              exclusive, reverse);
                               break;
                             case DType::i64:
                               cumulate<int64_t, int64_t, uint64_t>(executor, lines, args.inputs[0], args.outputs[0],
                                                                    exclusive, reverse);
                               break;
                             case DType::i32:
                               cumulate<int32_t, int64_t, uint64_t>(executor, lines, args.inputs[0], args.outputs[0],
                                                                    exclusive, reverse);
                               break;
                             default:
                               cumulate<uint8_t, int64_t, uint64_t>(executor, lines, args.inputs[0], args.outputs[0],
                                                                    exclusive, reverse);
                               break;
                           }
                         };
                         return out;
                       });
                     }});
}

/// y[..., j, ...] = x[..., index[..., j, ...], ...]: the axes beside `axis` may be shorter in the indices.
template <typename Index, typename Element>
void pick(Executor& executor, const std::vector<int64_t>& x_shape, const std::vector<int64_t>& shape, size_t axis,
          const void* in, const void* ids, void* out) {
  const auto* x = static_cast<const Element*>(in);
  const auto* index = static_cast<const Index*>(ids);
  auto* y = static_cast<Element*>(out);
  auto strides = contiguous_strides(x_shape);
  int64_t last = shape.empty() ? 1 : shape.back();
  int64_t rows = last == 0 ? 0 : product(shape) / last;
  int64_t extent = x_shape[axis];
  int64_t per_task = std::max<int64_t>(1, 8192 / std::max<int64_t>(last, 1));
  executor.parallel_for((rows + per_task - 1) / per_task, [&](int64_t task, int) {
    for (int64_t r = task * per_task; r < std::min(rows, (task + 1) * per_task); ++r) {
      int64_t rest = r;
      int64_t base = 0;
      for (size_t k = shape.size() - 1; k-- > 0;) {
        if (k != axis) base += rest % shape[k] * strides[k];
        rest /= shape[k];
      }
      for (int64_t j = 0; j < last; ++j) {
        int64_t id = index[r * last + j];
        int64_t at = id < 0 ? id + extent : id;
        if (at < 0 || at >= extent)
          fail(ErrorCode::invalid_argument, "index {} is out of range for an axis of {}", id, extent);
        y[r * last + j] = x[base + at * strides[axis] + (axis + 1 == shape.size() ? 0 : j)];
      }
    }
  });
}

template <typename Index>
void pick_sized(size_t element_size, Executor& executor, const std::vector<int64_t>& x_shape,
                const std::vector<int64_t>& shape, size_t axis, const LaunchArgs& args) {
  switch (element_size) {
    case 1:
      pick<Index, uint8_t>(executor, x_shape, shape, axis, args.inputs[0], args.inputs[1], args.outputs[0]);
      break;
    case 2:
      pick<Index, uint16_t>(executor, x_shape, shape, axis, args.inputs[0], args.inputs[1], args.outputs[0]);
      break;
    case 4:
      pick<Index, uint32_t>(executor, x_shape, shape, axis, args.inputs[0], args.inputs[1], args.outputs[0]);
      break;
    default:
      pick<Index, uint64_t>(executor, x_shape, shape, axis, args.inputs[0], args.inputs[1], args.outputs[0]);
      break;
  }
}

void add_gather_elements(Entries& entries) {
  entries.push_back({"gather_elements", "pick",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (site.in(0).rank() == 0) return "a scalar";
                       return std::nullopt;
                     },
                     [](const NodeSite& site, CompileContext&) {
                       auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
                       size_t element_size = size_of(site.in(0).dtype);
                       bool wide = site.in(1).dtype == DType::i64;
                       return make_kernel([axis, element_size, wide](const ConcreteNode& node) {
                         Prepared out;
                         out.run = [axis, element_size, wide, x_shape = node.inputs[0], shape = node.outputs[0]](
                                       Executor& executor, const LaunchArgs& args) {
                           if (wide) {
                             pick_sized<int64_t>(element_size, executor, x_shape, shape, axis, args);
                           } else {
                             pick_sized<int32_t>(element_size, executor, x_shape, shape, axis, args);
                           }
                         };
                         return out;
                       });
                     }});
}

/// How top_k and sort put a line in order.
struct Order {
  bool largest = false;
  bool sorted = true;
  bool lowest_index = true;  // among equal values; else as ops::select_first leaves them
};

/// top_k and sort: the first `keep` positions of each line in order, NaN as the largest.
/// Scratch: one index a position of a line, for each thread.
template <typename T>
void run_order(Executor& executor, const Lines& lines, int64_t keep, Order how, const LaunchArgs& args) {
  const T* x = static_cast<const T*>(args.inputs[0]);
  T* values = static_cast<T*>(args.outputs[0]);
  auto* indices = static_cast<int64_t*>(args.outputs[1]);
  executor.parallel_for(lines.outer * lines.inner, [&](int64_t line, int thread) {
    int64_t* order = static_cast<int64_t*>(args.scratch) + thread * lines.size;
    const T* from = x + line / lines.inner * lines.size * lines.inner + line % lines.inner;
    int64_t to = line / lines.inner * keep * lines.inner + line % lines.inner;
    for (int64_t j = 0; j < lines.size; ++j) order[j] = j;
    auto before = [&](int64_t a, int64_t b) {
      T p = from[a * lines.inner];
      T q = from[b * lines.inner];
      bool p_nan = p != p;
      bool q_nan = q != q;
      if (p_nan != q_nan) return how.largest ? p_nan : q_nan;
      if (!p_nan && p != q) return how.largest ? p > q : p < q;
      return how.lowest_index && a < b;
    };
    if (how.lowest_index) {
      // A few of many are picked out before they are put in order.
      if (keep < lines.size && keep > 0) std::nth_element(order, order + keep - 1, order + lines.size, before);
      std::sort(order, order + keep, before);
    } else {
      ops::select_first(order, order + keep, order + lines.size, how.sorted, before);
    }
    for (int64_t j = 0; j < keep; ++j) {
      values[to + j * lines.inner] = from[order[j] * lines.inner];
      indices[to + j * lines.inner] = order[j];
    }
  });
}

/// fn(a value of the type), for the types that lines are put in order of.
template <typename Fn>
void with_ordered_type(DType dtype, Fn fn) {
  switch (dtype) {
    case DType::f32: return fn(float{});
    case DType::i64: return fn(int64_t{});
    case DType::i32: return fn(int32_t{});
    default: return fn(uint8_t{});
  }
}

std::optional<std::string> why_not_ordered(const NodeSite& site) {
  DType t = site.in(0).dtype;
  if (t == DType::f32 || t == DType::i64 || t == DType::i32 || t == DType::u8 || t == DType::boolean)
    return std::nullopt;
  return fmt::format("values of {}", name_of(t));
}

void add_order(Entries& entries, const std::string& op) {
  entries.push_back(
      {op, "partial_sort", why_not_ordered, [op](const NodeSite& site, CompileContext&) {
         auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
         Order how;
         how.largest = site.node.attrs.boolean(op == "sort" ? "descending" : "largest");
         if (op == "top_k") {
           how.sorted = site.node.attrs.boolean("sorted");
           how.lowest_index = site.node.attrs.string("ties") == "lowest_index";
         }
         return make_kernel([axis, how, dtype = site.in(0).dtype](const ConcreteNode& node) {
           Lines lines = lines_of(node.inputs[0], axis);
           int64_t keep = node.outputs[0][axis];
           if (keep > lines.size)
             fail(ErrorCode::invalid_shape, "k is {}; expected 0 to {}, the extent of the axis", keep, lines.size);
           Prepared out;
           out.scratch_bytes =
               static_cast<size_t>(lines.size) * sizeof(int64_t) * static_cast<size_t>(node.num_threads);
           out.run = [lines, keep, how, dtype](Executor& executor, const LaunchArgs& args) {
             if (lines.outer * lines.inner * keep == 0) return;
             with_ordered_type(dtype, [&]<typename T>(T) { run_order<T>(executor, lines, keep, how, args); });
           };
           return out;
         });
       }});
}

/// Index of the first largest (smallest) integer of each line.
template <typename T>
void run_arg_extreme(Executor& executor, const Lines& lines, bool largest, const LaunchArgs& args) {
  const T* x = static_cast<const T*>(args.inputs[0]);
  auto* y = static_cast<int64_t*>(args.outputs[0]);
  for_lines(executor, lines, [&](int64_t o, int64_t i) {
    const T* line = x + o * lines.size * lines.inner + i;
    int64_t best = 0;
    for (int64_t j = 1; j < lines.size; ++j) {
      T value = line[j * lines.inner];
      T top = line[best * lines.inner];
      if (largest ? value > top : value < top) best = j;
    }
    y[o * lines.inner + i] = best;
  });
}

void add_arg_extreme(Entries& entries, const std::string& op, bool largest) {
  entries.push_back(
      {op, "lines",
       [](const NodeSite& site) -> std::optional<std::string> {
         if (is_float(site.in(0).dtype)) return fmt::format("values of {}", name_of(site.in(0).dtype));
         return why_not_ordered(site);
       },
       [largest](const NodeSite& site, CompileContext&) {
         auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
         return make_kernel([axis, largest, dtype = site.in(0).dtype](const ConcreteNode& node) {
           Lines lines = lines_of(node.inputs[0], axis);
           if (lines.size == 0)
             fail(ErrorCode::invalid_shape, "the index of the largest or smallest of no elements: x is {}",
                  to_string(node.inputs[0]));
           Prepared out;
           out.run = [lines, largest, dtype](Executor& executor, const LaunchArgs& args) {
             with_ordered_type(dtype, [&]<typename T>(T) { run_arg_extreme<T>(executor, lines, largest, args); });
           };
           return out;
         });
       }});
}

/// The largest (smallest) element so far and where it stands, the last of equal ones; a NaN stays.
template <typename T>
void run_extremes(Executor& executor, const Lines& lines, bool largest, const LaunchArgs& args) {
  const T* x = static_cast<const T*>(args.inputs[0]);
  T* values = static_cast<T*>(args.outputs[0]);
  auto* indices = static_cast<int64_t*>(args.outputs[1]);
  for_lines(executor, lines, [&](int64_t o, int64_t i) {
    int64_t base = o * lines.size * lines.inner + i;
    int64_t best = 0;
    T top = lines.size > 0 ? x[base] : T{};
    for (int64_t j = 0; j < lines.size; ++j) {
      T value = x[base + j * lines.inner];
      if (value != value || (top == top && (largest ? value >= top : value <= top))) {
        top = value;
        best = j;
      }
      values[base + j * lines.inner] = top;
      indices[base + j * lines.inner] = best;
    }
  });
}

void add_extremes(Entries& entries, const std::string& op, bool largest) {
  entries.push_back({op, "lines", why_not_ordered, [largest](const NodeSite& site, CompileContext&) {
                       auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
                       return make_kernel([axis, largest, dtype = site.in(0).dtype](const ConcreteNode& node) {
                         Lines lines = lines_of(node.inputs[0], axis);
                         Prepared out;
                         out.run = [lines, largest, dtype](Executor& executor, const LaunchArgs& args) {
                           with_ordered_type(dtype,
                                             [&]<typename T>(T) { run_extremes<T>(executor, lines, largest, args); });
                         };
                         return out;
                       });
                     }});
}

/// Steps of a linear recurrence on neighbouring elements, which go together.
void run_linear_scan(Executor& executor, const Lines& lines, const LaunchArgs& args) {
  constexpr int64_t kBlock = 64;
  const auto* a = static_cast<const float*>(args.inputs[0]);
  const auto* b = static_cast<const float*>(args.inputs[1]);
  const auto* initial = static_cast<const float*>(args.inputs[2]);
  auto* y = static_cast<float*>(args.outputs[0]);
  int64_t blocks = (lines.inner + kBlock - 1) / kBlock;
  executor.parallel_for(lines.outer * blocks, [&](int64_t task, int) {
    int64_t outer = task / blocks;
    int64_t first = task % blocks * kBlock;
    int64_t count = std::min(kBlock, lines.inner - first);
    const float* before = initial + outer * lines.inner + first;
    for (int64_t j = 0; j < lines.size; ++j) {
      int64_t at = (outer * lines.size + j) * lines.inner + first;
      for (int64_t i = 0; i < count; ++i) y[at + i] = a[at + i] * before[i] + b[at + i];
      before = y + at;
    }
  });
}

void add_linear_scan(Entries& entries) {
  entries.push_back({"linear_scan", "blocks", [](const NodeSite& site) { return require_f32(site, {0}); },
                     [](const NodeSite& site, CompileContext&) {
                       auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
                       return make_kernel([axis](const ConcreteNode& node) {
                         Lines lines = lines_of(node.inputs[0], axis);
                         Prepared out;
                         out.run = [lines](Executor& executor, const LaunchArgs& args) {
                           run_linear_scan(executor, lines, args);
                         };
                         return out;
                       });
                     }});
}

}  // namespace

void add_scan_kernels(Entries& entries) {
  add_linear_scan(entries);
  add_cumsum(entries);
  add_cumprod(entries);
  add_gather_elements(entries);
  add_order(entries, "top_k");
  add_order(entries, "sort");
  add_arg_extreme(entries, "arg_max", true);
  add_arg_extreme(entries, "arg_min", false);
  add_extremes(entries, "cum_max", true);
  add_extremes(entries, "cum_min", false);
}

}  // namespace accelerate::cpu
