#include "tasks/task.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>

#include "base/error.h"
#include "import/bundle/bundle_files.h"
#include "tasks/registry.h"

namespace accelerate::tasks {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// What the skill says; null for a folder that is none.
const import::Manifest* manifest_of(const import::HfFolder& folder) {
  const auto* skill = dynamic_cast<const import::BundleFiles*>(folder.root().get());
  return skill != nullptr ? &skill->manifest() : nullptr;
}

/// Tasks that a folder is made for; a skill is made for one.
std::vector<std::string> task_names(const import::HfFolder& folder) {
  const import::Manifest* manifest = manifest_of(folder);
  if (manifest == nullptr) return folder.task_hints();
  return manifest->task.empty() ? std::vector<std::string>() : std::vector<std::string>{manifest->task};
}

const TaskDef& task_of(const import::HfFolder& folder) {
  std::string hints;
  for (const std::string& hint : task_names(folder)) {
    if (const TaskDef* found = registry().find(hint)) return *found;
    hints += (hints.empty() ? "" : ", ") + printable(hint);
  }
  std::string list;
  for (const TaskDef& definition : registry().all()) list += (list.empty() ? "" : ", ") + definition.name;
  fail(ErrorCode::unsupported_task, "{} {}; name one of the tasks: {}", folder.files()->description(),
       hints.empty() ? "does not tell its task" : "is made for a task that is not built in (" + hints + ")", list);
}

}  // namespace

std::string class_for(const TaskDef& task, const import::HfFolder& folder) {
  const import::Manifest* manifest = manifest_of(folder);
  const std::vector<std::string> architectures =
      manifest != nullptr ? std::vector<std::string>{manifest->architecture} : folder.architectures();
  if (task.class_endings.empty() || architectures.empty()) return "";
  for (const std::string& name : architectures) {
    for (const std::string& ending : task.class_endings) {
      if (name.ends_with(ending) && (ending != "Model" || !name.ends_with("LMHeadModel"))) return name;
    }
  }
  const std::string& name = architectures.front();
  if (task.from_any_class) {
    // "BertForMaskedLM" -> "Bert" -> "BertModel"
    const size_t end = std::min({name.find("For"), name.find("LMHeadModel"), name.find("Model"), name.size()});
    return name.substr(0, end) + task.class_endings.front();
  }
  std::string others;
  for (const std::string& hint : task_names(folder)) others += (others.empty() ? "" : ", ") + hint;
  fail(ErrorCode::unsupported_task, "{} holds a {}, and {} needs a class whose name ends with {}{}",
       folder.files()->description(), printable(name), task.name, task.class_endings.front(),
       others.empty() ? "" : fmt::format("; this folder is made for: {}", others));
}

namespace {

void check_inputs(const TaskDef& task, const TaskInputs& inputs) {
  struct Kind {
    const char* one;
    const char* many;
    bool taken;
    size_t given;
  };
  const Kind kinds[] = {{"text", "texts", task.takes_texts, inputs.texts.size()},
                        {"image", "images", task.takes_images, inputs.images.size()},
                        {"audio clip", "audio clips", task.takes_audio, inputs.clips.size()},
                        {"video", "videos", task.takes_videos, inputs.videos.size()}};
  std::string taken;
  for (const Kind& kind : kinds)
    if (kind.taken) taken += (taken.empty() ? "" : " and ") + std::string(kind.many);
  for (const Kind& kind : kinds) {
    if (kind.given > 0 && !kind.taken)
      fail(ErrorCode::invalid_argument, "{} takes {}, and {} were given", task.name, taken, kind.many);
  }
  for (const Kind& kind : kinds) {
    if (kind.taken && kind.given == 0)
      fail(ErrorCode::invalid_argument, "{} needs at least one {}, and none was given", task.name, kind.one);
  }
  const size_t contexts = inputs.contexts.size();
  if (contexts > 0 && task.contexts == TaskDef::Contexts::none)
    fail(ErrorCode::invalid_argument, "{} takes no contexts, and {} were given", task.name, contexts);
  if (contexts == 0 && task.contexts == TaskDef::Contexts::required)
    fail(ErrorCode::invalid_argument,
         "{} needs a context (the text that answers are looked for in), and none was given", task.name);
  if (contexts > 1 && contexts != inputs.texts.size())
    fail(ErrorCode::invalid_argument, "there are {} texts and {} contexts; give one context, or one a text",
         inputs.texts.size(), contexts);
}

std::optional<int64_t> metadata_number(const Program& program, const std::string& key) {
  const auto found = program.metadata.find(key);
  if (found == program.metadata.end()) return std::nullopt;
  return std::stoll(found->second);
}

void load_preprocessors(const TaskDef& definition, TaskModel& model) {
  if (definition.takes_texts || model.opened.program.main().find_input("input_ids")) {
    TokenizerOptions options;
    options.max_positions = metadata_number(model.opened.program, "max_positions");
    model.tokenizer = Tokenizer::load(*model.opened.files, options);
    if (const auto rows = metadata_number(model.opened.program, "vocab_size")) model.tokenizer->check_vocabulary(*rows);
    model.max_tokens = model.tokenizer->model_max_length();
    const auto& sentence = model.opened.folder->sentence_transformers();
    if (sentence && sentence->max_seq_length) {
      const auto length = static_cast<size_t>(*sentence->max_seq_length);
      model.max_tokens = std::min(model.max_tokens.value_or(length), length);
    }
  }
  if (definition.takes_images) model.processor = ImageProcessor::from_files(*model.opened.files);
  if (definition.takes_audio) model.extractor = AudioFeatureExtractor::from_files(*model.opened.files);
  if (definition.takes_videos) model.video_processor = VideoProcessor::from_files(*model.opened.files);
}

}  // namespace

Task Task::open(const std::filesystem::path& path, const TaskOptions& options) {
  const auto start = Clock::now();
  const auto files = import::open_model_files(path);
  const import::HfFolder folder = import::HfFolder::open(files);
  Task task;
  task.definition_ = options.task.empty() ? &task_of(folder) : &registry().get(options.task);
  const TaskDef& definition = *task.definition_;
  const Parameters parameters(definition.parameters, options.parameters, definition.name);

  auto model = std::make_shared<TaskModel>();
  model->opened = import::open(files, {.architecture = class_for(definition, folder)});

  // Reading the vocabulary takes as long as compiling: both at once.
  std::exception_ptr failure;
  std::thread preprocessors([&] {
    try {
      load_preprocessors(definition, *model);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  try {
    const std::vector<Graph> graphs = definition.graphs(model->opened, parameters);
    model->session =
        options.shared_session ? options.shared_session : std::make_shared<InferenceSession>(options.session);
    model->compiled = model->session->load(graphs.front(), model->opened.weights);
    for (size_t i = 1; i < graphs.size(); ++i)
      model->others.push_back(model->session->load(graphs[i], model->opened.weights));
  } catch (...) {
    preprocessors.join();
    throw;
  }
  preprocessors.join();
  if (failure) std::rethrow_exception(failure);
  task.runner_ = definition.make(model, parameters);
  task.model_ = std::move(model);
  task.load_ms_ = milliseconds_since(start);
  return task;
}

TaskResult Task::run(const TaskInputs& inputs, const CallOptions& options) const {
  const auto start = Clock::now();
  const TaskDef& definition = *definition_;
  check_inputs(definition, inputs);
  for (const ParameterSpec& spec : definition.parameters) {
    if (spec.at_open && options.parameters.is_object() && options.parameters.contains(spec.name))
      fail(ErrorCode::invalid_argument, "the parameter {} is given when the task is opened, not with a call",
           spec.name);
  }
  const Parameters parameters(definition.parameters, options.parameters, definition.name);
  options.limits.check();
  RunContext context{.options = options};
  TaskResult out;
  out.result = runner_->run(inputs, parameters, context);
  out.truncated_inputs = std::move(context.truncated_inputs);
  out.preprocess_ms = context.preprocess_ms;
  out.execute_ms = context.execute_ms;
  out.run_ms = milliseconds_since(start);
  return out;
}

Json to_json(const Task& task, const TaskResult& result) {
  const ModelReport& report = task.model().compiled.report();
  Json out = {
      {"result", result.result},
      {"task", task.definition().name},
      {"backend", report.backend},
      {"device", report.device},
      {"requested_device", report.requested_device},
      {"fallback_reason", report.fallback_reason.empty() ? Json() : Json(report.fallback_reason)},
      {"model", task.model().opened.folder->root()->description()},
      {"dtype", report.dtype},
      {"truncated", !result.truncated_inputs.empty()},
      {"success", true},
      {"timing",
       {{"load_ms", task.load_ms()},
        {"preprocess_ms", result.preprocess_ms},
        {"execute_ms", result.execute_ms},
        {"total_ms", task.load_ms() + result.run_ms}}},
  };
  if (!result.truncated_inputs.empty()) out["truncated_inputs"] = result.truncated_inputs;
  return out;
}

Json to_json(const ModelReport& report) {
  Json passes = Json::array();
  for (const PassReport& pass : report.passes) {
    passes.push_back({{"name", pass.name},
                      {"time_ms", pass.time_ms},
                      {"changes", pass.changes},
                      {"nodes_before", pass.nodes_before},
                      {"nodes_after", pass.nodes_after}});
  }
  Json placement = Json::array();
  for (const PlacementReport& entry : report.placement) {
    placement.push_back({{"op", entry.op},
                         {"backend", entry.backend},
                         {"kernel", entry.kernel},
                         {"count", entry.count},
                         {"reason", entry.reason.empty() ? Json() : Json(entry.reason)}});
  }
  Json regions = Json::array();
  for (const RegionReport& region : report.regions) {
    regions.push_back({{"backend", region.backend},
                       {"nodes", region.nodes},
                       {"inputs", region.inputs},
                       {"outputs", region.outputs},
                       {"flops_share", region.flops_share},
                       {"cached", region.cached},
                       {"compile_ms", region.compile_ms},
                       {"id", region.id}});
  }
  return {
      {"regions", std::move(regions)},   {"transfers", report.transfers},       {"flops_share", report.flops_share},
      {"passes", std::move(passes)},     {"placement", std::move(placement)},   {"isa", report.isa},
      {"graph_hash", report.graph_hash}, {"weight_bytes", report.weight_bytes}, {"packed_bytes", report.packed_bytes},
      {"compile_ms", report.compile_ms}, {"num_threads", report.num_threads}};
}

const TaskDef& infer_task(const std::filesystem::path& folder) {
  return task_of(import::HfFolder::open(import::open_model_files(folder)));
}

Json error_to_json(const Error& error) {
  return {{"success", false},
          {"error", {{"code", name_of(error.code())}, {"message", error.message()}, {"context", error.context()}}}};
}

}  // namespace accelerate::tasks
