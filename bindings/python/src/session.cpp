#include "runtime/session.h"

#include "base/error.h"
#include "casters.h"
#include "import/open.h"
#include "import/pt2/pt2.h"
#include "options.h"
#include "tasks/task.h"

namespace accelerate::python {
namespace {

std::shared_ptr<const WeightSource> weights_of(nb::handle weights) {
  if (weights.is_none()) return nullptr;
  auto out = std::make_shared<MemoryWeights>();
  for (const auto& [name, tensor] : nb::cast<nb::dict>(weights))
    out->add(nb::cast<std::string>(name), tensor_of(tensor));
  return out;
}

std::vector<Tensor> run(const Model& model, std::span<const Tensor> inputs, std::optional<double> timeout_ms) {
  const ExecuteOptions options = execute_options(timeout_ms);
  const nb::gil_scoped_release release;
  return model.execute(inputs, options);
}

/// Inputs in graph order, from a sequence or by name.
std::vector<Tensor> inputs_of(const Model& model, nb::handle inputs) {
  const Graph& graph = model.graph();
  std::vector<Tensor> out;
  if (!PyDict_Check(inputs.ptr()) && !nb::hasattr(inputs, "keys")) {
    for (nb::handle input : inputs) out.push_back(tensor_of(input));
    return out;
  }
  std::string unknown;
  size_t given = 0;
  for (nb::handle key : inputs.attr("keys")()) {
    const auto name = nb::cast<std::string>(key);
    ++given;
    if (!graph.find_input(name)) unknown += (unknown.empty() ? "" : ", ") + printable(name);
  }
  std::string missing;
  std::string known;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const std::string& name = graph.input_name(i);
    known += (known.empty() ? "" : ", ") + name;
    const nb::str key(name.c_str());
    if (nb::cast<bool>(inputs.attr("__contains__")(key))) {
      out.push_back(tensor_of(inputs.attr("__getitem__")(key)));
    } else {
      missing += (missing.empty() ? "" : ", ") + name;
    }
  }
  if (!missing.empty() || !unknown.empty())
    fail(ErrorCode::invalid_argument, "the inputs are {}{}{}{}{}; expected exactly these", known,
         missing.empty() ? "" : "; missing: ", missing, unknown.empty() ? "" : "; unknown: ", unknown);
  return out;
}

nb::dict by_name(const Model& model, std::vector<Tensor> outputs, nb::handle like) {
  nb::dict out;
  for (size_t i = 0; i < outputs.size(); ++i)
    out[model.graph().outputs()[i].name.c_str()] = array_like(like, std::move(outputs[i]));
  return out;
}

nb::object execute(const Model& model, nb::handle inputs, std::optional<double> timeout_ms) {
  const std::vector<Tensor> tensors = inputs_of(model, inputs);
  std::vector<Tensor> outputs = run(model, tensors, timeout_ms);
  if (!PyDict_Check(inputs.ptr()) && !nb::hasattr(inputs, "keys")) return nb::cast(std::move(outputs));
  return by_name(model, std::move(outputs), nb::handle());
}

nb::object call(const Model& model, nb::args positional, nb::kwargs named) {
  nb::dict inputs;
  size_t i = 0;
  for (nb::handle value : positional) {
    if (i >= model.graph().inputs().size())
      fail(ErrorCode::invalid_argument, "{} inputs were given, and the graph has {}", positional.size(),
           model.graph().inputs().size());
    inputs[model.graph().input_name(i++).c_str()] = value;
  }
  for (const auto& [key, value] : named) inputs[key] = value;
  nb::handle like;
  for (const auto& [key, value] : inputs) {
    like = value;
    break;
  }
  const std::vector<Tensor> tensors = inputs_of(model, inputs);
  std::vector<Tensor> outputs = run(model, tensors, std::nullopt);
  if (!like.is_valid()) return by_name(model, std::move(outputs), nb::handle());
  return by_name(model, std::move(outputs), like);
}

Model load_graph(InferenceSession& session, const Graph& graph, nb::handle weights) {
  const Graph copy = graph;  // another thread may go on building
  auto source = weights_of(weights);
  const nb::gil_scoped_release release;
  return session.load(copy, std::move(source));
}

Model load_folder(InferenceSession& session, const std::string& path, const std::string& architecture,
                  const std::string& source) {
  const nb::gil_scoped_release release;
  const import::OpenedModel opened = import::open(path, {.architecture = architecture, .graph = source});
  return session.load(opened.program, opened.weights);
}

Model load_pt2(InferenceSession& session, const std::string& path, nb::handle weights) {
  auto outside = weights_of(weights);
  const nb::gil_scoped_release release;
  const import::Pt2Model opened = import::open_pt2(MappedFile::open(path), std::move(outside));
  return session.load(opened.program, opened.weights);
}

}  // namespace

void bind_session(nb::module_& module) {
  nb::class_<Model>(module, "Model",
                    "A compiled graph: immutable, callable from several threads at once; the interpreter is not locked "
                    "while it runs.")
      .def("execute", execute, nb::arg("inputs"), nb::arg("timeout_ms") = nb::none(),
           nb::sig("def execute(self, inputs: collections.abc.Sequence[object] | collections.abc.Mapping[str, object], "
                   "timeout_ms: float | None = None) -> list[Tensor] | dict[str, Tensor]"),
           "Runs the graph on a sequence in graph order (a list of Tensor comes back) or on inputs by name (outputs by "
           "name). Arrays of NumPy and torch are read in place.\n\nErrors: InvalidShapeError, InvalidDtypeError, "
           "InvalidArgumentError for missing or unknown names, DeadlineExceededError.")
      .def("__call__", call, nb::sig("def __call__(self, *args: object, **kwargs: object) -> dict[str, object]"),
           "Outputs by name, as arrays of the library that the first input comes from (NumPy, torch, else Tensor).")
      .def_prop_ro(
          "graph", [](const Model& m) { return m.graph(); },
          "A copy of the graph as it was loaded: names and types of inputs and outputs.")
      .def_prop_ro(
          "plan", [](const Model& m) { return m.plan(); }, "A copy of the optimised graph, with fused ops.")
      .def_prop_ro("input_names",
                   [](const Model& m) {
                     std::vector<std::string> out;
                     for (size_t i = 0; i < m.graph().inputs().size(); ++i) out.push_back(m.graph().input_name(i));
                     return out;
                   })
      .def_prop_ro("output_names",
                   [](const Model& m) {
                     std::vector<std::string> out;
                     for (const Graph::Output& output : m.graph().outputs()) out.push_back(output.name);
                     return out;
                   })
      .def_prop_ro("backend", [](const Model& m) { return m.report().backend; })
      .def_prop_ro("device", [](const Model& m) { return m.report().device; })
      .def_prop_ro("requested_device", [](const Model& m) { return m.report().requested_device; })
      .def_prop_ro("fallback_reason",
                   [](const Model& m) -> std::optional<std::string> {
                     if (m.report().fallback_reason.empty()) return std::nullopt;
                     return m.report().fallback_reason;
                   })
      .def(
          "report", [](const Model& m) { return tasks::to_json(m.report()); },
          nb::sig("def report(self) -> dict[str, object]"), "What each pass did and what runs where, and why.");

  nb::class_<InferenceSession>(module, "InferenceSession",
                               "Chooses a device once, compiles graphs for it and owns the threads. Thread-safe.")
      .def(
          "__init__",
          [](InferenceSession* self, const std::optional<std::string>& device, bool strict, const std::string& dtype,
             int threads, std::vector<std::string> disabled_passes) {
            SessionOptions options = session_options(device, dtype, threads, strict, std::move(disabled_passes));
            const nb::gil_scoped_release release;
            new (self) InferenceSession(std::move(options));
          },
          nb::arg("device") = "auto", nb::arg("strict") = false, nb::arg("dtype") = "auto", nb::arg("threads") = 0,
          nb::arg("disabled_passes") = std::vector<std::string>(),
          "device: \"auto\" (reads ACCELERATE_DEVICE, then USE_MOJO_MAX_TARGET), a backend's name, or \"mojo_max\". "
          "strict: a device that cannot serve is an error instead of a fallback. dtype of products: \"auto\", \"f32\", "
          "\"bf16\", \"f16\". threads: 0 means one a core.\n\nErrors: InvalidArgumentError, BackendUnavailableError.")
      .def("load", load_graph, nb::arg("graph"), nb::arg("weights") = nb::none(),
           nb::sig("def load(self, graph: Graph, weights: dict[str, object] | None = None) -> Model"),
           "Compiles a graph; `weights` are the arrays that ops.weight names.\n\nErrors: UnsupportedOpError (all of "
           "them "
           "at once), InvalidWeightsError, CompileFailedError.")
      .def("load_model", load_folder, nb::arg("path"), nb::arg("architecture") = "", nb::arg("graph") = "auto",
           "Compiles the graph of a Hugging Face folder: its class as config.json names it, or `architecture`. graph: "
           "\"native\", \"captured\" (its model.pt2) or \"auto\".\n\nErrors: NotFoundError, UnsupportedModelError, "
           "InvalidWeightsError, ...")
      .def("load_pt2", load_pt2, nb::arg("path"), nb::arg("weights") = nb::none(),
           nb::sig("def load_pt2(self, path: str, weights: dict[str, object] | None = None) -> Model"),
           "Compiles a torch.export archive; `weights` are the arrays that it leaves out. No pickle in it is read.")
      .def_prop_ro("backend", &InferenceSession::backend)
      .def_prop_ro("device", &InferenceSession::device)
      .def_prop_ro("requested_device", &InferenceSession::requested_device)
      .def_prop_ro("fallback_reason", [](const InferenceSession& s) -> std::optional<std::string> {
        if (s.fallback_reason().empty()) return std::nullopt;
        return s.fallback_reason();
      });
}

}  // namespace accelerate::python
