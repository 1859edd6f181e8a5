#include "import/pt2/tree_paths.h"

#include "base/error.h"
#include "base/json.h"

namespace accelerate::import::pt2 {
namespace {

constexpr size_t kMaxLeaves = 1'000'000;

/// A leaf has the type null; an inner node names its children in a context that is itself JSON.
struct Walk {
  std::vector<std::string> leaves;

  static std::vector<std::string> child_names(const Json& node, size_t count) {
    std::vector<std::string> names;
    const Json& text = node.contains("context") ? node["context"] : Json();
    Json context;
    if (text.is_string()) context = parse_json(text.get_ref<const std::string&>(), "tree context");
    if (context.is_object() && context.contains("keys")) context = Json(context["keys"]);
    if (context.is_array() && context.size() == 2 && context[1].is_array() && context[1].size() == count)
      context = Json(context[1]);  // defaultdict: [factory, keys]
    for (size_t i = 0; i < count; ++i) {
      const bool named = context.is_array() && context.size() == count && context[i].is_string();
      names.push_back(named ? context[i].get<std::string>() : std::to_string(i));
    }
    return names;
  }

  void visit(const Json& node, const std::string& path) {
    if (!node.is_object() || !node.contains("type")) fail(ErrorCode::invalid_model, "a tree node has no type");
    if (node["type"].is_null()) {
      if (leaves.size() >= kMaxLeaves) fail(ErrorCode::invalid_model, "a tree has too many leaves");
      leaves.push_back(path.empty() ? "output" : path);
      return;
    }
    const Json& children = node.at("children_spec");
    const auto names = child_names(node, children.size());
    for (size_t i = 0; i < children.size(); ++i) visit(children[i], path.empty() ? names[i] : path + "." + names[i]);
  }
};

Json root_of(std::string_view spec) {
  const Json whole = parse_json(spec, "tree", 256);
  if (!whole.is_array() || whole.size() != 2 || whole[0] != 1) fail(ErrorCode::invalid_model, "unknown tree version");
  return whole[1];
}

}  // namespace

std::vector<std::string> input_tree_paths(std::string_view spec, const std::vector<std::string>& argument_names) {
  try {
    const Json root = root_of(spec);
    const Json& both = root.at("children_spec");
    if (both.size() != 2) return {};
    Walk walk;
    const Json& positional = both[0].at("children_spec");
    for (size_t i = 0; i < positional.size(); ++i)
      walk.visit(positional[i], i < argument_names.size() ? argument_names[i] : "args." + std::to_string(i));
    if (!both[1].at("type").is_null()) walk.visit(both[1], "");
    return walk.leaves;
  } catch (const std::exception&) {
    return {};  // names of another source serve
  }
}

std::vector<std::string> output_tree_paths(std::string_view spec) {
  try {
    Walk walk;
    walk.visit(root_of(spec), "");
    return walk.leaves;
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace accelerate::import::pt2
