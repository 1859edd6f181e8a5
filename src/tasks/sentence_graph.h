#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"
#include "import/hf/sentence_transformers.h"

namespace accelerate::tasks {

/// Name of the output that sentence_graph adds: f32 [B,C].
inline constexpr const char* kEmbedding = "sentence_embedding";
/// Name of the input that says which tokens are pooled, where it differs from attention_mask: i64 [B,T].
inline constexpr const char* kPoolingMask = "pooling_mask";

/// The graph of a text encoder with the modules of a sentence-transformers folder behind its last_hidden_state, so that
/// they are compiled together. With Pooling::include_prompt off it has the input pooling_mask.
/// Errors: unsupported_model if the graph has no last_hidden_state or attention_mask; invalid_weights for weights of a
/// Dense module that are missing or of another shape.
/// Source: sentence-transformers, models.Pooling, models.Dense, models.Normalize.
Graph sentence_graph(const Graph& base, const std::vector<import::SentenceModule>& modules,
                     const WeightSource& weights);

/// The mode of this name ("mean", "cls", ...). Errors: invalid_argument that lists the modes.
import::PoolingMode pooling_mode(const std::string& name);
/// Their names.
std::vector<std::string> pooling_mode_names();

}  // namespace accelerate::tasks
