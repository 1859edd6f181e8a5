#pragma once
#include <filesystem>
#include <string>

#include "skills/model_location.h"

namespace accelerate::skills {

/// Where a model is that a person names: a folder, ipfs://CID, or a hub's id ("ORG/NAME", "NAME"), whose
/// snapshot is fetched if the hub's cache has none. Errors: not_found, with where was looked; those of ModelLocation.
ModelLocation find_model(const std::string& name, const std::filesystem::path& store_folder,
                         const store::StoreCall& call = {});

/// A name for the skill of a model: the last part of a path, "org--name" for a hub id, the CID; letters, digits, "-",
/// "_" and "." are kept.
std::string skill_name_of(const std::string& model);

}  // namespace accelerate::skills
