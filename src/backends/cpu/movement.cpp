// Ops that move data: each is one or several strided copies, worked out when the extents are known.
#include <cstring>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

/// One copy between operand `input` and result `output`, with offsets in elements.
struct CopyStep {
  CopyArgs args;
  size_t input = 0;
  size_t output = 0;
  int64_t src_offset = 0;
  int64_t dst_offset = 0;
};

Prepared run_copies(std::vector<CopyStep> steps, const KernelTable& table) {
  std::erase_if(steps, [](const CopyStep& s) { return product({s.args.dims, static_cast<size_t>(s.args.rank)}) == 0; });
  Prepared out;
  out.run = [steps = std::move(steps), &table](Executor& executor, const LaunchArgs& args) {
    for (const CopyStep& step : steps) {
      CopyArgs copy = step.args;
      copy.src = static_cast<const std::byte*>(args.inputs[step.input]) +
                 step.src_offset * static_cast<int64_t>(copy.element_size);
      copy.dst = static_cast<std::byte*>(args.outputs[step.output]) +
                 step.dst_offset * static_cast<int64_t>(copy.element_size);
      table.copy(copy, executor);
    }
  };
  return out;
}

using PlanCopies =
    std::function<std::vector<CopyStep>(const Attrs& attrs, size_t element_size, const ConcreteNode& node)>;

void add_copy_kernel(Entries& entries, const KernelTable& table, const std::string& op, PlanCopies plan,
                     std::function<std::optional<std::string>(const NodeSite&)> why_not = nullptr) {
  entries.push_back(
      {op, "copy", std::move(why_not), [plan = std::move(plan), &table](const NodeSite& site, CompileContext&) {
         size_t element_size = size_of(site.out().dtype);
         return make_kernel([attrs = site.node.attrs, element_size, plan, &table](const ConcreteNode& node) {
           return run_copies(plan(attrs, element_size, node), table);
         });
       }});
}

std::vector<CopyStep> plan_transpose(const Attrs& attrs, size_t element_size, const ConcreteNode& node) {
  const auto& permutation = attrs.integers("permutation");
  auto in = contiguous_strides(node.inputs[0]);
  std::vector<int64_t> src;
  for (int64_t axis : permutation) src.push_back(in[static_cast<size_t>(axis)]);
  return {{make_copy(node.outputs[0], src, contiguous_strides(node.outputs[0]), element_size), 0, 0, 0, 0}};
}

std::vector<CopyStep> plan_slice(const Attrs& attrs, size_t element_size, const ConcreteNode& node) {
  auto axis = static_cast<size_t>(attrs.integer("axis"));
  auto src = contiguous_strides(node.inputs[0]);
  int64_t start = attrs.dims("start")[0].evaluate(node.dims);
  int64_t count = node.outputs[0][axis];
  int64_t step = attrs.integer("step");
  if (count > 0 && (start < 0 || start + (count - 1) * step >= node.inputs[0][axis]))
    fail(ErrorCode::invalid_shape, "slice of axis {} from {} with {} positions of step {} leaves the extent {}", axis,
         start, count, step, node.inputs[0][axis]);
  int64_t offset = start * src[axis];
  src[axis] *= step;
  return {{make_copy(node.outputs[0], src, contiguous_strides(node.outputs[0]), element_size), 0, 0, offset, 0}};
}

std::vector<CopyStep> plan_concat(const Attrs& attrs, size_t element_size, const ConcreteNode& node) {
  auto axis = static_cast<size_t>(attrs.integer("axis"));
  auto dst = contiguous_strides(node.outputs[0]);
  std::vector<CopyStep> steps;
  int64_t offset = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    steps.push_back({make_copy(node.inputs[i], contiguous_strides(node.inputs[i]), dst, element_size), i, 0, 0,
                     offset * dst[axis]});
    offset += node.inputs[i][axis];
  }
  return steps;
}

std::vector<CopyStep> plan_split(const Attrs& attrs, size_t element_size, const ConcreteNode& node) {
  auto axis = static_cast<size_t>(attrs.integer("axis"));
  auto src = contiguous_strides(node.inputs[0]);
  std::vector<CopyStep> steps;
  int64_t offset = 0;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    steps.push_back({make_copy(node.outputs[i], src, contiguous_strides(node.outputs[i]), element_size), 0, i,
                     offset * src[axis], 0});
    offset += node.outputs[i][axis];
  }
  if (offset != node.inputs[0][axis])
    fail(ErrorCode::invalid_shape, "split of axis {}: the parts have {} positions together, the axis has {}", axis,
         offset, node.inputs[0][axis]);
  return steps;
}

std::vector<CopyStep> plan_expand(const Attrs&, size_t element_size, const ConcreteNode& node) {
  const auto& to = node.outputs[0];
  const auto& from = node.inputs[0];
  auto own = contiguous_strides(from);
  std::vector<int64_t> src(to.size(), 0);
  size_t shift = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1 && from[i] != to[i + shift])
      fail(ErrorCode::invalid_shape, "{} cannot be expanded to {}", to_string(from), to_string(to));
    if (from[i] != 1) src[i + shift] = own[i];
  }
  return {{make_copy(to, src, contiguous_strides(to), element_size), 0, 0, 0, 0}};
}

std::vector<CopyStep> plan_unfold(const Attrs& attrs, size_t element_size, const ConcreteNode& node) {
  auto axis = static_cast<size_t>(attrs.integer("axis"));
  if (node.inputs[0][axis] < node.outputs[0].back())
    fail(ErrorCode::invalid_shape, "windows of {} on an axis of {}; expected at most that", node.outputs[0].back(),
         node.inputs[0][axis]);
  auto src = contiguous_strides(node.inputs[0]);
  src.push_back(src[axis]);
  src[axis] *= attrs.integer("step");
  return {{make_copy(node.outputs[0], src, contiguous_strides(node.outputs[0]), element_size), 0, 0, 0, 0}};
}

std::vector<CopyStep> plan_flip(const Attrs& attrs, size_t element_size, const ConcreteNode& node) {
  auto src = contiguous_strides(node.inputs[0]);
  int64_t offset = 0;
  for (int64_t axis : attrs.integers("axes")) {
    auto a = static_cast<size_t>(axis);
    if (node.inputs[0][a] > 0) offset += (node.inputs[0][a] - 1) * src[a];
    src[a] = -src[a];
  }
  return {{make_copy(node.outputs[0], src, contiguous_strides(node.outputs[0]), element_size), 0, 0, offset, 0}};
}

/// Rows of `row_bytes` picked by index; shared by gather and embedding.
template <typename Index>
void gather_rows(Executor& executor, const std::byte* table, const Index* indices, std::byte* out, int64_t outer,
                 int64_t axis_extent, int64_t num_indices, size_t row_bytes, bool allow_negative) {
  int64_t total = outer * num_indices;
  int64_t per_task = std::max<int64_t>(1, static_cast<int64_t>(32768 / std::max<size_t>(row_bytes, 1)));
  executor.parallel_for((total + per_task - 1) / per_task, [&](int64_t task, int) {
    for (int64_t i = task * per_task; i < std::min(total, (task + 1) * per_task); ++i) {
      int64_t index = indices[i % num_indices];
      int64_t row = index < 0 && allow_negative ? index + axis_extent : index;
      if (row < 0 || row >= axis_extent)
        fail(ErrorCode::invalid_argument, "index {} at position {} is out of range: the table has {} rows", index,
             i % num_indices, axis_extent);
      std::memcpy(out + static_cast<size_t>(i) * row_bytes,
                  table + static_cast<size_t>(i / num_indices * axis_extent + row) * row_bytes, row_bytes);
    }
  });
}

void add_gather(Entries& entries, const std::string& op, bool embedding) {
  auto why_not = [](const NodeSite& site) -> std::optional<std::string> {
    DType index = site.in(1).dtype;
    if (index != DType::i64 && index != DType::i32) return fmt::format("indices of {}", name_of(index));
    if (!site.in(0).encoding.plain()) return "an encoded table";
    return std::nullopt;
  };
  entries.push_back({op, "gather_rows", why_not, [embedding](const NodeSite& site, CompileContext&) {
                       size_t element_size = size_of(site.in(0).dtype);
                       bool wide = site.in(1).dtype == DType::i64;
                       int64_t axis = embedding ? 0 : site.node.attrs.integer("axis");
                       return make_kernel([element_size, wide, axis, embedding](const ConcreteNode& node) {
                         auto a = static_cast<size_t>(axis);
                         const auto& x = node.inputs[0];
                         int64_t outer = product(std::span(x).first(a));
                         int64_t extent = x[a];
                         int64_t inner = product(std::span(x).subspan(a + 1));
                         int64_t count = product(node.inputs[1]);
                         size_t row_bytes = static_cast<size_t>(inner) * element_size;
                         Prepared out;
                         out.run = [=](Executor& executor, const LaunchArgs& args) {
                           if (outer * count == 0 || row_bytes == 0) return;
                           const auto* table = static_cast<const std::byte*>(args.inputs[0]);
                           auto* y = static_cast<std::byte*>(args.outputs[0]);
                           if (wide) {
                             gather_rows(executor, table, static_cast<const int64_t*>(args.inputs[1]), y, outer, extent,
                                         count, row_bytes, !embedding);
                           } else {
                             gather_rows(executor, table, static_cast<const int32_t*>(args.inputs[1]), y, outer, extent,
                                         count, row_bytes, !embedding);
                           }
                         };
                         return out;
                       });
                     }});
}

/// Fills n elements of `size` bytes with the pattern at value.
void fill(std::byte* out, int64_t n, const void* value, size_t size) {
  for (int64_t i = 0; i < n; ++i) std::memcpy(out + static_cast<size_t>(i) * size, value, size);
}

void add_pad(Entries& entries, const KernelTable& table) {
  entries.push_back({"pad", "fill_and_copy",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (site.node.attrs.string("mode") != "constant")
                         return "padding mode " + site.node.attrs.string("mode");
                       return std::nullopt;
                     },
                     [&table](const NodeSite& site, CompileContext&) {
                       Tensor value = Tensor::scalar(site.out().dtype, site.node.attrs.number("value"));
                       return make_kernel([attrs = site.node.attrs, value, &table](const ConcreteNode& node) {
                         size_t element_size = size_of(value.dtype());
                         auto dst = contiguous_strides(node.outputs[0]);
                         int64_t offset = 0;
                         const Shape& begin = attrs.dims("begin");
                         for (size_t i = 0; i < begin.size(); ++i) {
                           int64_t b = begin[i].evaluate(node.dims);
                           if (b < 0) fail(ErrorCode::invalid_shape, "padding of axis {} by {}", i, b);
                           offset += b * dst[i];
                         }
                         CopyStep copy{make_copy(node.inputs[0], contiguous_strides(node.inputs[0]), dst, element_size),
                                       0, 0, 0, offset};
                         Prepared inner = run_copies({copy}, table);
                         int64_t total = product(node.outputs[0]);
                         Prepared out;
                         out.run = [inner, total, value, element_size](Executor& executor, const LaunchArgs& args) {
                           fill(static_cast<std::byte*>(args.outputs[0]), total, value.data(), element_size);
                           inner.run(executor, args);
                         };
                         return out;
                       });
                     }});
}

void add_generators(Entries& entries) {
  entries.push_back({"full", "fill", nullptr, [](const NodeSite& site, CompileContext&) {
                       Tensor value = Tensor::scalar(site.out().dtype, site.node.attrs.number("value"));
                       return make_kernel([value](const ConcreteNode& node) {
                         int64_t total = product(node.outputs[0]);
                         Prepared out;
                         out.run = [total, value](Executor&, const LaunchArgs& args) {
                           fill(static_cast<std::byte*>(args.outputs[0]), total, value.data(), size_of(value.dtype()));
                         };
                         return out;
                       });
                     }});
  auto values_kernel = [](std::function<Tensor(const Attrs&, DType, const ConcreteNode&)> make) {
    return [make](const NodeSite& site, CompileContext&) {
      DType dtype = site.out().dtype;
      return make_kernel([attrs = site.node.attrs, dtype, make](const ConcreteNode& node) {
        Tensor values = make(attrs, dtype, node);
        Prepared out;
        out.run = [values](Executor&, const LaunchArgs& args) {
          std::memcpy(args.outputs[0], values.data(), values.size_bytes());
        };
        return out;
      });
    };
  };
  entries.push_back(
      {"iota", "precomputed", nullptr, values_kernel([](const Attrs&, DType dtype, const ConcreteNode& node) {
         Tensor out(dtype, node.outputs[0]);
         for (int64_t i = 0; i < out.num_elements(); ++i) out.set_int(i, i);
         return out;
       })});
  entries.push_back({"dim_value", "precomputed", nullptr,
                     values_kernel([](const Attrs& attrs, DType dtype, const ConcreteNode& node) {
                       Tensor out(dtype, {});
                       out.set_int(0, attrs.dims("dim")[0].evaluate(node.dims));
                       return out;
                     })});
}

}  // namespace

void add_movement_kernels(Entries& entries, const KernelTable& table) {
  add_copy_kernel(entries, table, "transpose", plan_transpose);
  add_copy_kernel(entries, table, "slice", plan_slice);
  add_copy_kernel(entries, table, "concat", plan_concat);
  add_copy_kernel(entries, table, "split", plan_split);
  add_copy_kernel(entries, table, "expand", plan_expand);
  add_copy_kernel(entries, table, "flip", plan_flip);
  add_copy_kernel(entries, table, "unfold", plan_unfold);
  add_gather(entries, "gather", false);
  add_gather(entries, "embedding", true);
  add_pad(entries, table);
  add_generators(entries);
}

}  // namespace accelerate::cpu
