#pragma once
// How values cross the border to Python: dims, dtypes, graph values, JSON, tensors.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "base/json.h"
#include "graph/graph.h"

namespace accelerate::python {

namespace nb = nanobind;

/// A value of a graph, with the Python object of its graph, which it keeps alive.
struct GraphValue {
  Value value;
  nb::object graph;
};

/// The name of an object's type, for messages.
std::string kind_of(nb::handle object);

/// JSON as None, bool, int, float, str, list and dict.
nb::object from_json(const Json& json);
/// The inverse; also tuples, NumPy scalars and everything with __fspath__. Errors: invalid_argument, naming the type.
Json to_json(nb::handle object);

/// The tensor of a Tensor, of an array of NumPy or any library with DLPack in host memory (shared, not copied, if it is
/// contiguous and aligned), or of a number or nested list (copied: float -> f32, int -> i64).
/// Errors: invalid_argument naming the type; invalid_dtype.
Tensor tensor_of(nb::handle object);
/// The tensor as an array that shares its memory. Errors: invalid_dtype for types that NumPy lacks.
nb::object numpy_of(nb::handle tensor);
nb::object torch_of(nb::handle tensor);
/// As the library that `like` comes from: numpy_of, torch_of, or the Tensor itself.
nb::object array_like(nb::handle like, Tensor tensor);

/// The DType of "f32", of a NumPy or torch dtype, or of a member of ipfs_accelerate.DType. False for other objects.
bool dtype_of(nb::handle object, DType& out);
nb::object dtype_object(DType dtype);

void bind_errors(nb::module_& module);
void bind_tensor(nb::module_& module);
void bind_graph(nb::module_& module);
void bind_ops(nb::module_& module);
void bind_session(nb::module_& module);
void bind_tokenizer(nb::module_& module);
void bind_task(nb::module_& module);
void bind_skill(nb::module_& module);
void bind_hardware(nb::module_& module);
/// After bind_hardware.
void bind_library(nb::module_& module);

}  // namespace accelerate::python

namespace nanobind::detail {

/// int for a constant, else text ("batch", "sequence + past").
template <>
struct type_caster<accelerate::Dim> {
  NB_TYPE_CASTER(accelerate::Dim, const_name("int | str"))
  bool from_python(handle source, uint32_t flags, cleanup_list* cleanup) noexcept;
  static handle from_cpp(const accelerate::Dim& dim, rv_policy policy, cleanup_list* cleanup) noexcept;
};

template <>
struct type_caster<accelerate::DType> {
  NB_TYPE_CASTER(accelerate::DType, const_name("ipfs_accelerate.dtypes.DType | str"))
  bool from_python(handle source, uint32_t, cleanup_list*) noexcept {
    return accelerate::python::dtype_of(source, value);
  }
  static handle from_cpp(accelerate::DType dtype, rv_policy, cleanup_list*) noexcept {
    try {
      return accelerate::python::dtype_object(dtype).release();
    } catch (python_error& error) {
      error.restore();
      return {};
    }
  }
};

template <>
struct type_caster<accelerate::Value> {
  NB_TYPE_CASTER(accelerate::Value, const_name("ipfs_accelerate._core.Value"))
  bool from_python(handle source, uint32_t flags, cleanup_list* cleanup) noexcept;
  static handle from_cpp(const accelerate::Value& value, rv_policy policy, cleanup_list* cleanup) noexcept;
};

template <>
struct type_caster<accelerate::Json> {
  NB_TYPE_CASTER(accelerate::Json, const_name("object"))
  bool from_python(handle, uint32_t, cleanup_list*) noexcept { return false; }
  static handle from_cpp(const accelerate::Json& json, rv_policy, cleanup_list*) noexcept {
    try {
      return accelerate::python::from_json(json).release();
    } catch (python_error& error) {
      error.restore();
      return {};
    }
  }
};

}  // namespace nanobind::detail
