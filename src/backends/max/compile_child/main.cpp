// ipfs-accelerate-max-compile identify LIBRARY | compile LIBRARY FILE
// Does in a process of its own what may end the process. Prints what it found, or "error: " and the engine's words;
// exit code 0, 1 (the engine refused) or 2 (usage).
#include <cstdio>
#include <cstring>
#include <string>

#include "backends/max/c_api.h"
#include "base/error.h"

namespace accelerate::max_engine {
namespace {

void check(const StatusOwner& status, const char* what) {
  if (status.failed()) fail(ErrorCode::compile_failed, "{}: {}", what, status.message());
}

void identify(const char* library) {
  Api api = Api::load(library);
  const char* version = api.M_version();
  std::printf("version %s\naccelerators %d\n", version == nullptr ? "?" : version, api.M_getAcceleratorCount());
}

void compile(const char* library, const char* file) {
  Api api = Api::load(library);
  StatusOwner status(api);
  RuntimeConfig* runtime = api.M_newRuntimeConfig();
  Device* device = api.M_newDevice(kHost, 0, status);
  check(status, "no host device");
  api.M_runtimeConfigAddDevice(runtime, device);
  RuntimeContext* context = api.M_newRuntimeContext(runtime, status);
  check(status, "no context");
  CompileConfig* config = api.M_newCompileConfig();
  api.M_setModelPath(config, file);
  CompiledModel* model = api.M_compileModelSync(context, &config, status);
  check(status, "the engine refuses it");
  api.M_freeCompiledModel(model);
  api.M_freeRuntimeContext(context);
  std::printf("compiled\n");
}

}  // namespace
}  // namespace accelerate::max_engine

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::strcmp(argv[1], "identify") == 0) {
      accelerate::max_engine::identify(argv[2]);
    } else if (argc == 4 && std::strcmp(argv[1], "compile") == 0) {
      accelerate::max_engine::compile(argv[2], argv[3]);
    } else {
      std::fprintf(stderr, "usage: ipfs-accelerate-max-compile identify LIBRARY | compile LIBRARY FILE\n");
      return 2;
    }
  } catch (const std::exception& error) {
    std::printf("error: %s\n", error.what());
    return 1;
  }
  return 0;
}
