#pragma once
#include "backend/backend.h"

namespace accelerate::mojo {

/// Runs the kernel on small random inputs and compares its results with the reference's.
/// Errors: compile_failed with the first difference.
void verify_kernel(const Kernel& kernel, const Region& region, Executor& executor);

}  // namespace accelerate::mojo
