#pragma once
#include "backends/cpu/kernels/simd/vmath.h"
#include "base/executor.h"

// Loops over vectors of a row, and over rows on all threads.
namespace accelerate::cpu::ACCELERATE_TARGET {

/// f(i, n) for each vector of [0, count): lanes [i, i + n), n == kW but for the last.
template <typename F>
ACCELERATE_INLINE void for_lanes(int64_t count, F&& f) {
  int64_t i = 0;
  for (; i + kW <= count; i += kW) f(i, static_cast<int64_t>(kW));
  if (i < count) f(i, count - i);
}

ACCELERATE_INLINE float lane0(V v) {
  alignas(64) float lanes[kW];
  store(lanes, v);
  return lanes[0];
}

/// body(row) for each row, in tasks of enough work (elements a row) to be worth a claim.
template <typename Body>
ACCELERATE_INLINE void for_rows(Executor& executor, int64_t rows, int64_t row_work, const Body& body) {
  constexpr int64_t kLeastWork = 16384;
  const int64_t threads = executor.num_threads();
  int64_t chunk = (kLeastWork + row_work) / (row_work > 0 ? row_work : 1);
  const int64_t balanced = (rows + 4 * threads - 1) / (4 * threads);
  if (chunk < balanced) chunk = balanced;
  if (chunk < 1) chunk = 1;
  struct Context {
    const Body* body;
    int64_t rows, chunk;
  } context{&body, rows, chunk};
  const auto task = [](void* opaque, int64_t index, int) {
    const Context& c = *static_cast<const Context*>(opaque);
    const int64_t begin = index * c.chunk, end = begin + c.chunk < c.rows ? begin + c.chunk : c.rows;
    for (int64_t r = begin; r < end; ++r) (*c.body)(r);
  };
  const int64_t tasks = (rows + chunk - 1) / chunk;
  if (tasks == 1) {
    task(&context, 0, 0);
  } else {
    executor.run(tasks, task, &context);
  }
}

ACCELERATE_INLINE float row_sum(const float* x, int64_t n) {
  V a = zero(), b = zero();
  int64_t i = 0;
  for (; i + 2 * kW <= n; i += 2 * kW) {
    a = a + load(x + i);
    b = b + load(x + i + kW);
  }
  for (; i < n; i += kW) a = a + load_n(x + i, n - i);
  return reduce_add(a + b);
}

/// Sum of (x - mean)^2.
ACCELERATE_INLINE float row_squares(const float* x, int64_t n, float mean) {
  const V m = set(mean);
  V a = zero(), b = zero();
  int64_t i = 0;
  for (; i + 2 * kW <= n; i += 2 * kW) {
    const V u = load(x + i) - m, v = load(x + i + kW) - m;
    a = fma(u, u, a);
    b = fma(v, v, b);
  }
  for (; i < n; i += kW) {
    const V u = select(first(n - i), load_n(x + i, n - i) - m, zero());
    a = fma(u, u, a);
  }
  return reduce_add(a + b);
}

ACCELERATE_INLINE V activate_any(Activation activation, V v) {
  switch (activation) {
    case Activation::none: return v;
    case Activation::relu: return activate<Activation::relu>(v);
    case Activation::gelu: return activate<Activation::gelu>(v);
    case Activation::gelu_tanh: return activate<Activation::gelu_tanh>(v);
    case Activation::quick_gelu: return activate<Activation::quick_gelu>(v);
    case Activation::silu: return activate<Activation::silu>(v);
    case Activation::tanh: return activate<Activation::tanh>(v);
    case Activation::sigmoid: return activate<Activation::sigmoid>(v);
    case Activation::relu6: return activate<Activation::relu6>(v);
    case Activation::hardswish: return activate<Activation::hardswish>(v);
  }
  return v;
}

}  // namespace accelerate::cpu::ACCELERATE_TARGET
