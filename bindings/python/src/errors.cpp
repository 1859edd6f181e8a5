#include "base/error.h"
#include "casters.h"

namespace accelerate::python {
namespace {

std::string_view name_of(ErrorGroup group) {
  switch (group) {
    case ErrorGroup::user: return "user";
    case ErrorGroup::model: return "model";
    case ErrorGroup::backend: return "backend";
    case ErrorGroup::system: return "system";
  }
  return "system";
}

/// The class of a code is looked up in ipfs_accelerate.errors; the only place where an Error becomes an exception.
void translate(const std::exception_ptr& pointer, void*) {
  try {
    std::rethrow_exception(pointer);
  } catch (const Error& error) {
    const nb::object make = nb::module_::import_("ipfs_accelerate.errors").attr("make_error");
    const nb::object exception =
        make(accelerate::name_of(error.code()), name_of(group_of(error.code())), error.message(), error.context());
    PyErr_SetObject(exception.type().ptr(), exception.ptr());
  }
}

}  // namespace

void bind_errors(nb::module_&) {
  nb::register_exception_translator(translate);
}

}  // namespace accelerate::python
