#include "backends/cpu/kernels/simd/kernels.h"
#include "backends/cpu/kernels/simd/rows.h"

namespace accelerate::cpu::ACCELERATE_TARGET {
namespace {

// Largest (or smallest) that lets a NaN of either operand through.
ACCELERATE_INLINE V max_nan(V a, V b) {
  return select(is_nan(a), a, max(a, b));
}
ACCELERATE_INLINE V min_nan(V a, V b) {
  return select(is_nan(a), a, min(a, b));
}

struct SumOp {
  static constexpr float kStart = 0.0f;
  ACCELERATE_INLINE V apply(V acc, V x) { return acc + x; }
  ACCELERATE_INLINE V join(V a, V b) { return a + b; }
  ACCELERATE_INLINE float across(V acc) { return reduce_add(acc); }
};
struct SquaresOp {
  static constexpr float kStart = 0.0f;
  ACCELERATE_INLINE V apply(V acc, V x) { return fma(x, x, acc); }
  ACCELERATE_INLINE V join(V a, V b) { return a + b; }
  ACCELERATE_INLINE float across(V acc) { return reduce_add(acc); }
};
struct SumAbsOp {
  static constexpr float kStart = 0.0f;
  ACCELERATE_INLINE V apply(V acc, V x) { return acc + abs(x); }
  ACCELERATE_INLINE V join(V a, V b) { return a + b; }
  ACCELERATE_INLINE float across(V acc) { return reduce_add(acc); }
};
struct ProdOp {
  static constexpr float kStart = 1.0f;
  ACCELERATE_INLINE V apply(V acc, V x) { return acc * x; }
  ACCELERATE_INLINE V join(V a, V b) { return a * b; }
  ACCELERATE_INLINE float across(V acc) {
    alignas(64) float lanes[kW];
    store(lanes, acc);
    float product = 1.0f;
    for (int i = 0; i < kW; ++i) product *= lanes[i];
    return product;
  }
};
struct MaxOp {
  static constexpr float kStart = -kInfinity;
  ACCELERATE_INLINE V apply(V acc, V x) { return max_nan(acc, x); }
  ACCELERATE_INLINE V join(V a, V b) { return max_nan(a, b); }
  ACCELERATE_INLINE float across(V acc) { return any(is_nan(acc)) ? __builtin_nanf("") : reduce_max(acc); }
};
struct MinOp {
  static constexpr float kStart = kInfinity;
  ACCELERATE_INLINE V apply(V acc, V x) { return min_nan(acc, x); }
  ACCELERATE_INLINE V join(V a, V b) { return min_nan(a, b); }
  ACCELERATE_INLINE float across(V acc) { return any(is_nan(acc)) ? __builtin_nanf("") : reduce_min(acc); }
};

// Long sums are cut into parts, so that the error does not grow with their length.
constexpr int64_t kPart = 4096;
constexpr int64_t kRows = 64;

template <typename Op>
float reduce_run(const float* x, int64_t n) {
  V a = set(Op::kStart), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * kW <= n; i += 4 * kW) {
    a = Op::apply(a, load(x + i));
    b = Op::apply(b, load(x + i + kW));
    c = Op::apply(c, load(x + i + 2 * kW));
    d = Op::apply(d, load(x + i + 3 * kW));
  }
  for (; i < n; i += kW) {
    const int64_t count = n - i;
    a = Op::apply(a, select(first(count), load_n(x + i, count), set(Op::kStart)));
  }
  return Op::across(Op::join(Op::join(a, b), Op::join(c, d)));
}

template <typename Op>
float reduce_row(const float* x, int64_t n) {
  if (Op::kStart != 0.0f || n <= kPart) return reduce_run<Op>(x, n);
  double total = 0.0;
  for (int64_t i = 0; i < n; i += kPart) total += reduce_run<Op>(x + i, n - i < kPart ? n - i : kPart);
  return static_cast<float>(total);
}

// y = f(y) for results of sums.
ACCELERATE_INLINE V finish(Reduce op, V v, float size) {
  if (op == Reduce::mean) return v / set(size);
  if (op == Reduce::l2) return sqrt(v);
  return v;
}

template <typename Op>
void reduce_with(Reduce op, const ReduceArgs& args, Executor& executor) {
  const float size = static_cast<float>(args.size);
  if (args.inner == 1) {
    const auto body = [&args, op, size](int64_t r) {
      args.y[r] = lane0(finish(op, set(reduce_row<Op>(args.x + r * args.size, args.size)), size));
    };
    return for_rows(executor, args.outer, args.size, body);
  }
  // Columns of a few vectors, so that a wide inner axis is shared among threads.
  constexpr int64_t kColumns = 16 * kW;
  const int64_t blocks = (args.inner + kColumns - 1) / kColumns;
  const auto body = [&args, op, size, blocks](int64_t task) {
    const int64_t outer = task / blocks, begin = task % blocks * kColumns;
    const int64_t end = begin + kColumns < args.inner ? begin + kColumns : args.inner;
    const float* x = args.x + outer * args.size * args.inner;
    float* y = args.y + outer * args.inner;
    for_lanes(end - begin, [&](int64_t i, int64_t n) {
      const float* from = x + begin + i;
      V acc = set(Op::kStart);
      for (int64_t s0 = 0; s0 < args.size; s0 += kRows) {
        const int64_t s1 = s0 + kRows < args.size ? s0 + kRows : args.size;
        V part = set(Op::kStart);
        for (int64_t s = s0; s < s1; ++s) part = Op::apply(part, load_n(from + s * args.inner, n));
        acc = Op::join(acc, part);
      }
      store_n(y + begin + i, finish(op, acc, size), n);
    });
  };
  for_rows(executor, args.outer * blocks, args.size * (args.inner < kColumns ? args.inner : kColumns), body);
}

}  // namespace

void reduce(Reduce op, const ReduceArgs& args, Executor& executor) {
  switch (op) {
    case Reduce::sum:
    case Reduce::mean: return reduce_with<SumOp>(op, args, executor);
    case Reduce::sum_squares:
    case Reduce::l2: return reduce_with<SquaresOp>(op, args, executor);
    case Reduce::sum_abs: return reduce_with<SumAbsOp>(op, args, executor);
    case Reduce::prod: return reduce_with<ProdOp>(op, args, executor);
    case Reduce::max: return reduce_with<MaxOp>(op, args, executor);
    case Reduce::min: return reduce_with<MinOp>(op, args, executor);
  }
}

void arg_reduce(const ArgReduceArgs& args, Executor& executor) {
  const auto body = [&args](int64_t task) {
    const int64_t outer = task / args.inner, inner = task % args.inner;
    const float* x = args.x + outer * args.size * args.inner + inner;
    int64_t best_index = 0;
    if (args.inner == 1) {
      // The value first, by vectors; then its first place.
      const float best = args.smallest ? reduce_row<MinOp>(x, args.size) : reduce_row<MaxOp>(x, args.size);
      const bool seeks_nan = best != best;
      while (best_index + 1 < args.size && !(seeks_nan ? x[best_index] != x[best_index] : x[best_index] == best)) {
        ++best_index;
      }
    } else {
      float best = args.size > 0 ? x[0] : 0.0f;
      for (int64_t s = 1; s < args.size && best == best; ++s) {
        const float value = x[s * args.inner];
        if (value != value || (args.smallest ? value < best : value > best)) {
          best = value;
          best_index = s;
        }
      }
    }
    args.y[task] = best_index;
  };
  for_rows(executor, args.outer * args.inner, args.size, body);
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
