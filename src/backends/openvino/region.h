#pragma once
#include "backend/backend.h"
#include "backends/openvino/engine.h"

namespace accelerate::openvino_engine {

/// A region as a compiled model of the engine. Errors: compile_failed, cancelled, deadline_exceeded.
CompiledRegion compile_region(const Engine& engine, const Region& region, const RegionContext& context);

}  // namespace accelerate::openvino_engine
