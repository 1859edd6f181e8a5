// What the library does with whole models: finding and fetching them, making skills, ranking devices.
#include <filesystem>

#include "base/error.h"
#include "casters.h"
#include "hardware/recommend.h"
#include "hardware/workload.h"
#include "import/open.h"
#include "options.h"
#include "skills/find_model.h"
#include "skills/generate.h"
#include "store/hub_client.h"
#include "tasks/synthetic.h"

namespace accelerate::python {
namespace {

/// A folder as it is; else the snapshot of a hub id in the hub's cache, fetched if the cache has it not.
std::string find_model(const std::string& name, bool download) {
  const nb::gil_scoped_release release;
  std::error_code ignored;
  if (std::filesystem::exists(name, ignored)) return name;
  std::optional<store::HubName> hub;
  try {
    hub = store::HubName::parse(name);
  } catch (const Error&) {
    fail(ErrorCode::not_found, "there is no model folder '{}', and it is no id of a hub (\"NAME\" or \"ORG/NAME\")",
         printable(name));
  }
  const store::HubCache cache(store::HubCache::default_folder());
  if (const auto found = cache.find(hub->repository, hub->revision)) return found->native();
  if (!download)
    fail(ErrorCode::not_found, "there is no model folder '{}', and the hub's cache {} has no snapshot of that name",
         printable(name), printable(cache.folder().native(), 400));
  const store::HubOptions options = store::HubOptions::from_environment();
  try {
    return store::download_snapshot(cache, hub->repository, hub->revision, options).folder.native();
  } catch (Error& e) {
    throw std::move(e.in(fmt::format("there is no folder {}, so the hub {} was asked (HF_ENDPOINT names another one)",
                                     printable(name), printable(options.endpoint))));
  }
}

nb::object generate(const std::string& model, const std::string& class_name, const std::string& task,
                    const std::string& name, const std::string& output_dir, bool force, bool verify,
                    bool self_contained, const std::string& graph, const std::optional<std::string>& device,
                    const std::string& python) {
  skills::GenerateOptions options;
  options.output_dir = output_dir;
  options.force = force;
  options.verify = verify;
  options.self_contained = self_contained;
  options.graph = graph;
  options.session = session_options(device, "auto", 0, false);
  options.python = python;
  skills::GeneratedSkill made;
  {
    const nb::gil_scoped_release release;
    made = skills::generate({.model = model, .class_name = class_name, .task = task, .name = name}, options);
  }
  nb::dict out;
  out["folder"] = made.folder.native();
  out["manifest"] = from_json(import::to_json(made.manifest));
  out["generate_ms"] = made.generate_ms;
  out["verify_ms"] = made.verify_ms;
  return out;
}

/// The classes of transformers that can be generated: those with a native builder, or of a family, or all.
std::vector<std::string> classes(const std::string& family, bool native, const std::string& python) {
  const nb::gil_scoped_release release;
  if (native) return skills::native_classes();
  skills::GenerateOptions options;
  options.python = python;
  return skills::family_classes(family, options);
}

Json recommend(const std::string& model, int64_t batch, int64_t sequence, int64_t image) {
  const nb::gil_scoped_release release;
  const import::OpenedModel opened = import::open(std::filesystem::path(model));
  const Graph& graph = opened.program.main();
  hardware::CallSize size;
  size.batch = batch;
  size.sequence = sequence;
  size.image = image;
  const DimBindings dims = hardware::call_dims(graph, size);
  const Model compiled = InferenceSession(SessionOptions{.device = "cpu"}).load(graph, opened.weights);
  const double flops = tasks::count_flops(graph, dims);
  hardware::Workload work = hardware::workload_of(compiled.plan(), dims, flops);
  work.weight_bytes = hardware::workload_of(graph, dims, flops).weight_bytes;
  Json out = hardware::to_json(hardware::recommend(work));
  out["model"] = model;
  return out;
}

}  // namespace

void bind_library(nb::module_& module) {
  module.def(
      "find_model", find_model, nb::arg("name"), nb::arg("download") = true,
      "The folder of a model: a folder as it is, or the snapshot of a hub id (\"NAME\", \"ORG/NAME\"), fetched from "
      "HF_ENDPOINT if the hub's cache has it not and `download` is true.\n\nErrors: NotFoundError, IoError, ...");
  module.def(
      "generate", generate, nb::arg("model") = "", nb::arg("class_name") = "", nb::arg("task") = "",
      nb::arg("name") = "", nb::arg("output_dir") = "skills", nb::arg("force") = false, nb::arg("verify") = true,
      nb::arg("self_contained") = false, nb::arg("graph") = "auto", nb::arg("device") = nb::none(),
      nb::arg("python") = "",
      nb::sig("def generate(model: str = '', class_name: str = '', task: str = '', name: str = '', output_dir: str "
              "= 'skills', force: bool = False, verify: bool = True, self_contained: bool = False, graph: str = "
              "'auto', device: str | None = None, python: str = '') -> dict[str, object]"),
      "Makes the skill of a model folder, or of a class of transformers on a small configuration, and verifies it: "
      "{folder, manifest, generate_ms, verify_ms}. What fails leaves nothing behind.\n\nErrors: NotFoundError, "
      "InvalidArgumentError (an unknown class, with the nearest names; a folder that another model has), "
      "ExecutionFailedError if it differs from the reference, IoError, ...");
  module.def(
      "classes", classes, nb::arg("family") = "", nb::arg("native") = false, nb::arg("python") = "",
      "The classes of transformers: those with a built-in graph (`native`), those of a family such as \"bert\", or "
      "all.\n\nErrors: InvalidArgumentError for an unknown family, with the nearest names; IoError without a Python "
      "that has transformers.");
  nb::module_ hardware = nb::borrow<nb::module_>(module.attr("hardware"));
  hardware.def(
      "recommend", recommend, nb::arg("model"), nb::arg("batch") = 1, nb::arg("sequence") = 128, nb::arg("image") = 224,
      nb::sig("def recommend(model: str, batch: int = 1, sequence: int = 128, image: int = 224) -> dict[str, "
              "object]"),
      "The devices for a model folder, the fastest that fits first, with the memory and time that its graph and "
      "the peaks measured now let expect.");
}

}  // namespace accelerate::python
