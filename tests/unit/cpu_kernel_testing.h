#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/kernels/kernel_table.h"

// What the tests of the CPU kernels share. Each test runs for every instruction set that this CPU has.
namespace accelerate::cpu {

class KernelTest : public ::testing::TestWithParam<Isa> {
 protected:
  const KernelTable& table = kernel_table(GetParam());
  std::mt19937 random{12345};

  std::vector<float> uniform(int64_t count, float low = -1.0f, float high = 1.0f) {
    std::uniform_real_distribution<float> distribution(low, high);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = distribution(random);
    return values;
  }
  static Executor& executor() {
    static Executor shared({.num_threads = 3});
    return shared;
  }
};

inline std::string isa_test_name(const ::testing::TestParamInfo<Isa>& info) {
  return std::string(name_of(info.param));
}
#define ACCELERATE_FOR_EACH_ISA(suite) \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, ::testing::ValuesIn(supported_isas()), isa_test_name)

/// 64-byte aligned memory of exactly the size asked for, so that the address sanitizer sees an overrun; filled with
/// bytes that make NaN floats, so that a read of what was never written shows.
class Buffer {
 public:
  explicit Buffer(size_t size_bytes) : data_(nullptr, std::free) {
    void* p = nullptr;
    if (posix_memalign(&p, 64, size_bytes ? size_bytes : 1) != 0) std::abort();
    data_.reset(p);
    std::memset(p, 0xff, size_bytes);
  }
  void* get() const { return data_.get(); }

 private:
  std::unique_ptr<void, void (*)(void*)> data_;
};

inline uint16_t to_bf16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
inline float from_bf16(uint16_t half) {
  const uint32_t bits = uint32_t{half} << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline double gelu(double x) {
  return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
}
inline double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}
inline double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return std::fmax(x, 0.0);
    case Activation::gelu: return gelu(x);
    case Activation::gelu_tanh: return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::quick_gelu: return x * sigmoid(1.702 * x);
    case Activation::silu: return x * sigmoid(x);
    case Activation::tanh: return std::tanh(x);
    case Activation::sigmoid: return sigmoid(x);
    case Activation::relu6: return std::fmin(std::fmax(x, 0.0), 6.0);
    case Activation::hardswish: return x * std::fmin(std::fmax(x + 3.0, 0.0), 6.0) / 6.0;
  }
  return x;
}

}  // namespace accelerate::cpu
