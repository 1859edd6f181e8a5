#include "casters.h"

namespace accelerate::python {

std::string kind_of(nb::handle object) {
  return nb::cast<std::string>(nb::str(object.type().attr("__name__")));
}

nb::object from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean: return nb::bool_(json.get<bool>());
    case Json::value_t::number_integer: return nb::int_(json.get<int64_t>());
    case Json::value_t::number_unsigned: return nb::int_(json.get<uint64_t>());
    case Json::value_t::number_float: return nb::float_(json.get<double>());
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      return nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
    }
    case Json::value_t::array: {
      nb::object list = nb::steal(PyList_New(static_cast<Py_ssize_t>(json.size())));
      Py_ssize_t i = 0;
      for (const Json& entry : json) PyList_SET_ITEM(list.ptr(), i++, from_json(entry).release().ptr());
      return list;
    }
    case Json::value_t::object: {
      nb::dict dict;
      for (const auto& [key, value] : json.items()) dict[nb::str(key.data(), key.size())] = from_json(value);
      return dict;
    }
    default: return nb::none();
  }
}

Json to_json(nb::handle object) {
  if (object.is_none()) return nullptr;
  if (PyBool_Check(object.ptr())) return object.ptr() == Py_True;
  if (PyUnicode_Check(object.ptr())) return nb::cast<std::string>(object);
  if (PyFloat_Check(object.ptr())) return PyFloat_AS_DOUBLE(object.ptr());
  if (PyLong_Check(object.ptr())) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
    if (overflow != 0) fail(ErrorCode::invalid_argument, "an integer parameter does not fit 64 bits");
    return static_cast<int64_t>(value);
  }
  if (PyDict_Check(object.ptr())) {
    Json out = Json::object();
    for (const auto& [key, value] : nb::borrow<nb::dict>(object)) {
      if (!PyUnicode_Check(key.ptr())) fail(ErrorCode::invalid_argument, "a key of a parameter is not text");
      out[nb::cast<std::string>(key)] = to_json(value);
    }
    return out;
  }
  if (PyList_Check(object.ptr()) || PyTuple_Check(object.ptr())) {
    Json out = Json::array();
    for (nb::handle entry : object) out.push_back(to_json(entry));
    return out;
  }
  if (nb::hasattr(object, "__fspath__")) return nb::cast<std::string>(nb::str(object));
  if (nb::hasattr(object, "item")) {  // a scalar of NumPy or torch
    const nb::object item = object.attr("item")();
    if (!item.is(object)) return to_json(item);
  }
  fail(ErrorCode::invalid_argument, "a parameter is a {}; expected None, bool, int, float, str, list or dict",
       kind_of(object));
}

}  // namespace accelerate::python

namespace nanobind::detail {

using accelerate::python::GraphValue;

bool type_caster<accelerate::Dim>::from_python(handle source, uint32_t, cleanup_list*) noexcept {
  try {
    if (PyUnicode_Check(source.ptr())) {
      value = accelerate::Dim::parse(nanobind::cast<std::string>(source));
      return true;
    }
    if (PyBool_Check(source.ptr()) || !PyIndex_Check(source.ptr())) return false;
    const long long extent = PyLong_AsLongLong(nanobind::steal(PyNumber_Index(source.ptr())).ptr());
    if (extent == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      return false;
    }
    value = accelerate::Dim(static_cast<int64_t>(extent));
    return true;
  } catch (...) {
    return false;
  }
}

handle type_caster<accelerate::Dim>::from_cpp(const accelerate::Dim& dim, rv_policy, cleanup_list*) noexcept {
  if (const auto constant = dim.constant()) return PyLong_FromLongLong(*constant);
  const std::string text = dim.to_string();
  return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

bool type_caster<accelerate::Value>::from_python(handle source, uint32_t flags, cleanup_list*) noexcept {
  value = {};
  if (source.is_none()) return (flags & static_cast<uint32_t>(cast_flags::accepts_none)) != 0;
  GraphValue* found = nullptr;
  if (!nanobind::try_cast(source, found) || found == nullptr) return false;
  value = found->value;
  return true;
}

handle type_caster<accelerate::Value>::from_cpp(const accelerate::Value& value, rv_policy, cleanup_list*) noexcept {
  try {
    object graph = nanobind::find(*static_cast<accelerate::Graph*>(value.builder));
    return nanobind::cast(GraphValue{value, std::move(graph)}).release();
  } catch (python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return {};
}

}  // namespace nanobind::detail
