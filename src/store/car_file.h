#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "store/car.h"
#include "store/store.h"

namespace accelerate::store {

struct CarSummary {
  std::vector<Cid> roots;
  uint64_t blocks = 0;
  /// Of the archive.
  uint64_t bytes = 0;
};

/// Writes all blocks below the roots, parents first, each once. All or nothing. version: 1, or 2 with an index.
/// Errors: as Store::get's; io_error; invalid_argument for another version.
CarSummary write_car_file(Store& store, const std::vector<Cid>& roots, const std::filesystem::path& to, int version,
                          const StoreCall& call = {});

/// Takes all blocks of an archive, each verified, and pins its roots if all below them is there then.
/// Errors: as CarReader's; not_found if a root is to be pinned and something below it is missing; the blocks before a
/// fault stay until garbage is collected.
CarSummary read_car(Store& store, const ReadBytes& read, bool pin, const std::string& name, const StoreCall& call = {});
CarSummary read_car_file(Store& store, const std::filesystem::path& file, bool pin, const std::string& name,
                         const StoreCall& call = {});

}  // namespace accelerate::store
