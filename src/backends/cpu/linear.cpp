// linear, its fused forms, and matmul: products with a constant right side are packed once, others go to the
// batched product.
#include <algorithm>

#include "backends/cpu/cpu_kernel.h"
#include "backends/cpu/packed_memory.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

/// A packed weight and who keeps it alive.
struct Packed {
  PackedWeight weight;
  std::shared_ptr<void> memory;
  size_t size_bytes = 0;
};

/// The type a weight is packed in: what it is stored in, or the narrower type that was asked for.
Element packed_type(DType stored, ComputeType compute) {
  if (compute == ComputeType::bf16) return Element::bf16;
  if (compute == ComputeType::f16) return Element::f16;
  return known_element(stored);
}

bool packable(DType dtype) {
  return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16;
}

/// Packs constant operand `operand` of the site, W[n][k] by strides, in slices on all threads; pages of the file that
/// have been copied are given back as it goes.
Packed pack(const NodeSite& site, size_t operand, int64_t n, int64_t k, int64_t stride_n, int64_t stride_k,
            const KernelTable& table, CompileContext& context) {
  Tensor source = site.constant(operand);
  Packed out;
  Element type = packed_type(source.dtype(), site.compute);
  out.size_bytes = table.packed_size_bytes(n, k, type);
  out.memory = allocate_packed(out.size_bytes);
  out.weight = {out.memory.get(), n, k, type};
  PackArgs args;
  args.source = source.data();
  args.source_type = known_element(source.dtype());
  args.stride_n = stride_n;
  args.stride_k = stride_k;
  args.n = n;
  args.k = k;
  args.dst = out.memory.get();
  args.type = type;
  int64_t row_bytes = std::max<int64_t>(k, 1) * static_cast<int64_t>(size_of(source.dtype()));
  int64_t panels = std::max<int64_t>(1, (int64_t{1} << 20) / (row_bytes * table.panel_columns));
  int64_t slice = panels * table.panel_columns;
  context.executor.parallel_for((n + slice - 1) / slice, [&](int64_t task, int) {
    PackArgs own = args;
    own.n_begin = task * slice;
    own.n_end = std::min(n, own.n_begin + slice);
    table.pack(own);
    if (stride_k == 1)
      context.release(operand, static_cast<size_t>(own.n_begin * row_bytes),
                      static_cast<size_t>((own.n_end - own.n_begin) * row_bytes));
  });
  if (stride_k != 1) context.release(operand, 0, source.size_bytes());
  return out;
}

/// Where the operands of one product are in the node.
struct ProductOperands {
  size_t weight = 1;
  std::optional<size_t> bias;
};

/// A packed product with any number of weights on one x.
std::unique_ptr<Kernel> make_linear(const NodeSite& site, CompileContext& context, const KernelTable& table,
                                    const std::vector<ProductOperands>& products, Activation activation,
                                    std::optional<size_t> residual, bool transposed) {
  std::vector<std::shared_ptr<void>> memory;
  std::vector<size_t> owned;
  size_t bytes = 0;
  LinearArgs fixed;
  fixed.num_outputs = static_cast<int>(products.size());
  fixed.allow_native_low_precision = site.compute != ComputeType::f32;
  for (size_t i = 0; i < products.size(); ++i) {
    const Shape& shape = site.in(products[i].weight).shape;
    int64_t n = shape[transposed ? 1 : 0].as_constant("a weight's extent");
    int64_t k = shape[transposed ? 0 : 1].as_constant("a weight's extent");
    Packed packed = pack(site, products[i].weight, n, k, transposed ? 1 : k, transposed ? n : 1, table, context);
    fixed.k = k;
    LinearOutput& output = fixed.outputs[i];
    output.weight = packed.weight;
    output.c_stride = n;
    output.epilogue.activation = activation;
    output.epilogue.residual_stride = n;
    memory.push_back(packed.memory);
    bytes += packed.size_bytes;
    owned.push_back(products[i].weight);
  }
  fixed.a_stride = fixed.k;
  return make_kernel(
      [fixed, products, residual, &table](const ConcreteNode& node) {
        LinearArgs sized = fixed;
        const auto& x = node.inputs[0];
        if (x.back() != sized.k)
          fail(ErrorCode::invalid_shape, "x is {}; the weight takes {} features", to_string(x), sized.k);
        sized.m = product(std::span(x).first(x.size() - 1));
        Prepared out;
        out.scratch_bytes = table.linear_scratch_bytes(sized, node.num_threads);
        out.run = [sized, products, residual, &table](Executor& executor, const LaunchArgs& args) {
          if (sized.m == 0) return;
          LinearArgs call = sized;
          call.a = static_cast<const float*>(args.inputs[0]);
          for (size_t i = 0; i < products.size(); ++i) {
            LinearOutput& output = call.outputs[i];
            output.c = static_cast<float*>(args.outputs[i]);
            if (products[i].bias) output.epilogue.bias = static_cast<const float*>(args.inputs[*products[i].bias]);
            if (residual) output.epilogue.residual = static_cast<const float*>(args.inputs[*residual]);
          }
          table.linear(call, executor, args.scratch);
        };
        return out;
      },
      std::move(memory), bytes, std::move(owned));
}

std::optional<std::string> why_not_packed(const NodeSite& site, size_t weight) {
  if (auto reason = require_f32(site, {0})) return reason;
  if (!site.constant_in(weight)) return "a weight that is computed in each call";
  if (!packable(site.in(weight).dtype) || !site.in(weight).encoding.plain())
    return "a weight of " + site.in(weight).to_string();
  return std::nullopt;
}

// --- fused forms: operand positions follow src/ops/fused_linear*.cpp ---

struct FusedLinear {
  std::vector<ProductOperands> products;
  std::optional<size_t> residual;
};

FusedLinear operands_of_fused_linear(const NodeSite& site) {
  const Attrs& attrs = site.node.attrs;
  FusedLinear out;
  ProductOperands p;
  size_t next = 2;
  if (attrs.boolean("has_bias")) p.bias = next++;
  if (attrs.boolean("has_residual")) out.residual = next++;
  out.products = {p};
  return out;
}

FusedLinear operands_of_group(const NodeSite& site) {
  const Attrs& attrs = site.node.attrs;
  FusedLinear out;
  bool has_bias = attrs.boolean("has_bias");
  size_t next = 1;
  for (int64_t i = 0; i < attrs.integer("count"); ++i) {
    ProductOperands p;
    p.weight = next++;
    if (has_bias) p.bias = next++;
    out.products.push_back(p);
  }
  return out;
}

std::optional<std::string> why_not_fused(const NodeSite& site, const FusedLinear& operands) {
  if (!is_activation(site.node.attrs.string("activation")))
    return "the activation " + site.node.attrs.string("activation");
  if (operands.products.size() > LinearArgs::kMaxOutputs)
    return fmt::format("{} products; at most {}", operands.products.size(), LinearArgs::kMaxOutputs);
  for (const ProductOperands& p : operands.products) {
    if (auto reason = why_not_packed(site, p.weight)) return reason;
    if (p.bias)
      if (auto reason = require_f32(site, {*p.bias})) return reason;
  }
  if (operands.residual) return require_f32(site, {*operands.residual});
  return std::nullopt;
}

// --- batched matmul of two activations ---

void add_matmul(Entries& entries, const KernelTable& table) {
  entries.push_back({"matmul", "packed_gemm",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (site.in(1).rank() != 2 || site.in(0).rank() < 2)
                         return "a right side that is no constant matrix";
                       return why_not_packed(site, 1);
                     },
                     [&table](const NodeSite& site, CompileContext& context) {
                       return make_linear(site, context, table, {ProductOperands{}}, Activation::none, std::nullopt,
                                          true);
                     }});
  entries.push_back(
      {"matmul", "batched_gemm",
       [](const NodeSite& site) -> std::optional<std::string> {
         if (auto reason = require_f32(site, {0, 1})) return reason;
         return std::nullopt;
       },
       [&table](const NodeSite&, CompileContext&) {
         return make_kernel([&table](const ConcreteNode& node) {
           std::vector<int64_t> a = node.inputs[0];
           std::vector<int64_t> b = node.inputs[1];
           if (a.size() == 1) a.insert(a.begin(), 1);
           if (b.size() == 1) b.push_back(1);
           MatmulArgs sized;
           sized.m = a[a.size() - 2];
           sized.k = a.back();
           sized.n = b.back();
           if (b[b.size() - 2] != sized.k)
             fail(ErrorCode::invalid_shape, "matmul of {} and {}", to_string(node.inputs[0]),
                  to_string(node.inputs[1]));
           sized.a_stride = sized.k;
           sized.b_stride_k = sized.n;
           sized.b_stride_n = 1;
           sized.c_stride = sized.n;
           // Batch axes, aligned at the right; the kernel walks two, the rest are a loop.
           size_t rank = std::max(a.size(), b.size()) - 2;
           std::vector<int64_t> batch(rank, 1);
           std::vector<int64_t> sa(rank, 0);
           std::vector<int64_t> sb(rank, 0);
           auto fill = [&](const std::vector<int64_t>& shape, std::vector<int64_t>& strides) {
             int64_t stride = shape[shape.size() - 2] * shape.back();
             for (size_t i = shape.size() - 2; i-- > 0;) {
               size_t at = i + rank - (shape.size() - 2);
               if (shape[i] != 1) {
                 strides[at] = stride;
                 batch[at] = shape[i];
               }
               stride *= shape[i];
             }
           };
           fill(a, sa);
           fill(b, sb);
           int64_t total = product(batch);
           auto sc = contiguous_strides(batch);
           if (rank >= 1) {
             sized.inner = batch[rank - 1];
             sized.a_inner = sa[rank - 1];
             sized.b_inner = sb[rank - 1];
             sized.c_inner = sized.m * sized.n;
           }
           if (rank >= 2) {
             sized.outer = batch[rank - 2];
             sized.a_outer = sa[rank - 2];
             sized.b_outer = sb[rank - 2];
             sized.c_outer = sized.inner * sized.m * sized.n;
           }
           int64_t loops = sized.outer * sized.inner == 0 ? 0 : total / (sized.outer * sized.inner);
           std::vector<int64_t> more(batch.begin(), batch.begin() + static_cast<int64_t>(rank >= 2 ? rank - 2 : 0));
           Prepared out;
           out.scratch_bytes = table.matmul_scratch_bytes(sized, node.num_threads);
           out.run = [sized, loops, more, sa, sb, sc, &table](Executor& executor, const LaunchArgs& args) {
             if (sized.m * sized.n == 0) return;
             for (int64_t i = 0; i < loops; ++i) {
               int64_t rest = i;
               int64_t oa = 0;
               int64_t ob = 0;
               int64_t oc = 0;
               for (size_t axis = more.size(); axis-- > 0;) {
                 int64_t index = rest % more[axis];
                 rest /= more[axis];
                 oa += index * sa[axis];
                 ob += index * sb[axis];
                 oc += index * sc[axis] * sized.m * sized.n;
               }
               MatmulArgs call = sized;
               call.a = static_cast<const float*>(args.inputs[0]) + oa;
               call.b = static_cast<const float*>(args.inputs[1]) + ob;
               call.c = static_cast<float*>(args.outputs[0]) + oc;
               table.matmul(call, executor, args.scratch);
             }
           };
           return out;
         });
       }});
}

}  // namespace

void add_linear_kernels(Entries& entries, const KernelTable& table) {
  entries.push_back({"linear", "packed_gemm",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (auto reason = why_not_packed(site, 1)) return reason;
                       return require_f32(site, {2});
                     },
                     [&table](const NodeSite& site, CompileContext& context) {
                       ProductOperands p;
                       if (site.num_in() == 3) p.bias = 2;
                       return make_linear(site, context, table, {p}, Activation::none, std::nullopt, false);
                     }});
  entries.push_back({"fused_linear", "packed_gemm",
                     [](const NodeSite& site) { return why_not_fused(site, operands_of_fused_linear(site)); },
                     [&table](const NodeSite& site, CompileContext& context) {
                       FusedLinear f = operands_of_fused_linear(site);
                       return make_linear(site, context, table, f.products,
                                          activation_from_name(site.node.attrs.string("activation")), f.residual,
                                          false);
                     }});
  entries.push_back({"fused_linear_group", "packed_gemm",
                     [](const NodeSite& site) { return why_not_fused(site, operands_of_group(site)); },
                     [&table](const NodeSite& site, CompileContext& context) {
                       return make_linear(site, context, table, operands_of_group(site).products,
                                          activation_from_name(site.node.attrs.string("activation")), std::nullopt,
                                          false);
                     }});
  add_matmul(entries, table);
}

}  // namespace accelerate::cpu
