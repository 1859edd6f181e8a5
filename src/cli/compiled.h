#pragma once
// Folders that `compile` writes: what engines compiled of a model, sealed for this machine and user.
#include <filesystem>
#include <string>

#include "base/json.h"

namespace accelerate::cli {

/// Describes and seals the folder's content. facts: model, device and so on, for a person. Errors: io_error.
void seal_compiled(const std::filesystem::path& folder, Json facts);

/// Checks the seal and every file, and lets engines of this process read from the folder. Returns the device that it
/// was compiled for. asked: what --device says. Errors: invalid_model naming what is missing, changed or of another
/// machine, user or device.
std::string use_compiled(const std::filesystem::path& folder, const std::string& asked);

/// Engines of this process keep what they compile in the folder from now on. Errors: io_error.
void compile_into(const std::filesystem::path& folder);

}  // namespace accelerate::cli
