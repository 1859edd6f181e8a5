#include "backends/cpu/conv_weights.h"

#include "backends/cpu/cpu_kernel.h"
#include "backends/cpu/packed_memory.h"
#include "base/error.h"

namespace accelerate::cpu {

ConvWeights::ConvWeights(const KernelTable& table, const Tensor& source, const ConvShape& shape, bool input_nchw,
                         bool keeps_source)
    : table_(table), shape_(shape), input_nchw_(input_nchw), size_bytes_(table.conv_packed_size_bytes(shape)) {
  (shape.method == ConvMethod::winograd ? winograd_ : product_) = pack(source, shape.method);
  if (keeps_source) source_ = source;
}

const void* ConvWeights::form(ConvMethod method) {
  std::lock_guard lock(mutex_);
  std::shared_ptr<void>& packed = method == ConvMethod::winograd ? winograd_ : product_;
  if (!packed) {
    if (source_.data() == nullptr) fail(ErrorCode::internal, "a convolution's weights were packed for one method only");
    packed = pack(source_, method);
    if (product_ && winograd_) source_ = {};
  }
  return packed.get();
}

std::shared_ptr<void> ConvWeights::pack(const Tensor& source, ConvMethod method) const {
  ConvPackArgs args;
  args.shape = shape_;
  args.shape.method = method;
  args.source = source.data();
  args.source_type = known_element(source.dtype());
  args.input_nchw = input_nchw_;
  std::shared_ptr<void> packed = allocate_packed(table_.conv_packed_size_bytes(args.shape));
  args.dst = packed.get();
  table_.conv_pack(args);
  return packed;
}

}  // namespace accelerate::cpu
