// Elements and slices read or written by index: gather_nd, scatter_nd, scatter_elements, masked_scatter.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

int64_t index_at(const void* indices, bool wide, int64_t i) {
  return wide ? static_cast<const int64_t*>(indices)[i] : static_cast<const int32_t*>(indices)[i];
}

int64_t inside(int64_t index, int64_t extent) {
  int64_t at = index < 0 ? index + extent : index;
  if (at < 0 || at >= extent)
    fail(ErrorCode::invalid_argument, "index {} is out of range for an axis of {}", index, extent);
  return at;
}

/// body(begin, end) for parts of [0, count), each of about `per_task` items.
template <typename Body>
void for_ranges(Executor& executor, int64_t count, int64_t per_task, Body body) {
  per_task = std::max<int64_t>(per_task, 1);
  executor.parallel_for((count + per_task - 1) / per_task,
                        [&](int64_t task, int) { body(task * per_task, std::min(count, (task + 1) * per_task)); });
}

void copy_bytes(Executor& executor, const void* from, void* to, size_t size_bytes) {
  for_ranges(executor, static_cast<int64_t>(size_bytes), int64_t{1} << 18, [&](int64_t begin, int64_t end) {
    std::memcpy(static_cast<std::byte*>(to) + begin, static_cast<const std::byte*>(from) + begin,
                static_cast<size_t>(end - begin));
  });
}

/// Where the tuples of an index tensor [..., N] point: N axes of x behind the first `batch`, slices of `inner`
/// elements.
struct Tuples {
  std::vector<int64_t> extents;
  std::vector<int64_t> strides;  // in elements
  int64_t count = 0;             // tuples
  int64_t per_batch = 1;         // tuples that share their batch axes
  int64_t batch_stride = 0;
  int64_t inner = 1;

  int64_t offset(const void* indices, bool wide, int64_t tuple) const {
    int64_t out = per_batch == 0 ? 0 : tuple / per_batch * batch_stride;
    auto n = static_cast<int64_t>(extents.size());
    for (int64_t k = 0; k < n; ++k)
      out += inside(index_at(indices, wide, tuple * n + k), extents[static_cast<size_t>(k)]) *
             strides[static_cast<size_t>(k)];
    return out;
  }
};

Tuples tuples_of(const std::vector<int64_t>& x, const std::vector<int64_t>& indices, size_t batch) {
  Tuples out;
  auto n = static_cast<size_t>(indices.back());
  auto strides = contiguous_strides(x);
  out.extents.assign(x.begin() + static_cast<int64_t>(batch), x.begin() + static_cast<int64_t>(batch + n));
  out.strides.assign(strides.begin() + static_cast<int64_t>(batch), strides.begin() + static_cast<int64_t>(batch + n));
  out.count = product(std::span(indices).first(indices.size() - 1));
  out.per_batch = product(std::span(indices).subspan(batch, indices.size() - 1 - batch));
  out.batch_stride = product(std::span(x).subspan(batch));
  out.inner = product(std::span(x).subspan(batch + n));
  return out;
}

void add_gather_nd(Entries& entries) {
  entries.push_back({"gather_nd", "gather_slices", nullptr, [](const NodeSite& site, CompileContext&) {
                       auto batch = static_cast<size_t>(site.node.attrs.integer("batch_dims"));
                       size_t element_size = size_of(site.in(0).dtype);
                       bool wide = site.in(1).dtype == DType::i64;
                       return make_kernel([=](const ConcreteNode& node) {
                         Prepared out;
                         out.run = [element_size, wide, tuples = tuples_of(node.inputs[0], node.inputs[1], batch)](
                                       Executor& executor, const LaunchArgs& args) {
                           size_t slice = static_cast<size_t>(tuples.inner) * element_size;
                           if (slice == 0) return;
                           const auto* x = static_cast<const std::byte*>(args.inputs[0]);
                           auto* y = static_cast<std::byte*>(args.outputs[0]);
                           auto per_task = static_cast<int64_t>(32768 / std::max<size_t>(slice, 8));
                           for_ranges(executor, tuples.count, per_task, [&](int64_t begin, int64_t end) {
                             for (int64_t i = begin; i < end; ++i) {
                               auto from = static_cast<size_t>(tuples.offset(args.inputs[1], wide, i));
                               std::memcpy(y + static_cast<size_t>(i) * slice, x + from * element_size, slice);
                             }
                           });
                         };
                         return out;
                       });
                     }});
}

enum class Combine : uint8_t { replace, add, mul, max, min };

Combine combine_of(const std::string& name) {
  if (name == "add") return Combine::add;
  if (name == "mul") return Combine::mul;
  if (name == "max") return Combine::max;
  if (name == "min") return Combine::min;
  return Combine::replace;
}

template <typename T>
T combined(Combine how, T a, T b) {
  using Wrapping = std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>, std::type_identity<T>>::type;
  switch (how) {
    case Combine::replace: return b;
    case Combine::add: return static_cast<T>(static_cast<Wrapping>(a) + static_cast<Wrapping>(b));
    case Combine::mul: return static_cast<T>(static_cast<Wrapping>(a) * static_cast<Wrapping>(b));
    case Combine::max: return b > a || b != b ? b : a;
    case Combine::min: return b < a || b != b ? b : a;
  }
  return b;
}

/// Replacements move bytes of any type; combinations compute.
std::optional<std::string> why_not_scatter(const NodeSite& site) {
  DType t = site.in(0).dtype;
  bool computes = t == DType::f32 || t == DType::i64 || t == DType::i32;
  if (site.node.attrs.string("reduction") != "none" && !computes)
    return fmt::format("{} of {}", site.node.attrs.string("reduction"), name_of(t));
  return std::nullopt;
}

/// fn.template operator()<T>() for the type that the elements have, or have the size of.
template <typename Fn>
void with_element(DType dtype, bool computes, Fn fn) {
  if (computes && dtype == DType::f32) return fn(float{});
  switch (size_of(dtype)) {
    case 1: return fn(uint8_t{});
    case 2: return fn(uint16_t{});
    case 4: return fn(int32_t{});
    default: return fn(int64_t{});
  }
}

template <typename T>
void scatter_slices(Executor& executor, const Tuples& tuples, Combine how, bool wide, const LaunchArgs& args) {
  const T* updates = static_cast<const T*>(args.inputs[2]);
  T* y = static_cast<T*>(args.outputs[0]);
  // Several updates of one slice follow each other: threads share the columns of the slices, not the slices.
  int64_t columns = tuples.count * tuples.inner < 16384 ? tuples.inner : 128;
  for_ranges(executor, tuples.inner, columns, [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < tuples.count; ++i) {
      T* to = y + tuples.offset(args.inputs[1], wide, i);
      const T* from = updates + i * tuples.inner;
      if (how == Combine::replace) {
        std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin) * sizeof(T));
      } else {
        for (int64_t j = begin; j < end; ++j) to[j] = combined(how, to[j], from[j]);
      }
    }
  });
}

void add_scatter_nd(Entries& entries) {
  entries.push_back({"scatter_nd", "scatter_slices", why_not_scatter, [](const NodeSite& site, CompileContext&) {
                       DType dtype = site.in(0).dtype;
                       bool wide = site.in(1).dtype == DType::i64;
                       Combine how = combine_of(site.node.attrs.string("reduction"));
                       return make_kernel([=](const ConcreteNode& node) {
                         Tuples tuples = tuples_of(node.inputs[0], node.inputs[1], 0);
                         if (tuples.count * tuples.inner != product(node.inputs[2]))
                           fail(ErrorCode::invalid_shape, "updates are {}; expected {} slices of {} elements",
                                to_string(node.inputs[2]), tuples.count, tuples.inner);
                         size_t size_bytes = static_cast<size_t>(product(node.outputs[0])) * size_of(dtype);
                         Prepared out;
                         out.run = [dtype, wide, how, tuples, size_bytes](Executor& executor, const LaunchArgs& args) {
                           copy_bytes(executor, args.inputs[0], args.outputs[0], size_bytes);
                           with_element(dtype, how != Combine::replace,
                                        [&]<typename T>(T) { scatter_slices<T>(executor, tuples, how, wide, args); });
                         };
                         return out;
                       });
                     }});
}

/// Updates [outer, size, inner] around the axis, and where each of their lines begins in x.
struct ScatterLines {
  int64_t outer = 1, size = 0, inner = 1;
  int64_t extent = 0, stride = 1;  // of the axis in x
  std::vector<int64_t> outer_base;
  std::vector<int64_t> inner_base;
};

/// Offset in x of each row-major index of `shape`.
std::vector<int64_t> bases_of(std::span<const int64_t> shape, std::span<const int64_t> strides) {
  std::vector<int64_t> out{0};
  for (size_t k = 0; k < shape.size(); ++k) {
    std::vector<int64_t> next;
    next.reserve(out.size() * static_cast<size_t>(shape[k]));
    for (int64_t base : out)
      for (int64_t i = 0; i < shape[k]; ++i) next.push_back(base + i * strides[k]);
    out = std::move(next);
  }
  return out;
}

template <typename T>
void scatter_lines(Executor& executor, const ScatterLines& lines, Combine how, bool wide, const LaunchArgs& args) {
  const T* updates = static_cast<const T*>(args.inputs[2]);
  T* y = static_cast<T*>(args.outputs[0]);
  // Lines never meet; the updates of one line follow each other.
  int64_t per_task = std::max<int64_t>(1, 8192 / std::max<int64_t>(lines.size, 1));
  for_ranges(executor, lines.outer * lines.inner, per_task, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      int64_t o = at / lines.inner;
      int64_t first = at % lines.inner;
      int64_t last = std::min(lines.inner, first + end - at);
      T* to = y + lines.outer_base[static_cast<size_t>(o)];
      for (int64_t j = 0; j < lines.size; ++j) {
        int64_t row = (o * lines.size + j) * lines.inner;
        for (int64_t i = first; i < last; ++i) {
          T& element = to[inside(index_at(args.inputs[1], wide, row + i), lines.extent) * lines.stride +
                          lines.inner_base[static_cast<size_t>(i)]];
          element = combined(how, element, updates[row + i]);
        }
      }
      at += last - first;
    }
  });
}

void add_scatter_elements(Entries& entries) {
  entries.push_back({"scatter_elements", "scatter_lines",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (site.in(0).rank() == 0) return "a scalar";
                       return why_not_scatter(site);
                     },
                     [](const NodeSite& site, CompileContext&) {
                       DType dtype = site.in(0).dtype;
                       bool wide = site.in(1).dtype == DType::i64;
                       Combine how = combine_of(site.node.attrs.string("reduction"));
                       auto axis = static_cast<size_t>(site.node.attrs.integer("axis"));
                       return make_kernel([=](const ConcreteNode& node) {
                         std::span<const int64_t> x = node.inputs[0];
                         std::span<const int64_t> shape = node.inputs[1];
                         for (size_t k = 0; k < x.size(); ++k)
                           if (shape[k] != node.inputs[2][k] || (k != axis && shape[k] > x[k]))
                             fail(ErrorCode::invalid_shape, "indices are {} and updates {} for x {}",
                                  to_string(node.inputs[1]), to_string(node.inputs[2]), to_string(node.inputs[0]));
                         auto strides = contiguous_strides(x);
                         ScatterLines lines;
                         lines.outer = product(shape.first(axis));
                         lines.size = shape[axis];
                         lines.inner = product(shape.subspan(axis + 1));
                         lines.extent = x[axis];
                         lines.stride = strides[axis];
                         lines.outer_base = bases_of(shape.first(axis), strides);
                         lines.inner_base =
                             bases_of(shape.subspan(axis + 1), std::span<const int64_t>(strides).subspan(axis + 1));
                         size_t size_bytes = static_cast<size_t>(product(x)) * size_of(dtype);
                         Prepared out;
                         out.run = [dtype, wide, how, lines = std::move(lines), size_bytes](Executor& executor,
                                                                                            const LaunchArgs& args) {
                           copy_bytes(executor, args.inputs[0], args.outputs[0], size_bytes);
                           with_element(dtype, how != Combine::replace,
                                        [&]<typename T>(T) { scatter_lines<T>(executor, lines, how, wide, args); });
                         };
                         return out;
                       });
                     }});
}

void add_masked_scatter(Entries& entries) {
  entries.push_back(
      {"masked_scatter", "copy_blocks", nullptr, [](const NodeSite& site, CompileContext&) {
         size_t element_size = size_of(site.in(0).dtype);
         return make_kernel([element_size](const ConcreteNode& node) {
           const auto& x = node.inputs[0];
           std::vector<int64_t> mask(x.size() - node.inputs[1].size(), 1);
           mask.insert(mask.end(), node.inputs[1].begin(), node.inputs[1].end());
           auto strides = contiguous_strides(mask);
           // One element of the mask stands for `block` elements of x.
           int64_t block = 1;
           size_t rank = x.size();
           for (; rank > 0 && (mask[rank - 1] == 1); --rank) block *= x[rank - 1];
           std::vector<int64_t> walked(x.begin(), x.begin() + static_cast<int64_t>(rank));
           for (size_t k = 0; k < rank; ++k) {
             if (mask[k] != 1 && mask[k] != x[k])
               fail(ErrorCode::invalid_shape, "mask is {} for x {}", to_string(node.inputs[1]), to_string(x));
             if (mask[k] == 1) strides[k] = 0;
           }
           auto bases = [&] {
             bool same = std::equal(walked.begin(), walked.end(), mask.begin());
             return same ? std::vector<int64_t>() : bases_of(walked, std::span<const int64_t>(strides).first(rank));
           }();
           int64_t count = product(walked);
           int64_t available = product(node.inputs[2]);
           Prepared out;
           out.run = [=, bases = std::move(bases)](Executor& executor, const LaunchArgs& args) {
             size_t bytes = static_cast<size_t>(block) * element_size;
             copy_bytes(executor, args.inputs[0], args.outputs[0], static_cast<size_t>(count) * bytes);
             const auto* chosen = static_cast<const uint8_t*>(args.inputs[1]);
             const auto* source = static_cast<const std::byte*>(args.inputs[2]);
             auto* y = static_cast<std::byte*>(args.outputs[0]);
             if (bytes == 0) return;
             int64_t used = 0;
             for (int64_t i = 0; i < count; ++i) {
               if (chosen[bases.empty() ? i : bases[static_cast<size_t>(i)]] == 0) continue;
               if (used + block > available)
                 fail(ErrorCode::invalid_argument, "source has {} elements; the mask asks for more", available);
               std::memcpy(y + static_cast<size_t>(i) * bytes, source + static_cast<size_t>(used) * element_size,
                           bytes);
               used += block;
             }
           };
           return out;
         });
       }});
}

/// First position of sorted numbers that is not before (right: that is behind) each value.
template <typename T>
void search_lines(Executor& executor, bool right, int64_t n, int64_t per_line, int64_t total, const LaunchArgs& args) {
  const T* sorted = static_cast<const T*>(args.inputs[0]);
  const T* values = static_cast<const T*>(args.inputs[1]);
  auto* y = static_cast<int64_t*>(args.outputs[0]);
  auto before = [](T a, T b) { return a < b || (b != b && a == a); };
  for_ranges(executor, total, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const T* line = sorted + i / per_line * n;
      y[i] = (right ? std::upper_bound(line, line + n, values[i], before)
                    : std::lower_bound(line, line + n, values[i], before)) -
             line;
    }
  });
}

void add_search_sorted(Entries& entries) {
  entries.push_back({"search_sorted", "binary_search",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       DType t = site.in(0).dtype;
                       if (t == DType::f32 || t == DType::f64 || t == DType::i64 || t == DType::i32)
                         return std::nullopt;
                       return fmt::format("numbers of {}", name_of(t));
                     },
                     [](const NodeSite& site, CompileContext&) {
                       DType dtype = site.in(0).dtype;
                       bool right = site.node.attrs.boolean("right");
                       return make_kernel([dtype, right](const ConcreteNode& node) {
                         int64_t n = node.inputs[0].back();
                         int64_t total = product(node.inputs[1]);
                         int64_t per_line =
                             std::max<int64_t>(1, node.inputs[0].size() == 1 ? total : node.inputs[1].back());
                         Prepared out;
                         out.run = [=](Executor& executor, const LaunchArgs& args) {
                           switch (dtype) {
                             case DType::f32: return search_lines<float>(executor, right, n, per_line, total, args);
                             case DType::f64: return search_lines<double>(executor, right, n, per_line, total, args);
                             case DType::i32: return search_lines<int32_t>(executor, right, n, per_line, total, args);
                             default: return search_lines<int64_t>(executor, right, n, per_line, total, args);
                           }
                         };
                         return out;
                       });
                     }});
}

}  // namespace

void add_indexing_kernels(Entries& entries) {
  add_gather_nd(entries);
  add_scatter_nd(entries);
  add_scatter_elements(entries);
  add_masked_scatter(entries);
  add_search_sorted(entries);
}

}  // namespace accelerate::cpu
