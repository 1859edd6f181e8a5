#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"

namespace accelerate::import {

/// How token embeddings [B,T,C] become one embedding [B,C]; several modes are concatenated in the order given.
enum class PoolingMode { cls, max, mean, mean_sqrt_len, weighted_mean, last_token };
std::string_view name_of(PoolingMode mode);

struct PoolingModule {
  int64_t embedding_size = 0;  // C
  std::vector<PoolingMode> modes;
  /// False: the tokens of the prompt are left out of the pooling.
  bool include_prompt = true;
};

/// y = activation(x W^T + b); weights "linear.weight" [out,in] and "linear.bias" [out] in FOLDER/model.safetensors.
struct DenseModule {
  std::string folder;
  int64_t in_features = 0;
  int64_t out_features = 0;
  bool bias = true;
  enum class Activation { identity, tanh, relu, gelu, sigmoid, silu } activation = Activation::tanh;
};
std::string_view name_of(DenseModule::Activation activation);

/// One step after the transformer.
struct SentenceModule {
  enum class Kind { pooling, dense, normalize } kind = Kind::pooling;
  PoolingModule pooling;
  DenseModule dense;
};

/// What a sentence-transformers folder adds to its transformer.
struct SentenceTransformers {
  /// Where the transformer's config.json, weights and tokenizer are; empty for the root.
  std::string transformer_folder;
  /// Texts are cut to this many tokens; nothing: the tokenizer decides.
  std::optional<int64_t> max_seq_length;
  bool do_lower_case = false;
  std::vector<SentenceModule> modules;
  /// Prefixes by name ("query": "query: ").
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt_name;
  /// "cosine", "dot", "euclidean" or "manhattan".
  std::string similarity_fn_name = "cosine";
};

/// Reads modules.json and what it refers to; nothing if the folder has no modules.json.
/// Errors: invalid_model for values of a wrong type or range; unsupported_model for a kind of module, pooling or
/// activation that is not built in.
/// Source: sentence-transformers, models.Transformer, models.Pooling, models.Dense, models.Normalize.
std::optional<SentenceTransformers> read_sentence_transformers(const FileSet& files);

}  // namespace accelerate::import
