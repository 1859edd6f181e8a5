#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace accelerate::import {

/// A converted torch.export program. Its tensors are those of the files outside under their names there, and those in
/// the archive under its name + "/" + theirs.
struct Pt2Model {
  /// One graph. Metadata: architecture, model_type, transformers_version, torch_version, form, as far as known.
  Program program;
  std::shared_ptr<const WeightSource> weights;
  /// The tensors in the archive, by their names there.
  std::shared_ptr<const WeightSource> inside;
};

struct Pt2Options {
  /// Of the graph in the program.
  std::string role = "main";
  /// The name of the archive among the files of the model.
  std::string archive = "model.pt2";
};

/// Reads an archive that torch.export.save or the capture of the Python package ipfs_accelerate wrote, and converts its
/// program. outside: tensors for weights that the archive leaves out, by the names that the capture recorded or by
/// their names in the model; may be null. Nothing of the archive is run, and no pickle in it is read.
/// Errors: unsupported_format for a schema of another version; unsupported_op that lists all ops without a conversion,
/// with arguments, counts and module paths; invalid_weights that lists all weights that are missing or have another
/// shape; invalid_model for a malformed archive or program, or one whose declared shapes contradict its ops;
/// unsupported_model for what is known and not supported; io_error.
Pt2Model open_pt2(std::shared_ptr<MappedFile> file, std::shared_ptr<const WeightSource> outside,
                  const Pt2Options& options = {});

}  // namespace accelerate::import
