#include "tasks/task.h"

#include "base/error.h"
#include "casters.h"
#include "inputs.h"
#include "options.h"
#include "tasks/registry.h"
#include "tasks/task_model.h"

namespace accelerate::python {
namespace {

using tasks::Task;
using tasks::TaskDef;

Task open(const std::string& path, const std::string& task, nb::dict parameters,
          const std::optional<std::string>& device, const std::string& dtype, int threads, bool strict) {
  tasks::TaskOptions options;
  options.task = task;
  options.parameters = to_json(parameters);
  options.session = session_options(device, dtype, threads, strict);
  const nb::gil_scoped_release release;
  return Task::open(path, options);
}

nb::object run(const Task& task, const tasks::TaskInputs& inputs, nb::handle parameters, size_t batch_size,
               std::optional<double> timeout_ms, bool envelope) {
  const tasks::CallOptions options = call_options(parameters, batch_size, timeout_ms);
  Json out;
  {
    const nb::gil_scoped_release release;
    tasks::TaskResult result = task.run(inputs, options);
    out = envelope ? tasks::to_json(task, result) : std::move(result.result);
  }
  return from_json(out);
}

}  // namespace

void bind_task(nb::module_& module) {
  nb::class_<tasks::TaskInputs>(module, "TaskInputs", "What a call works on; see Task.run.")
      .def(nb::init<>())
      .def("add_text", [](tasks::TaskInputs& in, std::string text) { in.texts.push_back(std::move(text)); })
      .def("add_context", [](tasks::TaskInputs& in, std::string text) { in.contexts.push_back(std::move(text)); })
      .def("add_image", [](tasks::TaskInputs& in, nb::handle image) { in.images.push_back(image_of(image)); })
      .def(
          "add_audio",
          [](tasks::TaskInputs& in, nb::handle clip, std::optional<int64_t> rate) {
            in.clips.push_back(audio_of(clip, rate));
          },
          nb::arg("clip"), nb::arg("sample_rate") = nb::none())
      .def("add_video", [](tasks::TaskInputs& in, nb::handle video) { in.videos.push_back(video_of(video)); });

  nb::class_<Task>(module, "Task",
                   "A model folder compiled for one task. Immutable, callable from several threads at once. "
                   "`ipfs_accelerate.pipeline` is the friendlier form.")
      .def_static(
          "open", open, nb::arg("path"), nb::arg("task") = "", nb::arg("parameters") = nb::dict(),
          nb::arg("device") = nb::none(), nb::arg("dtype") = "auto", nb::arg("threads") = 0, nb::arg("strict") = false,
          "task: a Hugging Face task name; empty: what the folder is made for. parameters: those that decide what "
          "is compiled.\n\nErrors: UnsupportedTaskError, NotFoundError, UnsupportedModelError, ...")
      .def("run", run, nb::arg("inputs"), nb::arg("parameters") = nb::dict(), nb::arg("batch_size") = 0,
           nb::arg("timeout_ms") = nb::none(), nb::arg("envelope") = false,
           nb::sig("def run(self, inputs: TaskInputs, parameters: dict[str, object] = {}, batch_size: int = 0, "
                   "timeout_ms: float | None = None, envelope: bool = False) -> object"),
           "One entry an input, in the order of the inputs; with `envelope`, a dict with the result, backend, device, "
           "requested_device, fallback_reason, model, success and timing.")
      .def_prop_ro("name", [](const Task& t) { return t.definition().name; })
      .def_prop_ro(
          "definition", [](const Task& t) { return describe(t.definition()); },
          nb::sig("def definition(self) -> dict[str, object]"))
      .def_prop_ro("load_ms", &Task::load_ms)
      .def_prop_ro(
          "model", [](const Task& t) { return t.model().compiled; }, "The compiled model.")
      .def_prop_ro("labels", [](const Task& t) { return t.model().labels(); })
      .def_prop_ro(
          "tokenizer", [](const Task& t) { return t.model().tokenizer; },
          nb::sig("def tokenizer(self) -> Tokenizer | None"));

  module.def(
      "tasks",
      [] {
        Json out = Json::array();
        for (const TaskDef& definition : tasks::registry().all()) out.push_back(describe(definition));
        return out;
      },
      nb::sig("def tasks() -> list[dict[str, object]]"), "Every task with its parameters.");
  module.def(
      "infer_task",
      [](const std::string& path) {
        const nb::gil_scoped_release release;
        return tasks::infer_task(path).name;
      },
      nb::arg("path"), "The task that a folder is made for. Errors: UnsupportedTaskError.");
}

}  // namespace accelerate::python
