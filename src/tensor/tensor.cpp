#include "tensor/tensor.h"

#include <cstdlib>
#include <cstring>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "base/error.h"

namespace accelerate {

std::string TensorType::to_string() const {
  if (is_token()) return "token";
  std::string out = fmt::format("{}{}", name_of(dtype), accelerate::to_string(shape));
  if (!encoding.plain()) out += "@" + encoding.to_string();
  return out;
}

std::string to_string(const std::vector<int64_t>& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return out + "]";
}

std::shared_ptr<void> allocate_aligned(size_t size_bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  size_t alignment = size_bytes >= kLargePage ? kLargePage : 64;
  size_t rounded = (size_bytes + 63) / 64 * 64;
  void* data = nullptr;
  if (rounded < size_bytes || posix_memalign(&data, alignment, rounded == 0 ? 64 : rounded) != 0)
    fail(ErrorCode::out_of_memory, "cannot allocate {} bytes", size_bytes);
#if defined(MADV_HUGEPAGE)
  // Only whole large pages, so that no memory beyond the size is taken. Without them nothing is lost.
  if (alignment == kLargePage) madvise(data, size_bytes / kLargePage * kLargePage, MADV_HUGEPAGE);
#endif
  return {data, [](void* p) { std::free(p); }};
}

namespace {

int64_t checked_elements(DType dtype, const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0) fail(ErrorCode::invalid_shape, "shape {} has a negative extent", to_string(shape));
    if (__builtin_mul_overflow(count, extent, &count))
      fail(ErrorCode::invalid_shape, "shape {} is too large", to_string(shape));
  }
  if (count > (int64_t{1} << 62) / static_cast<int64_t>(std::max<size_t>(size_of(dtype), 1)))
    fail(ErrorCode::invalid_shape, "shape {} is too large", to_string(shape));
  return count;
}

template <typename T>
T saturating(double value) {
  if (!(value == value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

}  // namespace

Tensor::Tensor(DType dtype, std::vector<int64_t> shape) : dtype_(dtype), shape_(std::move(shape)) {
  auto size = static_cast<size_t>(checked_elements(dtype_, shape_)) * size_of(dtype_);
  auto storage = allocate_aligned(size);
  data_ = storage.get();
  owner_ = std::move(storage);
}

Tensor Tensor::zeros(DType dtype, std::vector<int64_t> shape) {
  Tensor out(dtype, std::move(shape));
  std::memset(out.data_, 0, out.size_bytes());
  return out;
}

Tensor Tensor::borrow(DType dtype, std::vector<int64_t> shape, void* data, std::shared_ptr<const void> owner) {
  checked_elements(dtype, shape);
  Tensor out;
  out.dtype_ = dtype;
  out.shape_ = std::move(shape);
  out.data_ = data;
  out.owner_ = std::move(owner);
  return out;
}

Tensor Tensor::scalar(DType dtype, double value) {
  Tensor out(dtype, {});
  out.set(0, value);
  return out;
}

int64_t Tensor::num_elements() const {
  int64_t count = 1;
  for (int64_t extent : shape_) count *= extent;
  return count;
}

double Tensor::get(int64_t i) const {
  switch (dtype_) {
    case DType::f64: return as<double>()[i];
    case DType::f32: return as<float>()[i];
    case DType::f16: return f16_to_f32(as<uint16_t>()[i]);
    case DType::bf16: return bf16_to_f32(as<uint16_t>()[i]);
    case DType::f8e4m3: return f8e4m3_to_f32(as<uint8_t>()[i]);
    case DType::f8e5m2: return f8e5m2_to_f32(as<uint8_t>()[i]);
    case DType::c64: return as<float>()[2 * i];
    case DType::u64: return static_cast<double>(as<uint64_t>()[i]);
    default: return static_cast<double>(get_int(i));
  }
}

int64_t Tensor::get_int(int64_t i) const {
  switch (dtype_) {
    case DType::i64: return as<int64_t>()[i];
    case DType::i32: return as<int32_t>()[i];
    case DType::i16: return as<int16_t>()[i];
    case DType::i8: return as<int8_t>()[i];
    case DType::u64: return static_cast<int64_t>(as<uint64_t>()[i]);
    case DType::u32: return as<uint32_t>()[i];
    case DType::u16: return as<uint16_t>()[i];
    case DType::u8: return as<uint8_t>()[i];
    case DType::boolean: return as<uint8_t>()[i] != 0 ? 1 : 0;
    case DType::token: return 0;
    default: return saturating<int64_t>(get(i));
  }
}

void Tensor::set(int64_t i, double value) {
  switch (dtype_) {
    case DType::f64: as<double>()[i] = value; return;
    case DType::f32: as<float>()[i] = static_cast<float>(value); return;
    case DType::f16: as<uint16_t>()[i] = f32_to_f16(static_cast<float>(value)); return;
    case DType::bf16: as<uint16_t>()[i] = f32_to_bf16(static_cast<float>(value)); return;
    case DType::f8e4m3: as<uint8_t>()[i] = f32_to_f8e4m3(static_cast<float>(value)); return;
    case DType::f8e5m2: as<uint8_t>()[i] = f32_to_f8e5m2(static_cast<float>(value)); return;
    case DType::c64:
      as<float>()[2 * i] = static_cast<float>(value);
      as<float>()[2 * i + 1] = 0;
      return;
    case DType::boolean: as<uint8_t>()[i] = value != 0 ? 1 : 0; return;
    case DType::u64: as<uint64_t>()[i] = saturating<uint64_t>(value); return;
    default: set_int(i, saturating<int64_t>(value)); return;
  }
}

void Tensor::set_int(int64_t i, int64_t value) {
  switch (dtype_) {
    case DType::i64: as<int64_t>()[i] = value; return;
    case DType::i32: as<int32_t>()[i] = static_cast<int32_t>(value); return;
    case DType::i16: as<int16_t>()[i] = static_cast<int16_t>(value); return;
    case DType::i8: as<int8_t>()[i] = static_cast<int8_t>(value); return;
    case DType::u64: as<uint64_t>()[i] = static_cast<uint64_t>(value); return;
    case DType::u32: as<uint32_t>()[i] = static_cast<uint32_t>(value); return;
    case DType::u16: as<uint16_t>()[i] = static_cast<uint16_t>(value); return;
    case DType::u8: as<uint8_t>()[i] = static_cast<uint8_t>(value); return;
    case DType::boolean: as<uint8_t>()[i] = value != 0 ? 1 : 0; return;
    case DType::token: return;
    default: set(i, static_cast<double>(value)); return;
  }
}

Tensor Tensor::clone() const {
  Tensor out(dtype_, shape_);
  std::memcpy(out.data_, data_, size_bytes());
  return out;
}

Tensor Tensor::cast(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor out(dtype, shape_);
  bool through_int = !is_float(dtype_) && !is_float(dtype) && dtype_ != DType::c64 && dtype != DType::c64;
  for (int64_t i = 0, n = num_elements(); i < n; ++i) {
    if (through_int) {
      out.set_int(i, get_int(i));
    } else {
      out.set(i, get(i));
    }
  }
  return out;
}

Tensor Tensor::reshape(std::vector<int64_t> shape) const {
  if (checked_elements(dtype_, shape) != num_elements())
    fail(ErrorCode::invalid_shape, "cannot view {} as {}: the numbers of elements differ", to_string(shape_),
         to_string(shape));
  Tensor out = *this;
  out.shape_ = std::move(shape);
  return out;
}

TensorType Tensor::type() const {
  return {dtype_, Shape(shape_.begin(), shape_.end())};
}

}  // namespace accelerate
