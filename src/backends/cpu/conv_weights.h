#pragma once
#include <memory>
#include <mutex>

#include "backends/cpu/kernels/kernel_table.h"
#include "tensor/tensor.h"

namespace accelerate::cpu {

/// Constant weights of a convolution, packed for one method or, where the extents of the image change from call to
/// call, for each method that a call has used. Thread-safe.
class ConvWeights {
 public:
  /// Packs for shape.method. With keeps_source another method may be asked for later; `source` is then held.
  ConvWeights(const KernelTable& table, const Tensor& source, const ConvShape& shape, bool input_nchw,
              bool keeps_source);
  ConvWeights(const ConvWeights&) = delete;
  ConvWeights& operator=(const ConvWeights&) = delete;

  /// The packed form; memory of this object. Errors: internal for another method without a source; out_of_memory.
  const void* form(ConvMethod method);
  size_t size_bytes() const { return size_bytes_; }  // of the first form

 private:
  std::shared_ptr<void> pack(const Tensor& source, ConvMethod method) const;

  const KernelTable& table_;
  ConvShape shape_;
  bool input_nchw_;
  size_t size_bytes_;
  Tensor source_;
  std::mutex mutex_;
  std::shared_ptr<void> product_, winograd_;
};

}  // namespace accelerate::cpu
