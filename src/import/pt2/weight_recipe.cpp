#include "import/pt2/weight_recipe.h"

#include <algorithm>

#include "accelerate/ops.h"
#include "base/error.h"

namespace accelerate::import::pt2 {
namespace {

constexpr int kMaxDepth = 16;
constexpr int64_t kMaxExtent = int64_t{1} << 48;

std::vector<int64_t> numbers_of(const Json& json, std::string_view key, std::string_view what) {
  std::vector<int64_t> out;
  const Json list = json.value(std::string(key), Json());
  if (!list.is_array() || list.empty() || list.size() > 8)
    fail(ErrorCode::invalid_model, "{}: '{}' of a weight is no list of 1 to 8 numbers", what, key);
  for (const Json& number : list) {
    if (!number.is_number_integer()) fail(ErrorCode::invalid_model, "{}: '{}' holds no integers", what, key);
    out.push_back(number.get<int64_t>());
  }
  return out;
}

WeightRecipe parse(const Json& json, std::string_view what, int depth) {
  WeightRecipe out;
  if (json.is_string()) {
    out.name = json.get<std::string>();
    return out;
  }
  if (depth > kMaxDepth) fail(ErrorCode::invalid_model, "{}: a weight is nested more than {} deep", what, kMaxDepth);
  if (!json.is_object()) fail(ErrorCode::invalid_model, "{}: a weight is neither a name nor an expression", what);
  out.op = json_string(json, "op", std::nullopt);
  const Json of = json.value("of", Json());
  if (!of.is_array() || of.empty())
    fail(ErrorCode::invalid_model, "{}: the weight op '{}' is of nothing", what, printable(out.op));
  for (const Json& part : of) out.of.push_back(parse(part, what, depth + 1));
  const bool many = out.op == "stack" || out.op == "concat";
  if (!many && out.of.size() != 1)
    fail(ErrorCode::invalid_model, "{}: the weight op '{}' is of {} tensors; expected one", what, printable(out.op),
         out.of.size());
  if (many || out.op == "slice") {
    out.axis = json_int(json, "axis", std::nullopt, 0, 7);
    if (out.op == "slice") {
      out.start = json_int(json, "start", std::nullopt, 0, kMaxExtent);
      out.length = json_int(json, "length", std::nullopt, 0, kMaxExtent);
    }
  } else if (out.op == "transpose" || out.op == "permute") {
    out.numbers = numbers_of(json, "axes", what);
    if (out.op == "transpose" && out.numbers.size() != 2)
      fail(ErrorCode::invalid_model, "{}: a weight is transposed over {} axes; expected 2", what, out.numbers.size());
  } else if (out.op == "reshape") {
    out.numbers = numbers_of(json, "shape", what);
  } else {
    fail(ErrorCode::invalid_model,
         "{}: the weight op '{}'; expected stack, concat, slice, transpose, permute or reshape", what,
         printable(out.op));
  }
  return out;
}

}  // namespace

WeightRecipe parse_recipe(const Json& json, std::string_view what) {
  return parse(json, what, 0);
}

void collect_names(const WeightRecipe& recipe, std::vector<std::string>& out) {
  if (recipe.op.empty()) out.push_back(recipe.name);
  for (const WeightRecipe& part : recipe.of) collect_names(part, out);
}

Value build_recipe(const WeightRecipe& recipe, const std::function<Value(const std::string&)>& stored) {
  if (recipe.op.empty()) return stored(recipe.name);
  std::vector<Value> parts;
  for (const WeightRecipe& part : recipe.of) parts.push_back(build_recipe(part, stored));
  if (recipe.op == "stack") return ops::stack(parts, recipe.axis);
  if (recipe.op == "concat") return ops::concat(parts, recipe.axis);
  Value x = parts.front();
  if (recipe.op == "slice") return ops::slice(x, recipe.axis, recipe.start, recipe.start + recipe.length);
  if (recipe.op == "reshape") return ops::reshape(x, Shape(recipe.numbers.begin(), recipe.numbers.end()));
  if (recipe.op == "permute") return ops::transpose(x, recipe.numbers);
  std::vector<int64_t> permutation;
  for (int64_t i = 0; i < x.rank(); ++i) permutation.push_back(i);
  for (int64_t axis : recipe.numbers)
    if (axis < 0 || axis >= x.rank())
      fail(ErrorCode::invalid_model, "a weight of rank {} is transposed over axis {}", x.rank(), axis);
  std::swap(permutation[static_cast<size_t>(recipe.numbers[0])], permutation[static_cast<size_t>(recipe.numbers[1])]);
  return ops::transpose(x, permutation);
}

}  // namespace accelerate::import::pt2
