#include "bench/fma_peak.h"

#include <algorithm>
#include <chrono>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace accelerate::bench {
namespace {

using Clock = std::chrono::steady_clock;
volatile float sink = 0;

double rate(double flops, Clock::time_point begin) {
  return flops / std::chrono::duration<double>(Clock::now() - begin).count() / 1e9;
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) double run_avx512(long steps) {
  __m512 sum[12];
  for (int i = 0; i < 12; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  const __m512 x = _mm512_set1_ps(1.0000001F);
  const __m512 y = _mm512_set1_ps(1e-9F);
  auto begin = Clock::now();
  for (long s = 0; s < steps; ++s) {
    for (auto& v : sum) v = _mm512_fmadd_ps(v, x, y);
  }
  double out = rate(static_cast<double>(steps) * 12 * 32, begin);
  for (auto& v : sum) sink = sink + _mm512_reduce_add_ps(v);
  return out;
}

__attribute__((target("avx2,fma"))) double run_avx2(long steps) {
  __m256 sum[12];
  for (int i = 0; i < 12; ++i) sum[i] = _mm256_set1_ps(static_cast<float>(i));
  const __m256 x = _mm256_set1_ps(1.0000001F);
  const __m256 y = _mm256_set1_ps(1e-9F);
  auto begin = Clock::now();
  for (long s = 0; s < steps; ++s) {
    for (auto& v : sum) v = _mm256_fmadd_ps(v, x, y);
  }
  double out = rate(static_cast<double>(steps) * 12 * 16, begin);
  for (auto& v : sum) sink = sink + _mm256_cvtss_f32(v);
  return out;
}
#endif

double run_portable(long steps) {
  float sum[64];
  for (int i = 0; i < 64; ++i) sum[i] = static_cast<float>(i);
  auto begin = Clock::now();
  for (long s = 0; s < steps; ++s) {
    for (float& v : sum) v = v * 1.0000001F + 1e-9F;
  }
  double out = rate(static_cast<double>(steps) * 128, begin);
  for (float v : sum) sink = sink + v;
  return out;
}

}  // namespace

double measure_fma_gflops() {
  double (*run)(long) = run_portable;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    run = run_avx512;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    run = run_avx2;
  }
#endif
  double best = 0;
  for (int i = 0; i < 10; ++i) best = std::max(best, run(4'000'000));
  return best;
}

}  // namespace accelerate::bench
