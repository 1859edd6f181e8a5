#include "backends/openvino/c_api.h"

#include <dlfcn.h>

#include "base/error.h"

namespace accelerate::openvino_engine {
namespace {

class Library {
 public:
  explicit Library(const std::filesystem::path& path) : path_(printable(path.string(), 1000)) {
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr)
      fail(ErrorCode::backend_unavailable, "cannot load {}: {}", path_, printable(dlerror(), 500));
  }

  template <typename Function>
  void find(Function& function, const char* name) const {
    void* symbol = dlsym(handle_, name);
    if (symbol == nullptr)
      fail(ErrorCode::backend_unavailable, "{} is not the C library of OpenVINO, or an unsupported release: no {}",
           path_, name);
    function = reinterpret_cast<Function>(symbol);
  }

 private:
  std::string path_;
  void* handle_ = nullptr;  // never closed: the engine has threads of its own
};

}  // namespace

Api load_api(const std::filesystem::path& library) {
  Library lib(library);
  Api api;
  lib.find(api.get_openvino_version, "ov_get_openvino_version");
  lib.find(api.version_free, "ov_version_free");
  lib.find(api.get_error_info, "ov_get_error_info");
  lib.find(api.get_last_err_msg, "ov_get_last_err_msg");
  lib.find(api.free, "ov_free");
  lib.find(api.core_create, "ov_core_create");
  lib.find(api.core_free, "ov_core_free");
  lib.find(api.core_read_model_from_memory_buffer, "ov_core_read_model_from_memory_buffer");
  lib.find(api.core_compile_model, "ov_core_compile_model");
  lib.find(api.core_get_available_devices, "ov_core_get_available_devices");
  lib.find(api.available_devices_free, "ov_available_devices_free");
  lib.find(api.core_get_property, "ov_core_get_property");
  lib.find(api.model_free, "ov_model_free");
  lib.find(api.model_const_input_by_index, "ov_model_const_input_by_index");
  lib.find(api.port_get_element_type, "ov_port_get_element_type");
  lib.find(api.output_const_port_free, "ov_output_const_port_free");
  lib.find(api.compiled_model_free, "ov_compiled_model_free");
  lib.find(api.compiled_model_create_infer_request, "ov_compiled_model_create_infer_request");
  lib.find(api.compiled_model_get_property, "ov_compiled_model_get_property");
  lib.find(api.infer_request_free, "ov_infer_request_free");
  lib.find(api.infer_request_set_input_tensor_by_index, "ov_infer_request_set_input_tensor_by_index");
  lib.find(api.infer_request_set_output_tensor_by_index, "ov_infer_request_set_output_tensor_by_index");
  lib.find(api.infer_request_get_output_tensor_by_index, "ov_infer_request_get_output_tensor_by_index");
  lib.find(api.infer_request_infer, "ov_infer_request_infer");
  lib.find(api.tensor_create_from_host_ptr, "ov_tensor_create_from_host_ptr");
  lib.find(api.tensor_get_byte_size, "ov_tensor_get_byte_size");
  lib.find(api.tensor_data, "ov_tensor_data");
  lib.find(api.tensor_free, "ov_tensor_free");
  return api;
}

}  // namespace accelerate::openvino_engine
