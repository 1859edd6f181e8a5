#include "skills/skill.h"

#include "casters.h"
#include "options.h"
#include "tasks/registry.h"

namespace accelerate::python {
namespace {

using skills::Skill;

Skill open(const std::string& where, const std::string& task, nb::dict parameters,
           const std::optional<std::string>& device, const std::string& dtype, int threads, bool strict) {
  skills::SkillOptions options;
  options.task = task;
  options.parameters = to_json(parameters);
  options.session = session_options(device, dtype, threads, strict);
  const nb::gil_scoped_release release;
  return Skill::open(where, options);
}

nb::object process(const Skill& skill, const tasks::TaskInputs& inputs, nb::handle parameters, size_t batch_size,
                   std::optional<double> timeout_ms) {
  const tasks::CallOptions options = call_options(parameters, batch_size, timeout_ms);
  Json out;
  {
    const nb::gil_scoped_release release;
    out = skill.process(inputs, options);
  }
  return from_json(out);
}

nb::object process_tensors(const Skill& skill, nb::dict inputs, std::optional<double> timeout_ms) {
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, value] : inputs) tensors.emplace(nb::cast<std::string>(name), tensor_of(value));
  skills::Skill::TensorResult result;
  {
    const ExecuteOptions options = execute_options(timeout_ms);
    const nb::gil_scoped_release release;
    result = skill.process_tensors(tensors, options);
  }
  nb::dict outputs;
  for (auto& [name, tensor] : result.outputs) outputs[name.c_str()] = std::move(tensor);
  nb::object envelope = from_json(result.envelope);
  envelope["result"] = outputs;
  return envelope;
}

}  // namespace

void bind_skill(nb::module_& module) {
  nb::class_<Skill>(module, "SkillCore",
                    "A skill or model folder as the C++ library opens it; see ipfs_accelerate.Skill.")
      .def_static("open", open, nb::arg("where"), nb::arg("task") = "", nb::arg("parameters") = nb::dict(),
                  nb::arg("device") = nb::none(), nb::arg("dtype") = "auto", nb::arg("threads") = 0,
                  nb::arg("strict") = false)
      .def("process", process, nb::arg("inputs"), nb::arg("parameters") = nb::dict(), nb::arg("batch_size") = 0,
           nb::arg("timeout_ms") = nb::none(),
           nb::sig("def process(self, inputs: TaskInputs, parameters: dict[str, object] = {}, batch_size: int = 0, "
                   "timeout_ms: float | None = None) -> dict[str, object]"))
      .def("process_tensors", process_tensors, nb::arg("inputs"), nb::arg("timeout_ms") = nb::none(),
           nb::sig("def process_tensors(self, inputs: dict[str, object], timeout_ms: float | None = None) -> dict[str, "
                   "object]"))
      .def_prop_ro("name", &Skill::name)
      .def_prop_ro("definition",
                   [](const Skill& skill) -> nb::object {
                     const tasks::Task* task = skill.task_if_built();
                     return task == nullptr ? nb::none() : from_json(describe(task->definition()));
                   })
      .def_prop_ro(
          "model", [](const Skill& skill) { return skill.task().model().compiled; }, "The compiled model.")
      .def_prop_ro("load_ms", &Skill::load_ms)
      .def_prop_ro("manifest", [](const Skill& skill) -> nb::object {
        return skill.manifest() ? from_json(import::to_json(*skill.manifest())) : nb::none();
      });
}

}  // namespace accelerate::python
