#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace accelerate::import::pt2 {

/// Names of the leaves of the (args, kwargs) tree of a root module, dots between the levels: arguments by name,
/// dictionaries by key, lists by position. A leaf is any place of the tree, whether it holds a tensor or a constant.
/// argument_names: of the positional arguments. Empty if the tree is malformed or of a version that is not known.
/// Source: torch.utils._pytree, treespec_dumps, protocol 1.
std::vector<std::string> input_tree_paths(std::string_view spec, const std::vector<std::string>& argument_names);
/// The same for what the root module returns; a lone tensor is "output".
std::vector<std::string> output_tree_paths(std::string_view spec);

}  // namespace accelerate::import::pt2
