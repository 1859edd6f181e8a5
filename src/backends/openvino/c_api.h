#pragma once
// The functions of OpenVINO's C interface that the backend calls, resolved at run time: nothing is linked, and no
// header of OpenVINO is needed to build.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace accelerate::openvino_engine {

// Handles of the library; their contents are its own.
struct Core;
struct EngineModel;
struct EngineCompiled;
struct EngineRequest;
struct EngineTensor;
struct EnginePort;

struct EngineShape {
  int64_t rank;
  int64_t* dims;
};
struct EngineVersion {
  const char* build_number;
  const char* description;
};
struct EngineDevices {
  char** devices;
  size_t size;
};

/// Statuses and element types are ints; 0 is success. Names are those of the library without "ov_".
struct Api {
  int (*get_openvino_version)(EngineVersion*) = nullptr;
  void (*version_free)(EngineVersion*) = nullptr;
  const char* (*get_error_info)(int) = nullptr;
  const char* (*get_last_err_msg)() = nullptr;
  void (*free)(const char*) = nullptr;
  int (*core_create)(Core**) = nullptr;
  void (*core_free)(Core*) = nullptr;
  int (*core_read_model_from_memory_buffer)(const Core*, const char*, size_t, const EngineTensor*,
                                            EngineModel**) = nullptr;
  /// Properties are pairs of strings after the result; the count is of strings.
  int (*core_compile_model)(const Core*, const EngineModel*, const char*, size_t, EngineCompiled**, ...) = nullptr;
  int (*core_get_available_devices)(const Core*, EngineDevices*) = nullptr;
  void (*available_devices_free)(EngineDevices*) = nullptr;
  int (*core_get_property)(const Core*, const char*, const char*, char**) = nullptr;
  void (*model_free)(EngineModel*) = nullptr;
  int (*model_const_input_by_index)(const EngineModel*, size_t, EnginePort**) = nullptr;
  int (*port_get_element_type)(const EnginePort*, int*) = nullptr;
  void (*output_const_port_free)(EnginePort*) = nullptr;
  void (*compiled_model_free)(EngineCompiled*) = nullptr;
  int (*compiled_model_create_infer_request)(const EngineCompiled*, EngineRequest**) = nullptr;
  int (*compiled_model_get_property)(const EngineCompiled*, const char*, char**) = nullptr;
  void (*infer_request_free)(EngineRequest*) = nullptr;
  int (*infer_request_set_input_tensor_by_index)(EngineRequest*, size_t, const EngineTensor*) = nullptr;
  int (*infer_request_set_output_tensor_by_index)(EngineRequest*, size_t, const EngineTensor*) = nullptr;
  int (*infer_request_get_output_tensor_by_index)(const EngineRequest*, size_t, EngineTensor**) = nullptr;
  int (*infer_request_infer)(EngineRequest*) = nullptr;
  int (*tensor_create_from_host_ptr)(int, EngineShape, void*, EngineTensor**) = nullptr;
  int (*tensor_get_byte_size)(const EngineTensor*, size_t*) = nullptr;
  int (*tensor_data)(const EngineTensor*, void**) = nullptr;
  void (*tensor_free)(EngineTensor*) = nullptr;
};

/// Loads the library, which stays loaded. Errors: backend_unavailable if it cannot be loaded or lacks a function.
Api load_api(const std::filesystem::path& library);

}  // namespace accelerate::openvino_engine
