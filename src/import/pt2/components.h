#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "import/pt2/pt2.h"

namespace accelerate::import {

/// The file that lists the graphs of a model that was captured in parts: an encoder and a decoder; a vision tower, an
/// embedding and a language model.
inline constexpr std::string_view kComponents = "components.json";

/// What kComponents holds: {"schema": 1, "graphs": {"encoder": {"file": "model-encoder.pt2"}, ...}, "links":
/// [{"from": "encoder.last_hidden_state", "to": "decoder.encoder_hidden_states"}, ...]}.
struct Components {
  struct Part {
    std::string role;
    std::string file;
  };
  std::vector<Part> parts;
  /// An output of a graph that is an input of another one, both as "ROLE.NAME".
  struct Link {
    std::string from;
    std::string to;
  };
  std::vector<Link> links;
};

/// Errors: invalid_model for a malformed file, a role that is no identifier of lower case, a file name with folders;
/// unsupported_format for a later schema; io_error.
Components read_components(const FileSet& files);

/// Opens all parts as one Program, a graph a role, over one set of weights; "main" beside them if there is a model.pt2.
/// Metadata: as of open_pt2, and "links" ("encoder.a -> decoder.b; ..."). Errors: those of read_components and
/// open_pt2; not_found for a file that is missing; invalid_model for a link to what no graph has.
Pt2Model open_components(const FileSet& files, std::shared_ptr<const WeightSource> outside);

}  // namespace accelerate::import
