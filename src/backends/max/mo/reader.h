#pragma once
#include <string_view>

#include "graph/graph.h"

namespace accelerate::max_engine {

/// Reads text in the form that write_mo() writes back into a graph of our ops, so that writing the result gives the
/// text again. Symbols become dims of the same names (or what the text defines them to be); arguments without elements
/// that only define symbols come last among the inputs; constants from outside become weights of their names.
/// Errors: invalid_graph with the line; unsupported_op for an operation that no single op of ours is (the parts of
/// guarded divisions, and of maxima that keep NaN).
Graph read_mo(std::string_view text);

}  // namespace accelerate::max_engine
