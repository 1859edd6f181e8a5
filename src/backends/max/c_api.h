#pragma once
// The part of the engine's C interface that is used here, declared by its symbol names and called through pointers:
// nothing of the engine is needed to build.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace accelerate::max_engine {

// Handles.
struct Status;
struct RuntimeConfig;
struct RuntimeContext;
struct CompileConfig;
struct CompiledModel;
struct AsyncModel;
struct Device;
struct TensorSpec;
struct AsyncTensor;
struct TensorMap;
struct WeightsRegistry;

enum DeviceKind : int { kHost = 0, kAccelerator = 1 };

/// Element types by the engine's numbers.
enum ElementType : int {
  kBool = 1,
  kF16 = 79,
  kBf16 = 80,
  kF32 = 81,
  kF64 = 82,
  kU8 = 134,
  kS8 = 135,
  kU16 = 136,
  kS16 = 137,
  kU32 = 138,
  kS32 = 139,
  kU64 = 140,
  kS64 = 141,
};

/// Every function of the table: result, name, parameters.
#define ACCELERATE_MAX_FUNCTIONS(X)                                                                           \
  X(const char*, M_version, ())                                                                               \
  X(Status*, M_newStatus, ())                                                                                 \
  X(int, M_isError, (const Status*))                                                                          \
  X(const char*, M_getError, (const Status*))                                                                 \
  X(void, M_freeStatus, (Status*))                                                                            \
  X(RuntimeConfig*, M_newRuntimeConfig, ())                                                                   \
  X(void, M_freeRuntimeConfig, (RuntimeConfig*))                                                              \
  X(void, M_runtimeConfigAddDevice, (RuntimeConfig*, Device*))                                                \
  X(RuntimeContext*, M_newRuntimeContext, (const RuntimeConfig*, Status*))                                    \
  X(void, M_freeRuntimeContext, (RuntimeContext*))                                                            \
  X(Device*, M_newDevice, (DeviceKind, int, Status*))                                                         \
  X(void, M_freeDevice, (Device*))                                                                            \
  X(const char*, M_getDeviceLabel, (const Device*))                                                           \
  X(int, M_getAcceleratorCount, ())                                                                           \
  X(CompileConfig*, M_newCompileConfig, ())                                                                   \
  X(void, M_freeCompileConfig, (CompileConfig*))                                                              \
  X(void, M_setModelPath, (CompileConfig*, const char*))                                                      \
  X(CompiledModel*, M_compileModelSync, (const RuntimeContext*, CompileConfig**, Status*))                    \
  X(void, M_freeCompiledModel, (CompiledModel*))                                                              \
  X(AsyncModel*, M_initModel, (const RuntimeContext*, const CompiledModel*, const WeightsRegistry*, Status*)) \
  X(void, M_waitForModel, (AsyncModel*, Status*))                                                             \
  X(void, M_freeModel, (AsyncModel*))                                                                         \
  X(TensorMap*, M_executeModelSync, (const RuntimeContext*, AsyncModel*, TensorMap*, Status*))                \
  X(TensorMap*, M_newAsyncTensorMap, (const RuntimeContext*))                                                 \
  X(void, M_freeAsyncTensorMap, (TensorMap*))                                                                 \
  X(TensorSpec*, M_newTensorSpec, (const int64_t*, int64_t, int, const char*, const Device*))                 \
  X(void, M_freeTensorSpec, (TensorSpec*))                                                                    \
  X(int64_t, M_getRank, (const TensorSpec*))                                                                  \
  X(int64_t, M_getDimAt, (const TensorSpec*, size_t))                                                         \
  X(void, M_borrowTensorInto, (TensorMap*, void*, const TensorSpec*, Status*))                                \
  X(AsyncTensor*, M_getTensorByNameFrom, (TensorMap*, const char*, Status*))                                  \
  X(size_t, M_getTensorNumElements, (const AsyncTensor*))                                                     \
  X(int, M_getTensorType, (const AsyncTensor*))                                                               \
  X(const void*, M_getTensorData, (const AsyncTensor*))                                                       \
  X(TensorSpec*, M_getTensorSpec, (const AsyncTensor*))                                                       \
  X(void, M_freeTensor, (AsyncTensor*))                                                                       \
  X(WeightsRegistry*, M_newWeightsRegistry, (const char**, const void**, size_t, Status*))                    \
  X(void, M_freeWeightsRegistry, (WeightsRegistry*))

/// The functions of one loaded library.
struct Api {
#define ACCELERATE_MAX_POINTER(result, name, parameters) result(*name) parameters = nullptr;
  ACCELERATE_MAX_FUNCTIONS(ACCELERATE_MAX_POINTER)
#undef ACCELERATE_MAX_POINTER

  /// Loads the library, which stays loaded. Errors: backend_unavailable with the loader's words, or naming the function
  /// that it lacks.
  static Api load(const std::filesystem::path& library);
};

/// One M_Status a call group: the engine does not say whether success clears an error.
class StatusOwner {
 public:
  explicit StatusOwner(const Api& api) : api_(api), status_(api.M_newStatus()) {}
  ~StatusOwner() { api_.M_freeStatus(status_); }
  StatusOwner(const StatusOwner&) = delete;
  StatusOwner& operator=(const StatusOwner&) = delete;
  operator Status*() { return status_; }  // NOLINT(google-explicit-constructor): passed to every call
  bool failed() const { return api_.M_isError(status_) != 0; }
  std::string message() const {
    const char* text = api_.M_getError(status_);
    return text == nullptr ? "no message" : text;
  }

 private:
  const Api& api_;
  Status* status_;
};

}  // namespace accelerate::max_engine
