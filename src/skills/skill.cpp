#include "skills/skill.h"

#include <chrono>
#include <mutex>

#include "base/error.h"
#include "import/bundle/bundle_files.h"
#include "import/open.h"
#include "skills/model_location.h"
#include "tasks/registry.h"

namespace accelerate::skills {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// The envelope of a run that no task made.
Json envelope_of(const ModelReport& report, const std::string& model, const std::string& task, double load_ms,
                 double execute_ms) {
  return {
      {"task", task.empty() ? Json() : Json(task)},
      {"backend", report.backend},
      {"device", report.device},
      {"requested_device", report.requested_device},
      {"fallback_reason", report.fallback_reason.empty() ? Json() : Json(report.fallback_reason)},
      {"model", model},
      {"dtype", report.dtype},
      {"truncated", false},
      {"success", true},
      {"timing",
       {{"load_ms", load_ms}, {"preprocess_ms", 0.0}, {"execute_ms", execute_ms}, {"total_ms", load_ms + execute_ms}}}};
}

}  // namespace

struct Skill::Impl {
  explicit Impl(ModelLocation l) : location(std::move(l)) {}

  ModelLocation location;
  std::string name;
  std::string task_name;
  std::optional<import::Manifest> manifest;
  std::shared_ptr<InferenceSession> session;
  std::optional<tasks::Task> task;
  std::optional<Error> no_task;
  double load_ms = 0;

  /// The whole main graph, compiled when tensors come first.
  const Model& whole() {
    std::call_once(compiled, [&] {
      const auto begin = Clock::now();
      const import::OpenedModel opened = import::open(location.path());
      model = session->load(opened.program, opened.weights);
      model_load_ms = ms_since(begin);
    });
    return *model;
  }
  std::once_flag compiled;
  std::optional<Model> model;
  double model_load_ms = 0;
};

Skill Skill::open(const std::string& where, const SkillOptions& options) {
  const auto begin = Clock::now();
  store::StoreCall call;
  call.limits = options.limits;
  auto impl = std::make_shared<Impl>(ModelLocation(where, options.store_folder, call));
  const std::filesystem::path& path = impl->location.path();
  const auto files = import::open_model_files(path);
  if (const auto* bundle = dynamic_cast<const import::BundleFiles*>(files.get())) {
    impl->manifest = bundle->manifest();
    impl->name = impl->manifest->name;
  } else {
    impl->name = where;
  }
  impl->session = options.shared_session ? options.shared_session : std::make_shared<InferenceSession>(options.session);
  impl->task_name = !options.task.empty() ? options.task : impl->manifest ? impl->manifest->task : "";
  try {
    const tasks::TaskDef& definition =
        options.task.empty() ? tasks::infer_task(path) : tasks::registry().get(options.task);
    tasks::TaskOptions open;
    open.task = definition.name;
    open.parameters = options.parameters;
    open.shared_session = impl->session;
    impl->task = tasks::Task::open(path, open);
    impl->task_name = definition.name;
  } catch (const Error& e) {
    // A skill whose task is not built in, or that has no tokenizer or processor, still takes tensors.
    const bool takes_tensors =
        e.code() == ErrorCode::unsupported_task || (e.code() == ErrorCode::not_found && impl->manifest.has_value());
    if (!takes_tensors || !options.task.empty()) throw;
    impl->no_task = e;
  }
  impl->load_ms = ms_since(begin);
  return Skill(std::move(impl));
}

const tasks::Task& Skill::task() const {
  if (!impl_->task) throw *impl_->no_task;
  return *impl_->task;
}

const tasks::Task* Skill::task_if_built() const {
  return impl_->task ? &*impl_->task : nullptr;
}

Json Skill::process(const tasks::TaskInputs& inputs, const tasks::CallOptions& options) const {
  const tasks::Task& task = this->task();
  Json out = tasks::to_json(task, task.run(inputs, options));
  out["model"] = impl_->name;
  return out;
}

Skill::TensorResult Skill::process_tensors(const std::map<std::string, Tensor>& inputs,
                                           const ExecuteOptions& options) const {
  const Model& model = impl_->whole();
  const auto begin = Clock::now();
  TensorResult out;
  out.outputs = model.execute(inputs, options);
  out.envelope = envelope_of(model.report(), impl_->name, impl_->task_name, impl_->load_ms + impl_->model_load_ms,
                             ms_since(begin));
  Json described = Json::object();
  for (const auto& [name, tensor] : out.outputs)
    described[name] = {{"dtype", std::string(name_of(tensor.dtype()))}, {"shape", tensor.shape()}};
  out.envelope["result"] = {{"outputs", std::move(described)}};
  return out;
}

const std::optional<import::Manifest>& Skill::manifest() const {
  return impl_->manifest;
}

const std::string& Skill::name() const {
  return impl_->name;
}

double Skill::load_ms() const {
  return impl_->load_ms;
}

}  // namespace accelerate::skills
