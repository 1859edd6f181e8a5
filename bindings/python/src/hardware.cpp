#include "casters.h"
#include "hardware/report.h"

namespace accelerate::python {

void bind_hardware(nb::module_& module) {
  nb::module_ hardware = module.def_submodule("hardware", "What can run models on this machine.");
  hardware.def(
      "info",
      [] {
        Json out;
        {
          const nb::gil_scoped_release release;
          out = hardware::to_json(hardware::report());
        }
        return out;
      },
      nb::sig("def info() -> dict[str, object]"),
      "The processor, and each backend: available or why not, version, devices. Everything is asked anew.");
  hardware.def(
      "test",
      [] {
        Json out;
        {
          const nb::gil_scoped_release release;
          out = hardware::to_json(hardware::smoke_test());
        }
        return out;
      },
      nb::sig("def test() -> list[dict[str, object]]"),
      "Computes a small product on each available backend and compares it.");
}

}  // namespace accelerate::python
