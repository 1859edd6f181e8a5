#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/graph.h"
#include "graph/weights.h"
#include "import/hf/hf_folder.h"
#include "models/registry.h"

namespace accelerate::import {

struct OpenOptions {
  /// The class to build ("BertModel" from a folder of BertForMaskedLM); empty: what config.json names.
  std::string architecture;
  /// Whose graph: "native" (built in), "captured" (model.pt2), or "auto": native where a family is built in, else
  /// captured.
  std::string graph = "auto";
};

/// A model, ready to compile.
struct OpenedModel {
  /// Verified, and its weights are known to be there with the right shapes. Metadata: architecture, model_type.
  Program program;
  /// Serves the names that the program uses. A Dense module of a sentence-transformers folder has its weights under
  /// FOLDER/linear.weight and FOLDER/linear.bias.
  std::shared_ptr<const WeightSource> weights;
  /// Where tokenizer and processor files are.
  std::shared_ptr<FileSet> files;
  /// Tensors of the files that the program does not use.
  std::vector<std::string> unused_weights;
  /// The folder's configuration.
  std::shared_ptr<const HfFolder> folder;
};

/// The set of files behind a path: a folder, or the newest known snapshot ("main") of a Hugging Face hub cache's
/// models--ORG--NAME folder; or a captured program (.pt2) with what stands beside it; or a skill (skill.json), whose
/// files are compared with their digests. Errors: not_found, io_error; those of reading an archive; those of
/// BundleFiles::open; unsupported_format for another single file.
std::shared_ptr<FileSet> open_model_files(const std::filesystem::path& path);

/// Opens a Hugging Face folder: builds its graphs with the families that `registry` holds, or converts its model.pt2;
/// the graph of a skill is the one that it holds. Errors: those of HfFolder::open, open_weights and open_pt2;
/// invalid_argument for an unknown `graph`; not_found if a captured graph is asked for and there is none;
/// unsupported_model for a class that is neither built in nor captured (the message names the nearest ones and the
/// capture route), for one whose code lies in the folder and that is not captured, and for quantised weights;
/// invalid_weights if weights are missing or have another shape, all of them listed.
OpenedModel open(const std::filesystem::path& path, const OpenOptions& options = {},
                 const models::ModelRegistry& registry = models::registry());
OpenedModel open(std::shared_ptr<FileSet> files, const OpenOptions& options = {},
                 const models::ModelRegistry& registry = models::registry());

}  // namespace accelerate::import
