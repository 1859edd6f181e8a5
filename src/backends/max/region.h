#pragma once
#include "backends/max/engine.h"

namespace accelerate::max_engine {

/// Writes the region, compiles it, and gives the kernel that runs it. Errors: compile_failed, unsupported_op.
CompiledRegion compile_region(const Engine& engine, const Region& region, const RegionContext& context);

}  // namespace accelerate::max_engine
