#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "backends/cpu/kernels/kernel_types.h"

// oneDNN through its C API, loaded with dlopen when first asked for: a program that does not use it never loads it.
// The library runs on OpenMP threads of its own, so one thread at a time is let in, and it is meant for a moment when
// the Executor's threads have nothing to do.
namespace accelerate::cpu {

/// Whether the library can be used here; if not, why is in *reason (if given). Loads it. It is looked for at
/// ACCELERATE_ONEDNN (a path), then as libdnnl.so.3 where the dynamic linker looks.
bool onednn_available(std::string* reason = nullptr);

/// c [M,N] = act(a [M,K] * W^T + bias), f32, for fixed sizes and weights.
class OneDnnMatmul {
 public:
  /// weight is [N,K] row-major and is copied into oneDNN's own layout; bias [N] is optional and copied.
  /// Activations: none, relu, gelu, gelu_tanh, silu, tanh, sigmoid.
  /// Errors: backend_unavailable without the library; unsupported_op for another activation; execution_failed.
  OneDnnMatmul(int64_t m, int64_t n, int64_t k, const float* weight, const float* bias, Activation activation,
               int num_threads);
  ~OneDnnMatmul();
  OneDnnMatmul(OneDnnMatmul&&) noexcept;
  OneDnnMatmul& operator=(OneDnnMatmul&&) noexcept;

  /// a and c are contiguous. Errors: execution_failed.
  void run(const float* a, float* c) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// y [B,OH,OW,OC] = act(conv(x [B,H,W,C]) + bias), f32, for a fixed shape and weights.
class OneDnnConv {
 public:
  /// weight is [OC, C / groups, KH, KW] and is copied into oneDNN's own layout. Activations and errors as above.
  OneDnnConv(const ConvShape& shape, const float* weight, const float* bias, Activation activation, int num_threads);
  ~OneDnnConv();
  OneDnnConv(OneDnnConv&&) noexcept;
  OneDnnConv& operator=(OneDnnConv&&) noexcept;

  void run(const float* x, float* y) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace accelerate::cpu
