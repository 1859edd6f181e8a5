#pragma once
#include <cstddef>
#include <memory>

namespace accelerate::cpu {

/// Memory for packed weights, 64-byte aligned. Small pieces share regions of large pages, which are read faster than
/// pages of their own; a region is freed with its last piece. Thread-safe. Errors: out_of_memory.
std::shared_ptr<void> allocate_packed(size_t size_bytes);

}  // namespace accelerate::cpu
