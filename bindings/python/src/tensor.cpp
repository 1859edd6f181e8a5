#include "tensor/tensor.h"

#include <unordered_map>

#include "base/error.h"
#include "casters.h"

namespace accelerate::python {
namespace {

namespace dl = nb::dlpack;

/// DLPack's codes of the 8-bit floats (dlpack.h, DLDataTypeCode).
constexpr uint8_t kDlFloat8E4m3fn = 10;
constexpr uint8_t kDlFloat8E5m2 = 12;

dl::dtype dlpack_dtype(DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * size_of(dtype));
  const auto code = [](dl::dtype_code c) { return static_cast<uint8_t>(c); };
  switch (dtype) {
    case DType::bf16: return {code(dl::dtype_code::Bfloat), bits, 1};
    case DType::f8e4m3: return {kDlFloat8E4m3fn, bits, 1};
    case DType::f8e5m2: return {kDlFloat8E5m2, bits, 1};
    case DType::boolean: return {code(dl::dtype_code::Bool), bits, 1};
    case DType::c64: return {code(dl::dtype_code::Complex), bits, 1};
    default: break;
  }
  if (is_float(dtype)) return {code(dl::dtype_code::Float), bits, 1};
  return {code(is_signed_integer(dtype) ? dl::dtype_code::Int : dl::dtype_code::UInt), bits, 1};
}

DType from_dlpack_dtype(const dl::dtype& type) {
  for (int i = 0; i < static_cast<int>(DType::token); ++i) {
    const auto dtype = static_cast<DType>(i);
    const dl::dtype known = dlpack_dtype(dtype);
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1) return dtype;
  }
  fail(ErrorCode::invalid_dtype, "an array has elements of DLPack type {} with {} bits; convert it first", type.code,
       type.bits);
}

nb::object numpy() {
  return nb::module_::import_("numpy");
}

using HostArray = nb::ndarray<nb::ro, nb::device::cpu>;

/// Nothing if the object is no array in host memory.
std::optional<Tensor> shared(nb::handle object) {
  HostArray array;
  if (!nb::try_cast<HostArray>(object, array, false)) return std::nullopt;
  const DType dtype = from_dlpack_dtype(array.dtype());
  std::vector<int64_t> shape;
  int64_t expected = 1;
  bool contiguous = true;
  for (size_t i = array.ndim(); i-- > 0;) {
    const auto extent = static_cast<int64_t>(array.shape(i));
    contiguous = contiguous && (extent == 1 || array.stride(i) == expected);
    expected *= extent;
    shape.insert(shape.begin(), extent);
  }
  void* data = const_cast<void*>(array.data());
  const size_t alignment = dtype == DType::c64 ? size_of(DType::f32) : size_of(dtype);
  if (expected == 0) return Tensor(dtype, std::move(shape));
  if (contiguous && reinterpret_cast<uintptr_t>(data) % alignment == 0) {
    // The array object holds what owns the memory, whatever becomes of the Python object.
    auto* held = new HostArray(array);
    std::shared_ptr<const void> owner(held, [](HostArray* last) {
      if (!nb::is_alive()) return;
      const nb::gil_scoped_acquire lock;
      delete last;
    });
    return Tensor::borrow(dtype, std::move(shape), data, std::move(owner));
  }
  Tensor out(dtype, shape);
  const size_t size = size_of(dtype);
  std::vector<int64_t> index(shape.size(), 0);
  auto* to = static_cast<std::byte*>(out.data());
  for (int64_t i = 0; i < expected; ++i, to += size) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < index.size(); ++axis) offset += index[axis] * array.stride(axis);
    std::memcpy(to, static_cast<const std::byte*>(data) + offset * static_cast<int64_t>(size), size);
    for (size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return out;
}

nb::object array_of(nb::handle self, bool as_numpy) {
  const Tensor& tensor = nb::cast<const Tensor&>(self);
  std::vector<size_t> shape(tensor.shape().begin(), tensor.shape().end());
  static int64_t nothing = 0;  // an array without elements still has an address
  void* data = tensor.empty() ? &nothing : const_cast<void*>(tensor.data());
  if (as_numpy) {
    return nb::cast(nb::ndarray<nb::numpy>(data, shape.size(), shape.data(), self, nullptr,
                                           dlpack_dtype(tensor.dtype()), nb::device::cpu::value));
  }
  return nb::cast(nb::ndarray<nb::array_api>(data, shape.size(), shape.data(), self, nullptr,
                                             dlpack_dtype(tensor.dtype()), nb::device::cpu::value));
}

/// Numbers and nested lists, by NumPy, which keeps Python's integers and booleans and gives f64 for float.
Tensor from_numbers(nb::handle object) {
  const nb::object array = numpy().attr("ascontiguousarray")(object);
  auto tensor = shared(array);
  if (!tensor) fail(ErrorCode::invalid_argument, "a {} is no tensor", kind_of(object));
  return tensor->dtype() == DType::f64 ? tensor->cast(DType::f32) : tensor->clone();
}

}  // namespace

bool dtype_of(nb::handle object, DType& out) {
  static const std::unordered_map<std::string_view, DType> kNames = [] {
    std::unordered_map<std::string_view, DType> names = {{"float64", DType::f64},
                                                         {"float32", DType::f32},
                                                         {"float16", DType::f16},
                                                         {"bfloat16", DType::bf16},
                                                         {"float8_e4m3fn", DType::f8e4m3},
                                                         {"float8_e5m2", DType::f8e5m2},
                                                         {"int64", DType::i64},
                                                         {"int32", DType::i32},
                                                         {"int16", DType::i16},
                                                         {"int8", DType::i8},
                                                         {"uint64", DType::u64},
                                                         {"uint32", DType::u32},
                                                         {"uint16", DType::u16},
                                                         {"uint8", DType::u8},
                                                         {"boolean", DType::boolean},
                                                         {"complex64", DType::c64}};
    for (int i = 0; i < static_cast<int>(DType::token); ++i)
      names.emplace(name_of(static_cast<DType>(i)), static_cast<DType>(i));
    return names;
  }();
  try {
    std::string text;
    if (PyUnicode_Check(object.ptr())) {
      text = nb::cast<std::string>(object);
    } else if (nb::hasattr(object, "value") && PyUnicode_Check(nb::object(object.attr("value")).ptr())) {
      text = nb::cast<std::string>(object.attr("value"));  // a member of DType
    } else {
      const std::string kind = kind_of(object);
      if (kind.find("dtype") == std::string::npos && kind.find("DType") == std::string::npos &&
          !PyType_Check(object.ptr()))
        return false;
      text = nb::cast<std::string>(
          nb::str(PyType_Check(object.ptr()) ? nb::object(object.attr("__name__")) : nb::borrow(object)));
      if (text.starts_with("torch.")) text.erase(0, 6);
    }
    const auto found = kNames.find(text);
    if (found == kNames.end()) return false;
    out = found->second;
    return true;
  } catch (...) {
    return false;
  }
}

nb::object dtype_object(DType dtype) {
  return nb::module_::import_("ipfs_accelerate.dtypes").attr("DType")(name_of(dtype));
}

Tensor tensor_of(nb::handle object) {
  const Tensor* own = nullptr;
  if (nb::try_cast(object, own) && own != nullptr) return *own;
  if (nb::hasattr(object, "requires_grad") && nb::cast<bool>(object.attr("requires_grad")))
    return tensor_of(object.attr("detach")());
  if (auto tensor = shared(object)) return *tensor;
  if (PyFloat_Check(object.ptr()) || PyLong_Check(object.ptr()) || PyList_Check(object.ptr()) ||
      PyTuple_Check(object.ptr()))
    return from_numbers(object);
  if (nb::hasattr(object, "__array__")) return from_numbers(object.attr("__array__")());
  fail(ErrorCode::invalid_argument,
       "a {} is no tensor in host memory; expected a Tensor, an array of NumPy or torch (on the CPU), or numbers",
       kind_of(object));
}

nb::object numpy_of(nb::handle tensor) {
  const DType dtype = nb::cast<const Tensor&>(tensor).dtype();
  if (dtype == DType::bf16 || dtype == DType::f8e4m3 || dtype == DType::f8e5m2)
    fail(ErrorCode::invalid_dtype, "NumPy has no type for {}; use .cast(\"f32\").numpy() or .torch()", name_of(dtype));
  return array_of(tensor, true);
}

nb::object torch_of(nb::handle tensor) {
  return nb::module_::import_("torch").attr("from_dlpack")(tensor);
}

nb::object array_like(nb::handle like, Tensor tensor) {
  nb::object out = nb::cast(std::move(tensor));
  if (!like.is_valid() || nb::isinstance<Tensor>(like)) return out;
  const std::string module = nb::cast<std::string>(nb::str(like.type().attr("__module__")));
  if (module.starts_with("torch")) return torch_of(out);
  const DType dtype = nb::cast<const Tensor&>(out).dtype();
  const bool has_numpy_type = dtype != DType::bf16 && dtype != DType::f8e4m3 && dtype != DType::f8e5m2;
  return has_numpy_type ? numpy_of(out) : out;
}

void bind_tensor(nb::module_& module) {
  nb::class_<TensorType>(module, "TensorType",
                         "The type of a graph value: element type and extents. Extents are integers, names of symbols "
                         "(\"batch\") or expressions of them (\"sequence + past\").")
      .def(
          "__init__",
          [](TensorType* self, DType dtype, Shape shape) { new (self) TensorType(dtype, std::move(shape)); },
          nb::arg("dtype"), nb::arg("shape"))
      .def_prop_ro(
          "dtype", [](const TensorType& t) { return t.dtype; },
          nb::sig("def dtype(self) -> ipfs_accelerate.dtypes.DType"))
      .def_prop_ro("shape", [](const TensorType& t) { return t.shape; })
      .def_prop_ro("rank", &TensorType::rank)
      .def(
          "__eq__", [](const TensorType& a, const TensorType& b) { return a == b; }, nb::is_operator())
      .def("__hash__", [](const TensorType& t) { return std::hash<std::string>()(t.to_string()); })
      .def("__str__", &TensorType::to_string)
      .def("__repr__", [](const TensorType& t) { return "TensorType(" + t.to_string() + ")"; });

  nb::class_<Tensor>(module, "Tensor",
                     "Values in host memory, row-major and contiguous. Shares memory with NumPy (`numpy()`, "
                     "`numpy.asarray`), torch (`torch()`) and every library that speaks DLPack.")
      .def(
          "__init__",
          [](Tensor* self, nb::handle data, std::optional<DType> dtype) {
            Tensor tensor = tensor_of(data);
            new (self) Tensor(dtype && *dtype != tensor.dtype() ? tensor.cast(*dtype) : std::move(tensor));
          },
          nb::arg("data"), nb::arg("dtype") = nb::none(),
          nb::sig("def __init__(self, data: object, dtype: ipfs_accelerate.dtypes.DType | str | None = None) -> None"),
          "Shares the memory of `data` where it is an array in host memory that is contiguous; numbers and nested "
          "lists "
          "are copied (float -> f32, int -> i64). With another `dtype` the values are converted.\n\n"
          "Errors: InvalidArgumentError, InvalidDtypeError.")
      .def_static(
          "from_dlpack", [](nb::handle object) { return tensor_of(object); }, nb::arg("array"),
          nb::sig("def from_dlpack(array: object) -> Tensor"), "As Tensor(array).")
      .def_static(
          "zeros", [](std::vector<int64_t> shape, DType dtype) { return Tensor::zeros(dtype, std::move(shape)); },
          nb::arg("shape"), nb::arg("dtype") = "f32",
          nb::sig("def zeros(shape: collections.abc.Sequence[int], dtype: ipfs_accelerate.dtypes.DType | str = 'f32') "
                  "-> Tensor"))
      .def_prop_ro(
          "dtype", [](const Tensor& t) { return t.dtype(); },
          nb::sig("def dtype(self) -> ipfs_accelerate.dtypes.DType"))
      .def_prop_ro(
          "shape", [](const Tensor& t) { return nb::tuple(nb::cast(t.shape())); },
          nb::sig("def shape(self) -> tuple[int, ...]"))
      .def_prop_ro("ndim", &Tensor::rank)
      .def_prop_ro("size", &Tensor::num_elements)
      .def_prop_ro("nbytes", &Tensor::size_bytes)
      .def("cast", &Tensor::cast, nb::arg("dtype"), nb::call_guard<nb::gil_scoped_release>(),
           "A converted copy: floats round to nearest even, integers truncate towards zero.")
      .def(
          "reshape", [](const Tensor& t, std::vector<int64_t> shape) { return t.reshape(std::move(shape)); },
          nb::arg("shape"), "The same memory with other extents.")
      .def("copy", &Tensor::clone, nb::call_guard<nb::gil_scoped_release>(), "A copy with memory of its own.")
      .def(
          "numpy", [](nb::handle self) { return numpy_of(self); }, nb::sig("def numpy(self) -> numpy.typing.NDArray"),
          "An array that shares the memory. Errors: InvalidDtypeError for bf16 and the 8-bit floats, which NumPy "
          "lacks.")
      .def(
          "torch", [](nb::handle self) { return torch_of(self); }, nb::sig("def torch(self) -> object"),
          "A torch.Tensor that shares the memory.")
      .def(
          "tolist", [](nb::handle self) { return numpy_of(self).attr("tolist")(); },
          nb::sig("def tolist(self) -> object"))
      .def(
          "item",
          [](const Tensor& t) -> nb::object {
            if (t.num_elements() != 1)
              fail(ErrorCode::invalid_shape, "a tensor {} has no single item", to_string(t.shape()));
            if (t.dtype() == DType::boolean) return nb::bool_(t.get_int(0) != 0);
            if (is_float(t.dtype())) return nb::float_(t.get(0));
            return nb::int_(t.get_int(0));
          },
          nb::sig("def item(self) -> int | float | bool"))
      .def(
          "__dlpack__",
          [](nb::handle self, nb::kwargs options) { return array_of(self, false).attr("__dlpack__")(**options); },
          nb::sig("def __dlpack__(self, **kwargs: object) -> object"))
      .def(
          "__dlpack_device__", [](const Tensor&) { return nb::make_tuple(1, 0); },
          nb::sig("def __dlpack_device__(self) -> tuple[int, int]"))
      .def(
          "__array__",
          [](nb::handle self, nb::handle dtype, nb::handle copy) -> nb::object {
            nb::object array = numpy_of(self);
            if (!dtype.is_none()) return array.attr("astype")(dtype);
            return copy.ptr() == Py_True ? nb::object(array.attr("copy")()) : array;
          },
          nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none(),
          nb::sig("def __array__(self, dtype: object = None, copy: bool | None = None) -> numpy.typing.NDArray"))
      .def("__len__",
           [](const Tensor& t) {
             if (t.rank() == 0) fail(ErrorCode::invalid_shape, "a tensor of rank 0 has no length");
             return t.dim(0);
           })
      .def("__repr__", [](const Tensor& t) { return "Tensor(" + t.type().to_string() + ")"; });
}

}  // namespace accelerate::python
