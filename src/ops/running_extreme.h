#pragma once
// What cum_max and cum_min share.
#include <string>

#include "graph/graph.h"

namespace accelerate::ops {

OpDef running_extreme_op(std::string name, std::string doc, bool largest);

}  // namespace accelerate::ops
