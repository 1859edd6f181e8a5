#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace accelerate {

struct WeightInfo {
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  Encoding encoding;
  size_t size_bytes = 0;
};

/// Named tensors that a graph refers to; never modified. Thread-safe.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual std::vector<std::string> names() const = 0;
  virtual std::optional<WeightInfo> find(std::string_view name) const = 0;
  /// A view of mapped memory, or a copy where the file's alignment does not suit the dtype. For a block encoding:
  /// u8[size_bytes]. Errors: invalid_weights if there is no such tensor.
  virtual Tensor read(std::string_view name) const = 0;
  /// Tells the operating system that the first size_bytes of the tensor, from offset, are no longer needed in memory.
  virtual void release(std::string_view name, size_t offset_bytes, size_t size_bytes) const = 0;
  /// Errors: io_error if a file behind it was truncated or failed while it was read.
  virtual void check() const = 0;
};

/// Tensors held in memory, for tests, constants and programs built by hand.
class MemoryWeights : public WeightSource {
 public:
  void add(std::string name, Tensor tensor);
  std::vector<std::string> names() const override;
  std::optional<WeightInfo> find(std::string_view name) const override;
  Tensor read(std::string_view name) const override;
  void release(std::string_view, size_t, size_t) const override {}
  void check() const override {}

 private:
  std::vector<std::pair<std::string, Tensor>> tensors_;
};

}  // namespace accelerate
