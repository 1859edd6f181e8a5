#include "backends/max/engine.h"

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <optional>

#include "base/error.h"

namespace accelerate::max_engine {
namespace {

/// x + y of four numbers: the smallest graph that shows that kernels can be compiled and called.
constexpr const char* kSmokeText =
    R"(mo.graph @smoke(%x: !mo.tensor<[4], f32> loc(unknown), %y: !mo.tensor<[4], f32> loc(unknown)) -> !mo.tensor<[4], f32> attributes {argument_names = ["x", "y"], result_names = ["z"]} {
  %0 = rmo.add(%x, %y) : (!mo.tensor<[4], f32>, !mo.tensor<[4], f32>) -> !mo.tensor<[4], f32> loc(unknown)
  mo.output %0 : !mo.tensor<[4], f32> loc(unknown)
} loc(unknown)
)";

void check_version(const Installation& installation, const std::string& version) {
  if (version.starts_with(std::string(kSupportedVersion) + ".")) return;
  fail(ErrorCode::backend_unavailable,
       "{} ({}) is MAX {}; this program drives MAX {}.x: its graph text changes from release to release. Install that "
       "release, or set MAX_HOME to one",
       printable(installation.root.string(), 1000), installation.found_by, printable(version), kSupportedVersion);
}

/// An outcome of the search that is kept: an engine, or why there is none.
struct Outcome {
  std::unique_ptr<const Engine> engine;
  std::optional<Error> error;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> engine_environment(const Installation& installation,
                                                                    const std::filesystem::path& cache) {
  return {{"MODULAR_MOJO_MAX_PACKAGE_ROOT", installation.root.string()},
          {"MODULAR_MOJO_MAX_IMPORT_PATH", installation.kernels().string()},
          {"MODULAR_CACHE_DIR", cache.string()},
          {"MODULAR_TELEMETRY_ENABLED", "false"}};
}

const Engine& Engine::instance() {
  static std::mutex mutex;
  // Never destroyed: the engine's threads outlive main().
  static Outcome& outcome = *new Outcome;
  std::lock_guard lock(mutex);
  if (outcome.engine != nullptr) return *outcome.engine;
  if (outcome.error) throw Error(*outcome.error);
  Detection detection = detect([](const char* name) -> const char* { return std::getenv(name); });
  for (const Installation& installation : detection.found) {
    try {
      Identity identity = identify(installation);
      check_version(installation, identity.version);
      // The child first: what breaks there breaks nothing here.
      CompiledText smoke =
          compile_text(installation, identity, cache_folder(identity.version), kSmokeText, nullptr, {});
      std::unique_ptr<Engine> engine(new Engine(installation, std::move(identity)));
      engine->smoke_test(smoke.file);
      outcome.engine = std::move(engine);
      return *outcome.engine;
    } catch (const Error& error) {
      detection.rejected.push_back(error.message());
    }
  }
  outcome.error.emplace(ErrorCode::backend_unavailable, detection.explanation());
  throw Error(*outcome.error);
}

Engine::Engine(Installation installation, Identity identity)
    : installation_(std::move(installation)), identity_(std::move(identity)), cache_(&cache_folder(identity_.version)) {
  for (const auto& [name, value] : engine_environment(installation_, cache_->engine()))
    setenv(name.c_str(), value.c_str(), 1);
  api_ = Api::load(installation_.library());
  StatusOwner status(api_);
  RuntimeConfig* config = api_.M_newRuntimeConfig();
  device_ = api_.M_newDevice(kHost, 0, status);
  if (status.failed()) fail(ErrorCode::backend_unavailable, "MAX has no host device: {}", status.message());
  api_.M_runtimeConfigAddDevice(config, device_);
  context_ = api_.M_newRuntimeContext(config, status);
  api_.M_freeRuntimeConfig(config);
  if (status.failed()) fail(ErrorCode::backend_unavailable, "MAX cannot start: {}", status.message());
}

std::string Engine::device_label() const {
  const char* label = api_.M_getDeviceLabel(device_);
  return label == nullptr ? "" : label;
}

void Engine::smoke_test(const std::filesystem::path& file) const {
  LoadedGraph graph(*this, file, {});
  const float x[4] = {1, 2, 3, 4};
  const float y[4] = {18, 20, 40, 46};
  float z[4] = {};
  const int64_t shape[1] = {4};
  const LoadedGraph::Argument arguments[2] = {{"x", kF32, shape, x}, {"y", kF32, shape, y}};
  const LoadedGraph::Result results[1] = {{"z", sizeof z, z}};
  graph.run(arguments, results);
  const float expected[4] = {19, 22, 43, 50};
  if (std::memcmp(z, expected, sizeof z) != 0)
    fail(ErrorCode::backend_unavailable, "MAX at {} adds wrong: [{}, {}, {}, {}]; expected [19, 22, 43, 50]",
         printable(installation_.root.string(), 1000), z[0], z[1], z[2], z[3]);
}

LoadedGraph::LoadedGraph(const Engine& engine, const std::filesystem::path& file, std::vector<External> externals)
    : engine_(engine), externals_(std::move(externals)) {
  const Api& api = engine.api();
  StatusOwner status(api);
  auto check = [&](const char* step) {
    if (!status.failed()) return;
    std::string message = status.message();
    if (model_ != nullptr) api.M_freeModel(model_);
    if (compiled_ != nullptr) api.M_freeCompiledModel(compiled_);
    if (registry_ != nullptr) api.M_freeWeightsRegistry(registry_);
    fail(ErrorCode::compile_failed, "MAX cannot {} the graph: {}", step, printable(message, 2000));
  };
  CompileConfig* config = api.M_newCompileConfig();
  api.M_setModelPath(config, file.c_str());
  compiled_ = api.M_compileModelSync(engine.context(), &config, status);
  check("compile");
  // Without externals there still has to be a registry: the engine does not survive a null one where it wants one.
  std::vector<const char*> names;
  std::vector<const void*> pointers;
  static const int64_t kNothing = 0;
  for (const External& external : externals_) {
    names.push_back(external.name.c_str());
    pointers.push_back(external.value.data() == nullptr ? &kNothing : external.value.data());
  }
  if (!names.empty()) {
    registry_ = api.M_newWeightsRegistry(names.data(), pointers.data(), names.size(), status);
    check("bind the weights of");
  }
  model_ = api.M_initModel(engine.context(), compiled_, registry_, status);
  check("load");
  api.M_waitForModel(model_, status);
  check("load");
}

LoadedGraph::~LoadedGraph() {
  const Api& api = engine_.api();
  api.M_freeModel(model_);
  api.M_freeCompiledModel(compiled_);
  if (registry_ != nullptr) api.M_freeWeightsRegistry(registry_);
}

void LoadedGraph::run(std::span<const Argument> arguments, std::span<const Result> results) const {
  const Api& api = engine_.api();
  StatusOwner status(api);
  TensorMap* inputs = api.M_newAsyncTensorMap(engine_.context());
  TensorMap* outputs = nullptr;
  auto finish = [&] {
    if (outputs != nullptr) api.M_freeAsyncTensorMap(outputs);
    api.M_freeAsyncTensorMap(inputs);
  };
  auto check = [&](const char* step) {
    if (!status.failed()) return;
    std::string message = status.message();
    finish();
    fail(ErrorCode::execution_failed, "MAX cannot {}: {}", step, printable(message, 2000));
  };
  static const int64_t kNothing[2] = {0, 0};  // a null pointer would count as "not given"
  for (const Argument& argument : arguments) {
    TensorSpec* spec = api.M_newTensorSpec(argument.shape.empty() ? kNothing : argument.shape.data(),
                                           static_cast<int64_t>(argument.shape.size()), argument.element_type,
                                           argument.name, engine_.device());
    const void* data = argument.data == nullptr ? kNothing : argument.data;
    api.M_borrowTensorInto(inputs, const_cast<void*>(data), spec, status);
    api.M_freeTensorSpec(spec);
    check("take an input");
  }
  outputs = api.M_executeModelSync(engine_.context(), model_, inputs, status);
  check("run the graph");
  for (const Result& result : results) {
    AsyncTensor* tensor = api.M_getTensorByNameFrom(outputs, result.name, status);
    check("give a result");
    size_t elements = api.M_getTensorNumElements(tensor);
    const void* data = api.M_getTensorData(tensor);
    int type = api.M_getTensorType(tensor);
    size_t width = type == kF64 || type == kS64 || type == kU64                    ? 8
                   : type == kF32 || type == kS32 || type == kU32                  ? 4
                   : type == kF16 || type == kBf16 || type == kS16 || type == kU16 ? 2
                                                                                   : 1;
    bool fits = elements * width == result.size_bytes;
    if (fits && result.size_bytes > 0) std::memcpy(result.data, data, result.size_bytes);
    api.M_freeTensor(tensor);
    if (!fits) {
      finish();
      fail(ErrorCode::execution_failed, "MAX gave {} bytes for a result of {} bytes", elements * width,
           result.size_bytes);
    }
  }
  finish();
}

}  // namespace accelerate::max_engine
