#include "skills/skill_check.h"

#include "base/error.h"
#include "import/open.h"
#include "skills/verification.h"
#include "tasks/registry.h"
#include "tasks/synthetic.h"
#include "tasks/task_model.h"

namespace accelerate::skills {
namespace {

constexpr double kNativeTolerance = 2e-5;
constexpr double kCapturedTolerance = 1e-4;

double tolerance_of(const import::Manifest& manifest) {
  return manifest.graph_kind == "native" ? kNativeTolerance : kCapturedTolerance;
}

SessionOptions session_of(const SkillCheck& check) {
  SessionOptions out = check.session;
  out.dtype = "f32";
  return out;
}

}  // namespace

Json check_against_recordings(const SkillCheck& check, const std::filesystem::path& recorded) {
  VerificationOptions options;
  options.open.graph = "auto";
  options.session = session_of(check);
  options.tolerance = tolerance_of(check.manifest);
  options.all_outputs = check.manifest.graph_kind == "captured";
  const Verification found = verify_files(import::open_model_files(check.folder), *open_folder(recorded), options);
  Json record = to_json(found);
  if (!found.passed()) {
    fail(ErrorCode::execution_failed, "the skill does not give what it should ({}): it failed to {}: {}{}",
         check.against, name_of(found.stage), found.reason,
         found.culprit.is_null() ? "" : "; at fault: " + found.culprit.dump());
  }
  record["against"] = check.against;
  record["tolerance"] = options.tolerance;
  for (const char* key : {"stage", "error_code", "reason", "culprit", "import_ms", "compile_ms", "execute_ms"})
    record.erase(key);
  return record;
}

Json check_against_reference(const SkillCheck& check) {
  const tasks::TaskDef* task = tasks::registry().find(check.manifest.task);
  if (task == nullptr) {
    fail(
        ErrorCode::unsupported_task,
        "the skill cannot be verified: transformers is not there ({}), and inputs for the task '{}' cannot be made up; "
        "set ACCELERATE_PYTHON, or leave the verification out",
        check.why_no_python, printable(check.manifest.task));
  }
  SessionOptions session = session_of(check);
  const auto run = [&](const std::string& device, std::vector<Tensor>& outputs) {
    session.device = device;
    const tasks::Task opened = tasks::Task::open(check.folder, {.task = task->name, .session = session});
    const tasks::TaskModel& model = opened.model();
    const Graph& graph = model.compiled.graph();
    const DimBindings dims = tasks::synthetic_dims(model, graph, {.batch = 2, .sequence = 12, .image = 0});
    outputs = model.compiled.execute(tasks::synthetic_inputs(model, graph, dims));
    return model.compiled.report();
  };
  std::vector<Tensor> got;
  std::vector<Tensor> expected;
  const ModelReport report = run(check.session.device, got);
  run("reference", expected);
  double worst = 0;
  Json outputs = Json::array();
  for (size_t i = 0; i < expected.size(); ++i) {
    const OutputAgreement agreement = compare(got.at(i), expected[i], tolerance_of(check.manifest));
    if (!agreement.agrees)
      fail(ErrorCode::execution_failed, "output {} of the skill differs from the reference backend: {}", i,
           agreement.reason);
    worst = std::max(worst, agreement.max_rel);
    outputs.push_back({{"type", agreement.type}, {"max_abs", agreement.max_abs}, {"max_rel", agreement.max_rel}});
  }
  return {{"against", "the reference backend of this program"},
          {"why", check.why_no_python},
          {"sets", 1},
          {"tolerance", tolerance_of(check.manifest)},
          {"passed", true},
          {"max_rel", worst},
          {"backend", report.backend},
          {"device", report.device},
          {"requested_device", report.requested_device},
          {"fallback_reason", report.fallback_reason.empty() ? Json() : Json(report.fallback_reason)},
          {"outputs", std::move(outputs)}};
}

}  // namespace accelerate::skills
