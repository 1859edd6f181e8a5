#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "preprocess/audio/audio.h"
#include "preprocess/image/image.h"
#include "preprocess/video/video.h"
#include "runtime/session.h"
#include "tasks/parameters.h"

namespace accelerate::import {
class HfFolder;
}

namespace accelerate::tasks {

struct TaskDef;
struct TaskModel;

/// What a call works on. Texts are UTF-8.
struct TaskInputs {
  std::vector<std::string> texts;
  /// Second texts: the contexts of questions, or the second halves of pairs. One for all texts, or as many as texts.
  std::vector<std::string> contexts;
  std::vector<Image> images;
  std::vector<Audio> clips;
  std::vector<Video> videos;
};

struct CallOptions {
  /// Values by parameter name; see TaskDef::parameters.
  Json parameters = Json::object();
  CallLimits limits;
  /// Most inputs in one execution; 0: 32, fewer where texts are long.
  size_t batch_size = 0;
  /// Filled with one event a node and execution if given.
  std::vector<ProfileEvent>* profile = nullptr;
  /// Called after each execution with how many inputs are done, of how many; may be empty.
  std::function<void(size_t done, size_t total)> progress;
};

struct TaskResult {
  /// An array with one entry an input, in the order of the inputs; each entry has the fields of transformers' pipeline
  /// of this name. sentence-similarity gives one object for all inputs.
  Json result;
  /// Inputs that were cut to what the model can take.
  std::vector<size_t> truncated_inputs;
  double preprocess_ms = 0;
  double execute_ms = 0;
  /// The whole call, from inputs to result.
  double run_ms = 0;
};

struct TaskOptions {
  /// A Hugging Face task name or its alias; empty: what the folder is made for.
  std::string task;
  /// Ignored if `shared_session` is given.
  SessionOptions session;
  std::shared_ptr<InferenceSession> shared_session;
  /// Values of the parameters that are needed at opening (ParameterSpec::at_open).
  Json parameters = Json::object();
};

/// A model folder, compiled for one task. Immutable; calls may come from several threads at once.
class Task {
 public:
  /// Errors: unsupported_task for an unknown task, one that the folder cannot serve, or if nothing tells the task;
  /// those of import::open, Tokenizer::load, ImageProcessor::from_files and InferenceSession::load.
  static Task open(const std::filesystem::path& folder, const TaskOptions& options = {});

  /// Errors: invalid_argument for inputs or parameters that the task cannot take, naming them; those of Model::execute.
  TaskResult run(const TaskInputs& inputs, const CallOptions& options = {}) const;

  const TaskDef& definition() const { return *definition_; }
  /// The compiled model, its report, tokenizer and folder.
  const TaskModel& model() const { return *model_; }
  double load_ms() const { return load_ms_; }

  class Runner;

 private:
  Task() = default;
  const TaskDef* definition_ = nullptr;
  std::shared_ptr<const TaskModel> model_;
  std::shared_ptr<const Runner> runner_;
  double load_ms_ = 0;
};

/// The result as a service returns it: {result, task, backend, device, requested_device, fallback_reason, model, dtype,
/// truncated, success, timing: {load_ms, preprocess_ms, execute_ms, total_ms}}; truncated_inputs where there are some.
/// fallback_reason is null if the requested device served. total_ms is loading and the call together.
Json to_json(const Task& task, const TaskResult& result);

/// {success: false, error: {code, message, context}}.
Json error_to_json(const Error& error);

/// Passes and placement of a compiled model.
Json to_json(const ModelReport& report);

/// The task that a folder is made for. Errors: unsupported_task; those of import::HfFolder::open.
const TaskDef& infer_task(const std::filesystem::path& folder);

/// The class to build for a task: what config.json names if it serves, else the task's class of the same family; empty
/// if any serves. Errors: unsupported_task if the folder's class cannot serve.
std::string class_for(const TaskDef& task, const import::HfFolder& folder);

}  // namespace accelerate::tasks
