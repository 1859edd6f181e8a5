#include "ops/op_case.h"

#include "base/error.h"

namespace accelerate::ops {
namespace {

/// SplitMix64: the same numbers on every machine and with every library.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

uint64_t seed_of(const std::string& text, size_t index) {
  uint64_t hash = 1469598103934665603U + index;
  for (unsigned char c : text) hash = (hash ^ c) * 1099511628211U;
  return hash;
}

}  // namespace

OpCase& OpCase::input(DType dtype, Shape declared, std::vector<int64_t> extents, double low, double high) {
  Tensor tensor(dtype, std::move(extents));
  Random random(seed_of(op_ + "/" + name_, inputs_.size()));
  for (int64_t i = 0, n = tensor.num_elements(); i < n; ++i) {
    if (dtype == DType::boolean) {
      tensor.set_int(i, static_cast<int64_t>(random.next() >> 63));
    } else if (is_float(dtype)) {
      tensor.set(i, low + (high - low) * random.uniform());
    } else {
      auto span = static_cast<uint64_t>(high - low) + 1;
      tensor.set_int(i, static_cast<int64_t>(low) + static_cast<int64_t>(random.next() % span));
    }
  }
  graph_.add_input("input" + std::to_string(inputs_.size()), {dtype, std::move(declared)});
  inputs_.push_back(std::move(tensor));
  return *this;
}

OpCase& OpCase::values(DType dtype, std::vector<int64_t> extents, std::vector<double> values) {
  Tensor tensor(dtype, extents);
  if (tensor.num_elements() != static_cast<int64_t>(values.size()))
    fail(ErrorCode::invalid_argument, "{} values given for {}", values.size(), tensor.type().to_string());
  for (size_t i = 0; i < values.size(); ++i) tensor.set(static_cast<int64_t>(i), values[i]);
  graph_.add_input("input" + std::to_string(inputs_.size()), tensor.type());
  inputs_.push_back(std::move(tensor));
  return *this;
}

OpCase& OpCase::graph(const std::function<Value(std::vector<Value>)>& build) {
  return graph_multi([&](std::vector<Value> inputs) { return std::vector<Value>{build(std::move(inputs))}; });
}

OpCase& OpCase::graph_multi(const std::function<std::vector<Value>(std::vector<Value>)>& build) {
  graph_.set_name(op_ + "_" + name_);
  std::vector<Value> inputs;
  for (size_t i = 0; i < inputs_.size(); ++i) inputs.push_back(graph_.input(i));
  for (Value result : build(std::move(inputs))) graph_.output(result);
  return *this;
}

OpCase& OpCase::expect(std::vector<double> values) {
  expected_.push_back(std::move(values));
  return *this;
}

OpCase& OpCase::reduction(int64_t length) {
  reduction_length_ = length;
  return *this;
}

OpCase& OpCase::loosen(double factor) {
  tolerance_factor_ = factor;
  return *this;
}

}  // namespace accelerate::ops
