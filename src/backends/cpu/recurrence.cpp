// recurrence: a product of the state with its weights in each step, then the gates of each item of the batch.
#include <algorithm>
#include <cstring>

#include "backends/cpu/cpu_kernel.h"
#include "base/error.h"

namespace accelerate::cpu {
namespace {

enum class Cell : uint8_t { lstm, gru, tanh, relu };

/// What src/ops/recurrence.cpp says about operands, and the extents of a call.
struct RecurrenceShape {
  Cell cell = Cell::lstm;
  bool reverse = false;
  size_t weight = 2;
  std::optional<size_t> bias;
  std::optional<size_t> projection;
  int64_t gates = 1;
  int64_t steps = 0, batch = 0, width = 0, size = 0;
  int64_t rows() const { return gates * width; }
};

RecurrenceShape shape_of(const Attrs& attrs) {
  RecurrenceShape s;
  const std::string& kind = attrs.string("kind");
  s.cell = kind == "lstm" ? Cell::lstm : kind == "gru" ? Cell::gru : kind == "tanh" ? Cell::tanh : Cell::relu;
  s.gates = s.cell == Cell::lstm ? 4 : s.cell == Cell::gru ? 3 : 1;
  s.reverse = attrs.boolean("reverse");
  s.weight = s.cell == Cell::lstm ? 3 : 2;
  size_t next = s.weight + 1;
  if (attrs.boolean("has_bias")) s.bias = next++;
  if (attrs.boolean("has_projection")) s.projection = next++;
  return s;
}

/// x [m,k] times the transpose of w [n,k], which is packed if it is constant.
class StateProduct {
 public:
  StateProduct() = default;
  StateProduct(const NodeSite& site, size_t operand, CompileContext& context, const KernelTable& table)
      : table_(&table), operand_(operand) {
    if (!site.constant_in(operand)) return;
    Tensor source = site.constant(operand);
    PackArgs args;
    args.n = args.n_end = source.dim(0);
    args.k = args.stride_n = source.dim(1);
    args.source = source.data();
    size_bytes_ = table.packed_size_bytes(args.n, args.k, Element::f32);
    packed_ = allocate_aligned(std::max<size_t>(size_bytes_, 64));
    args.dst = packed_.get();
    table.pack(args);
    context.release(operand, 0, source.size_bytes());
  }
  bool packed() const { return packed_ != nullptr; }
  size_t operand() const { return operand_; }
  size_t size_bytes() const { return size_bytes_; }

  size_t scratch_bytes(int64_t m, int64_t n, int64_t k, int num_threads) const {
    if (table_ == nullptr) return 0;
    return packed() ? table_->linear_scratch_bytes(linear_args(m, n, k), num_threads)
                    : table_->matmul_scratch_bytes(matmul_args(m, n, k), num_threads);
  }
  void run(int64_t m, int64_t n, int64_t k, const float* x, float* y, const LaunchArgs& args, Executor& executor,
           void* scratch) const {
    if (packed()) {
      LinearArgs call = linear_args(m, n, k);
      call.a = x;
      call.outputs[0].c = y;
      table_->linear(call, executor, scratch);
    } else {
      MatmulArgs call = matmul_args(m, n, k);
      call.a = x;
      call.b = static_cast<const float*>(args.inputs[operand_]);
      call.c = y;
      table_->matmul(call, executor, scratch);
    }
  }

 private:
  LinearArgs linear_args(int64_t m, int64_t n, int64_t k) const {
    LinearArgs out;
    out.m = m;
    out.k = out.a_stride = k;
    out.outputs[0].weight = {packed_.get(), n, k, Element::f32};
    out.outputs[0].c_stride = n;
    return out;
  }
  static MatmulArgs matmul_args(int64_t m, int64_t n, int64_t k) {
    MatmulArgs out;
    out.m = m;
    out.n = out.c_stride = n;
    out.k = out.a_stride = out.b_stride_n = k;
    out.b_stride_k = 1;
    return out;
  }
  const KernelTable* table_ = nullptr;
  size_t operand_ = 0;
  size_t size_bytes_ = 0;
  std::shared_ptr<void> packed_;
};

Operand span_of(const float* data) {
  return {data, false};
}

/// One item of the batch: what the state adds to the gates is in `state` [G*H] (and is overwritten), the inputs' part
/// in `input`. The unit outputs [H] go to `out`; `cell` [H] is changed in place. previous: the hidden state [H] before.
void step(const RecurrenceShape& s, const KernelTable& table, const float* input, float* state, const float* bias,
          const float* previous, float* cell, float* out) {
  int64_t h = s.width;
  if (bias != nullptr) table.binary(Binary::add, s.rows(), span_of(state), span_of(bias), state);
  switch (s.cell) {
    case Cell::lstm:
      table.binary(Binary::add, s.rows(), span_of(state), span_of(input), state);
      table.unary(Unary::sigmoid, 2 * h, state, state, 0, 0);
      table.unary(Unary::tanh, h, state + 2 * h, state + 2 * h, 0, 0);
      table.unary(Unary::sigmoid, h, state + 3 * h, state + 3 * h, 0, 0);
      for (int64_t i = 0; i < h; ++i) cell[i] = state[h + i] * cell[i] + state[i] * state[2 * h + i];
      table.unary(Unary::tanh, h, cell, out, 0, 0);
      table.binary(Binary::mul, h, span_of(out), span_of(state + 3 * h), out);
      break;
    case Cell::gru:
      table.binary(Binary::add, 2 * h, span_of(state), span_of(input), state);
      table.unary(Unary::sigmoid, 2 * h, state, state, 0, 0);
      table.binary(Binary::mul, h, span_of(state), span_of(state + 2 * h), state);
      table.binary(Binary::add, h, span_of(state), span_of(input + 2 * h), state);
      table.unary(Unary::tanh, h, state, state, 0, 0);
      for (int64_t i = 0; i < h; ++i) out[i] = state[i] + state[h + i] * (previous[i] - state[i]);
      break;
    case Cell::tanh:
    case Cell::relu:
      table.binary(Binary::add, h, span_of(state), span_of(input), state);
      table.unary(s.cell == Cell::tanh ? Unary::tanh : Unary::relu, h, state, out, 0, 0);
      break;
  }
}

struct RecurrenceKernel {
  RecurrenceShape fixed;
  StateProduct weight;
  StateProduct projection;
  const KernelTable* table;

  Prepared specialize(const ConcreteNode& node) const {
    RecurrenceShape s = fixed;
    const auto& gates = node.inputs[0];
    s.steps = gates[0];
    s.batch = gates[1];
    s.width = gates[2] / s.gates;
    s.size = node.inputs[1][1];
    if (node.inputs[1][0] != s.batch || node.inputs[s.weight][0] != gates[2] || node.inputs[s.weight][1] != s.size)
      fail(ErrorCode::invalid_shape, "gates are {}, hidden {} and weight {}", to_string(gates),
           to_string(node.inputs[1]), to_string(node.inputs[s.weight]));
    size_t product_bytes = std::max(weight.scratch_bytes(s.batch, s.rows(), s.size, node.num_threads),
                                    projection.scratch_bytes(s.batch, s.size, s.width, node.num_threads));
    product_bytes = (product_bytes + 63) / 64 * 64;
    Prepared out;
    out.scratch_bytes = product_bytes + static_cast<size_t>(s.batch * (s.rows() + s.width)) * sizeof(float);
    out.run = [self = *this, s, product_bytes](Executor& executor, const LaunchArgs& args) {
      self.run(s, executor, args, product_bytes);
    };
    return out;
  }

  void run(const RecurrenceShape& s, Executor& executor, const LaunchArgs& args, size_t product_bytes) const {
    auto* state = reinterpret_cast<float*>(static_cast<std::byte*>(args.scratch) + product_bytes);
    float* units = state + s.batch * s.rows();
    const auto* gates = static_cast<const float*>(args.inputs[0]);
    auto* outputs = static_cast<float*>(args.outputs[0]);
    const auto* hidden = static_cast<const float*>(args.inputs[1]);
    const float* bias = s.bias ? static_cast<const float*>(args.inputs[*s.bias]) : nullptr;
    float* cell = nullptr;
    if (s.cell == Cell::lstm) {
      cell = static_cast<float*>(args.outputs[2]);
      std::memcpy(cell, args.inputs[2], static_cast<size_t>(s.batch * s.width) * sizeof(float));
    }
    int64_t items = std::max<int64_t>(1, 4096 / std::max<int64_t>(s.rows(), 1));
    for (int64_t i = 0; i < s.steps; ++i) {
      int64_t t = s.reverse ? s.steps - 1 - i : i;
      float* out = outputs + t * s.batch * s.size;
      weight.run(s.batch, s.rows(), s.size, hidden, state, args, executor, args.scratch);
      executor.parallel_for((s.batch + items - 1) / items, [&](int64_t task, int) {
        for (int64_t b = task * items; b < std::min(s.batch, (task + 1) * items); ++b)
          step(s, *table, gates + (t * s.batch + b) * s.rows(), state + b * s.rows(), bias, hidden + b * s.size,
               cell == nullptr ? nullptr : cell + b * s.width, s.projection ? units + b * s.width : out + b * s.size);
      });
      if (s.projection) projection.run(s.batch, s.size, s.width, units, out, args, executor, args.scratch);
      hidden = out;
    }
    std::memcpy(args.outputs[1], hidden, static_cast<size_t>(s.batch * s.size) * sizeof(float));
  }
};

}  // namespace

void add_recurrence_kernels(Entries& entries, const KernelTable& table) {
  entries.push_back({"recurrence", "steps", [](const NodeSite& site) { return require_f32(site, {0, 1, 2, 3, 4, 5}); },
                     [&table](const NodeSite& site, CompileContext& context) {
                       RecurrenceKernel kernel;
                       kernel.fixed = shape_of(site.node.attrs);
                       kernel.table = &table;
                       kernel.weight = StateProduct(site, kernel.fixed.weight, context, table);
                       if (kernel.fixed.projection)
                         kernel.projection = StateProduct(site, *kernel.fixed.projection, context, table);
                       std::vector<size_t> owned;
                       size_t bytes = 0;
                       for (const StateProduct* p : {&kernel.weight, &kernel.projection}) {
                         bytes += p->size_bytes();
                         if (p->packed()) owned.push_back(p->operand());
                       }
                       return make_kernel([kernel](const ConcreteNode& node) { return kernel.specialize(node); }, {},
                                          bytes, owned);
                     }});
}

}  // namespace accelerate::cpu
