#pragma once
#include "backend/backend.h"
#include "backends/mojo/toolchain.h"

namespace accelerate::mojo {

/// The region as loop kernels, compiled in one module and verified against the reference on small random inputs.
/// Errors: compile_failed.
CompiledRegion compile_region(const Toolchain& toolchain, const Region& region, const RegionContext& context);

}  // namespace accelerate::mojo
