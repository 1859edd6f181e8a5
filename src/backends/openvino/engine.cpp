#include "backends/openvino/engine.h"

#include <array>
#include <charconv>
#include <cstdlib>

#include "accelerate/ops.h"
#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

struct Tensors {
  const Api& api;
  std::vector<EngineTensor*> list;
  ~Tensors() {
    for (EngineTensor* t : list) api.tensor_free(t);
  }
};

}  // namespace

std::optional<std::string> why_not_version(const std::string& version) {
  int release = 0;
  auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), release);
  if (error == std::errc() && release >= kFirstRelease && release <= kLastRelease) return std::nullopt;
  return fmt::format("it is OpenVINO {}; releases {} to {} are supported", printable(version), kFirstRelease,
                     kLastRelease);
}

const Engine& Engine::instance() {
  struct Found {
    std::unique_ptr<const Engine> engine;
    std::string reason;
  };
  static const Found found = [] {
    Found out;
    try {
      Detection detection = detect([](const char* name) -> const char* { return std::getenv(name); });
      for (const Installation& candidate : detection.found) {
        try {
          out.engine = std::make_unique<const Engine>(candidate);
          return out;
        } catch (const Error& error) {
          detection.rejected.push_back(fmt::format("{} ({}): {}", printable(candidate.library.string(), 1000),
                                                   candidate.found_by, error.message()));
        }
      }
      out.reason = detection.explanation();
    } catch (const std::exception& error) {
      out.reason = error.what();
    }
    return out;
  }();
  if (found.engine == nullptr) fail(ErrorCode::backend_unavailable, "{}", found.reason);
  return *found.engine;
}

Engine::Engine(Installation installation)
    : installation_(std::move(installation)), api_(load_api(installation_.library)) {
  EngineVersion version{};
  check(api_.get_openvino_version(&version), ErrorCode::backend_unavailable, "its version");
  version_ = version.build_number == nullptr ? "" : version.build_number;
  api_.version_free(&version);
  if (auto why = why_not_version(version_)) fail(ErrorCode::backend_unavailable, "{}", *why);
  check(api_.core_create(&core_), ErrorCode::backend_unavailable, "starting it");
  find_element_codes();
  smoke_test();
  cache_ = cache_folder(version_.substr(0, version_.find('-')));
}

void Engine::check(int status, ErrorCode code, std::string_view doing) const {
  if (status == 0) return;
  const char* words = api_.get_last_err_msg();
  std::string text = words == nullptr ? "" : words;
  if (text.empty()) text = api_.get_error_info(status);
  std::string line;
  for (char c : text) {
    bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!space) line += c;
    if (space && !line.empty() && line.back() != ' ') line += ' ';
  }
  fail(code, "OpenVINO, {}: {}", doing, printable(line, 1500));
}

std::optional<std::string> Engine::property(const std::string& device, const char* name) const {
  char* value = nullptr;
  if (api_.core_get_property(core_, device.c_str(), name, &value) != 0 || value == nullptr) return std::nullopt;
  std::string out = value;
  api_.free(value);
  return out;
}

void Engine::find_element_codes() {
  // The enumeration differs between releases: the engine is asked about a model with an input of each type.
  const std::vector<DType> types = {DType::f64, DType::f32, DType::f16,    DType::bf16, DType::i64,
                                    DType::i32, DType::i16, DType::i8,     DType::u64,  DType::u32,
                                    DType::u16, DType::u8,  DType::boolean};
  IrBuilder b;
  std::vector<IrValue> inputs;
  for (DType dtype : types) inputs.push_back(b.parameter({dtype, {Dim(1)}}));
  for (const IrValue& value : inputs) b.result(value);
  std::string text = b.finish();
  EngineModel* model = nullptr;
  check(api_.core_read_model_from_memory_buffer(core_, text.c_str(), text.size(), nullptr, &model),
        ErrorCode::backend_unavailable, "reading a small model");
  std::unique_ptr<EngineModel, void (*)(EngineModel*)> holder(model, api_.model_free);
  for (size_t i = 0; i < types.size(); ++i) {
    EnginePort* port = nullptr;
    check(api_.model_const_input_by_index(model, i, &port), ErrorCode::backend_unavailable, "an input's type");
    std::unique_ptr<EnginePort, void (*)(EnginePort*)> port_holder(port, api_.output_const_port_free);
    check(api_.port_get_element_type(port, &element_codes_[types[i]]), ErrorCode::backend_unavailable,
          "an input's type");
  }
}

void Engine::smoke_test() const {
  Graph graph("smoke", {TensorType(DType::f32, {"n", 2})});
  Value y = ops::constant(graph, Tensor::from(DType::f32, {2, 2}, std::vector<float>{5, 6, 7, 8}));
  graph.output(ops::matmul(graph.input(0), y));
  IrText text = write_ir(graph, MemoryWeights());
  CompiledModel model(*this, text, "CPU", ComputeType::f32, 1);
  const std::array<float, 4> x = {1, 2, 3, 4};
  std::array<float, 4> out{};
  const std::array<int64_t, 2> shape = {2, 2};
  const CompiledModel::Argument input{DType::f32, shape, x.data()};
  const CompiledModel::Argument output{DType::f32, shape, out.data()};
  model.run({&input, 1}, {&output, 1});
  if (out != std::array<float, 4>{19, 22, 43, 50})
    fail(ErrorCode::backend_unavailable, "it multiplies two matrices wrongly: {}, {}, {}, {}; expected 19, 22, 43, 50",
         out[0], out[1], out[2], out[3]);
}

std::vector<DeviceInfo> Engine::devices() const {
  EngineDevices found{};
  check(api_.core_get_available_devices(core_, &found), ErrorCode::backend_unavailable, "its devices");
  std::vector<std::string> names;
  for (size_t i = 0; i < found.size; ++i) names.emplace_back(found.devices[i]);
  api_.available_devices_free(&found);
  if (property("AUTO", "FULL_DEVICE_NAME")) names.emplace_back("AUTO");
  std::vector<DeviceInfo> out;
  for (const std::string& name : names) {
    DeviceInfo device;
    device.name = name;
    device.description = fmt::format("{} through {} ({})", property(name, "FULL_DEVICE_NAME").value_or(name),
                                     printable(installation_.library.string(), 1000), installation_.found_by);
    device.features = {"regions", "dynamic shapes"};
    if (auto can = property(name, "OPTIMIZATION_CAPABILITIES")) device.features.push_back("computes in " + *can);
    if (!cache_.note.empty()) device.features.push_back(cache_.note);
    out.push_back(std::move(device));
  }
  return out;
}

std::vector<std::string> Engine::properties(const std::string& device, ComputeType compute, int num_threads) const {
  std::string precision = compute == ComputeType::bf16 ? "bf16" : compute == ComputeType::f16 ? "f16" : "f32";
  std::vector<std::string> out;
  std::string known = " " + property(device, "SUPPORTED_PROPERTIES").value_or("") + " ";
  auto add = [&](const std::string& name, const std::string& value) {
    if (known.find(" " + name + " ") == std::string::npos) return false;
    out.push_back(name);
    out.push_back(value);
    return true;
  };
  if (!add("INFERENCE_PRECISION_HINT", precision) && device.starts_with("AUTO")) {
    std::string each;
    for (const char* real : {"CPU", "GPU", "NPU"})
      each += fmt::format("{}{}:{{INFERENCE_PRECISION_HINT:{}}}", each.empty() ? "" : ",", real, precision);
    out.insert(out.end(), {"DEVICE_PROPERTIES", "{" + each + "}"});
  }
  add("EXECUTION_MODE_HINT", "ACCURACY");
  add("PERFORMANCE_HINT", "LATENCY");
  add("NUM_STREAMS", "1");
  add("INFERENCE_NUM_THREADS", std::to_string(num_threads));
  add("ENABLE_CPU_PINNING", "NO");
  add("DYNAMIC_QUANTIZATION_GROUP_SIZE", "0");
  // A property of the engine itself, not of its devices.
  if (!cache_.path.empty()) out.insert(out.end(), {"CACHE_DIR", cache_.path.string()});
  return out;
}

CompiledModel::CompiledModel(const Engine& engine, const IrText& text, const std::string& device, ComputeType compute,
                             int num_threads)
    : engine_(engine), memory_(text.memory) {
  const Api& api = engine.api();
  std::lock_guard lock(engine.entrance());
  Tensors constants{api, {}};
  if (memory_.base != nullptr && memory_.span > 0) {
    auto bytes = static_cast<int64_t>(memory_.span);
    EngineTensor* tensor = nullptr;
    // The constants stay where they are: the text says where in this tensor, and nothing else of it is read.
    engine.check(api.tensor_create_from_host_ptr(engine.element_code(DType::u8), {1, &bytes},
                                                 const_cast<char*>(memory_.base), &tensor),
                 ErrorCode::compile_failed, "the constants");
    constants.list.push_back(tensor);
  }
  EngineModel* model = nullptr;
  engine.check(api.core_read_model_from_memory_buffer(engine.core(), text.text.c_str(), text.text.size(),
                                                      constants.list.empty() ? nullptr : constants.list[0], &model),
               ErrorCode::compile_failed, "reading the model");
  std::unique_ptr<EngineModel, void (*)(EngineModel*)> holder(model, api.model_free);
  std::vector<std::string> p = engine.properties(device, compute, num_threads);
  constexpr size_t kMost = 20;
  if (p.size() > kMost) fail(ErrorCode::internal, "{} properties; at most {}", p.size(), kMost);
  size_t count = p.size();
  p.resize(kMost);
  std::array<const char*, kMost> s{};
  for (size_t i = 0; i < kMost; ++i) s[i] = p[i].c_str();
  engine.check(api.core_compile_model(engine.core(), model, device.c_str(), count, &compiled_, s[0], s[1], s[2], s[3],
                                      s[4], s[5], s[6], s[7], s[8], s[9], s[10], s[11], s[12], s[13], s[14], s[15],
                                      s[16], s[17], s[18], s[19]),
               ErrorCode::compile_failed, "compiling for " + device);
  int status = api.compiled_model_create_infer_request(compiled_, &request_);
  if (status != 0) {
    api.compiled_model_free(compiled_);
    engine.check(status, ErrorCode::compile_failed, "preparing to run");
  }
  char* value = nullptr;
  if (api.compiled_model_get_property(compiled_, "LOADED_FROM_CACHE", &value) == 0 && value != nullptr) {
    std::string answer = value;
    from_cache_ = answer == "YES" || answer == "true" || answer == "1";
    api.free(value);
  }
}

CompiledModel::~CompiledModel() {
  std::lock_guard lock(engine_.entrance());
  engine_.api().infer_request_free(request_);
  engine_.api().compiled_model_free(compiled_);
}

void CompiledModel::run(std::span<const Argument> inputs, std::span<const Argument> outputs) const {
  const Api& api = engine_.api();
  static char nothing[64];
  std::lock_guard lock(engine_.entrance());
  Tensors tensors{api, {}};
  auto tensor = [&](const Argument& a) {
    EngineTensor* out = nullptr;
    void* data = a.data == nullptr ? nothing : const_cast<void*>(a.data);
    EngineShape shape{static_cast<int64_t>(a.shape.size()), const_cast<int64_t*>(a.shape.data())};
    engine_.check(api.tensor_create_from_host_ptr(engine_.element_code(a.dtype), shape, data, &out),
                  ErrorCode::execution_failed, "a tensor");
    tensors.list.push_back(out);
    return out;
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    engine_.check(api.infer_request_set_input_tensor_by_index(request_, i, tensor(inputs[i])),
                  ErrorCode::execution_failed, fmt::format("input {}", i));
  for (size_t i = 0; i < outputs.size(); ++i)
    engine_.check(api.infer_request_set_output_tensor_by_index(request_, i, tensor(outputs[i])),
                  ErrorCode::execution_failed, fmt::format("output {}", i));
  engine_.check(api.infer_request_infer(request_), ErrorCode::execution_failed, "running");
}

}  // namespace accelerate::openvino_engine
