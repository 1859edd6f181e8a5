#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/dim.h"
#include "tensor/dtype.h"

namespace accelerate {

/// The type of a graph value: element, extents and how the elements are stored.
struct TensorType {
  DType dtype = DType::f32;
  Shape shape;
  Encoding encoding;

  TensorType() = default;
  TensorType(DType d, Shape s, Encoding e = {}) : dtype(d), shape(std::move(s)), encoding(std::move(e)) {}
  static TensorType token() { return {DType::token, {}}; }

  int rank() const { return static_cast<int>(shape.size()); }
  bool is_token() const { return dtype == DType::token; }
  bool operator==(const TensorType&) const = default;
  /// "f32[batch, sequence, 384]"; an encoding follows as "@gguf_block<...>".
  std::string to_string() const;
};

/// Dense values in host memory: row-major, contiguous, 64-byte aligned when allocated here. Copies share
/// the storage; clone() copies the data.
class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised. Errors: invalid_shape for a negative extent or a size over 2^62 bytes; out_of_memory.
  Tensor(DType dtype, std::vector<int64_t> shape);
  static Tensor zeros(DType dtype, std::vector<int64_t> shape);
  /// Borrows memory; owner (may be null) keeps it alive.
  static Tensor borrow(DType dtype, std::vector<int64_t> shape, void* data, std::shared_ptr<const void> owner);
  template <typename T>
  static Tensor from(DType dtype, std::vector<int64_t> shape, const std::vector<T>& values);
  static Tensor scalar(DType dtype, double value);

  DType dtype() const { return dtype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  int rank() const { return static_cast<int>(shape_.size()); }
  int64_t dim(int axis) const { return shape_[static_cast<size_t>(axis < 0 ? axis + rank() : axis)]; }
  int64_t num_elements() const;
  size_t size_bytes() const { return static_cast<size_t>(num_elements()) * size_of(dtype_); }
  bool empty() const { return data_ == nullptr; }
  void* data() { return data_; }
  const void* data() const { return data_; }
  template <typename T>
  T* as() {
    return static_cast<T*>(data_);
  }
  template <typename T>
  const T* as() const {
    return static_cast<const T*>(data_);
  }
  template <typename T>
  std::span<const T> values() const {
    return {as<T>(), static_cast<size_t>(num_elements())};
  }

  /// Element i in row-major order, converted. Slow; for references, tests and printing.
  double get(int64_t i) const;
  int64_t get_int(int64_t i) const;
  /// Converts with rounding to nearest even for floats, truncation towards zero for integers, != 0 for bool.
  void set(int64_t i, double value);
  void set_int(int64_t i, int64_t value);

  Tensor clone() const;
  Tensor cast(DType dtype) const;
  /// Same storage, other extents. Errors: invalid_shape if the number of elements differs.
  Tensor reshape(std::vector<int64_t> shape) const;
  TensorType type() const;

 private:
  DType dtype_ = DType::f32;
  std::vector<int64_t> shape_;
  void* data_ = nullptr;
  std::shared_ptr<const void> owner_;
};

template <typename T>
Tensor Tensor::from(DType dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  Tensor out(dtype, std::move(shape));
  for (int64_t i = 0; i < out.num_elements(); ++i) {
    if constexpr (std::is_integral_v<T>) {
      out.set_int(i, static_cast<int64_t>(values.at(static_cast<size_t>(i))));
    } else {
      out.set(i, static_cast<double>(values.at(static_cast<size_t>(i))));
    }
  }
  return out;
}

std::string to_string(const std::vector<int64_t>& shape);

/// Memory of at least size bytes, aligned to 64. Errors: out_of_memory.
std::shared_ptr<void> allocate_aligned(size_t size_bytes);

}  // namespace accelerate
