#include "backends/max/detect.h"

#include "backend/modular_search.h"

namespace accelerate::max_engine {
namespace {

const ModularPart& part() {
  static const ModularPart kPart = {
      "MAX",
      "lib/libmax.so",
      {{"lib/mojo", "max-mojo-libs, the kernels"}, {"lib/libKGENCompilerRTShared.so", "mojo-compiler"}}};
  return kPart;
}

}  // namespace

std::string Detection::explanation() const {
  return explanation_of({{}, rejected}, part());
}

Detection detect(const std::function<const char*(const char*)>& environment) {
  ModularSearch search = search_modular(part(), environment);
  Detection out;
  for (auto& root : search.found) out.found.push_back({std::move(root.path), std::move(root.found_by)});
  out.rejected = std::move(search.rejected);
  return out;
}

}  // namespace accelerate::max_engine
