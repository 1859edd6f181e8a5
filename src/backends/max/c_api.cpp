#include "backends/max/c_api.h"

#include <dlfcn.h>

#include "base/error.h"

namespace accelerate::max_engine {

Api Api::load(const std::filesystem::path& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    fail(ErrorCode::backend_unavailable, "cannot load {}: {}", printable(library.string(), 1000),
         printable(reason == nullptr ? "no reason given" : reason, 1000));
  }
  Api out;
#define ACCELERATE_MAX_LOOK_UP(result, name, parameters)                                                              \
  out.name = reinterpret_cast<decltype(out.name)>(dlsym(handle, #name));                                              \
  if (out.name == nullptr)                                                                                            \
    fail(ErrorCode::backend_unavailable, "{} has no function {}: it is no libmax", printable(library.string(), 1000), \
         #name);
  ACCELERATE_MAX_FUNCTIONS(ACCELERATE_MAX_LOOK_UP)
#undef ACCELERATE_MAX_LOOK_UP
  return out;
}

}  // namespace accelerate::max_engine
