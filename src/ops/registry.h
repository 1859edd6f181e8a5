#pragma once
#include "graph/op_def.h"

namespace accelerate::ops {

/// All ops of this program. Thread-safe; built on first use.
const OpRegistry& registry();

}  // namespace accelerate::ops
