#pragma once
#include <filesystem>
#include <string>

#include "base/cancel.h"
#include "base/json.h"
#include "import/bundle/manifest.h"
#include "runtime/session.h"

namespace accelerate::skills {

/// A skill that is to be verified, as it lies in its folder.
struct SkillCheck {
  std::filesystem::path folder;
  /// Who made the recordings, in words.
  std::string against;
  const import::Manifest& manifest;
  SessionOptions session;
  CancelToken cancel;
  /// Why transformers could not be asked.
  std::string why_no_python = {};
};

/// The record of a run on inputs-K.safetensors of `recorded`, compared with its outputs-K.safetensors:
/// {against, sets, tolerance, passed, max_rel, outputs, backend, device, ...}. Errors: execution_failed if they differ
/// or the skill does not run, with what is at fault.
Json check_against_recordings(const SkillCheck& check, const std::filesystem::path& recorded);

/// The record of a run compared with the reference backend of this program, on pseudo-random inputs; the record says
/// why transformers was not asked. Errors: as above; unsupported_task if the inputs of the model cannot be made up.
Json check_against_reference(const SkillCheck& check);

}  // namespace accelerate::skills
