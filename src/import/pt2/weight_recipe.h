#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "graph/graph.h"

namespace accelerate::import::pt2 {

/// How a parameter is made of stored tensors, for checkpoints that keep apart what the model holds as one.
struct WeightRecipe {
  /// "" (a stored tensor), "stack", "concat", "slice", "transpose", "permute", "reshape".
  std::string op;
  std::string name;  // of the stored tensor
  int64_t axis = 0;
  int64_t start = 0;
  int64_t length = 0;
  std::vector<int64_t> numbers;  // axes, or a shape
  std::vector<WeightRecipe> of;
};

/// A recipe from its JSON: a name, or {"op", "of", ...}. Errors: invalid_model; `what` names it.
WeightRecipe parse_recipe(const Json& json, std::string_view what);
/// Names of the stored tensors, in order.
void collect_names(const WeightRecipe& recipe, std::vector<std::string>& out);
/// The parameter as nodes over what `stored` gives for a name. Errors: invalid_shape, invalid_model.
Value build_recipe(const WeightRecipe& recipe, const std::function<Value(const std::string&)>& stored);

}  // namespace accelerate::import::pt2
