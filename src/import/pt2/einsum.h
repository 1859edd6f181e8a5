#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"

namespace accelerate::import::pt2 {

/// Sums of products by labels of axes ("bhqd,bhkd->bhqk"), as torch.einsum: an ellipsis stands for axes that
/// broadcast, and without "->" the result has the labels that occur once, in alphabetical order.
/// Errors: invalid_model for a malformed equation; unsupported_model for a label twice in one operand.
Value einsum(const std::string& equation, std::vector<Value> operands);

}  // namespace accelerate::import::pt2
