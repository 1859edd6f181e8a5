#include "casters.h"

NB_MODULE(_core, module) {
  using namespace accelerate::python;
  module.doc() = "The C++ core of ipfs_accelerate.";
  // Objects that live until the interpreter ends (module globals, caches) are no leaks.
  nanobind::set_leak_warnings(false);
  module.attr("__version__") = ACCELERATE_VERSION;
  bind_errors(module);
  bind_tensor(module);
  bind_graph(module);
  bind_ops(module);
  bind_session(module);
  bind_tokenizer(module);
  bind_task(module);
  bind_skill(module);
  bind_hardware(module);
  bind_library(module);
}
