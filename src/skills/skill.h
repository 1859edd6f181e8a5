#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "import/bundle/manifest.h"
#include "runtime/session.h"
#include "tasks/task.h"

namespace accelerate::skills {

struct SkillOptions {
  /// Device, type and threads. Ignored if `shared_session` is given.
  SessionOptions session;
  std::shared_ptr<InferenceSession> shared_session;
  /// Another task than the one that the skill is made for; empty: that one.
  std::string task;
  /// Values of the task's parameters that are needed at opening (ParameterSpec::at_open).
  Json parameters = Json::object();
  /// Of the store that ipfs:// means; empty: the default one.
  std::filesystem::path store_folder;
  CallLimits limits;
};

/// A model that can be called: a skill (a folder with skill.json), or a plain model folder. Immutable; calls may come
/// from several threads at once.
class Skill {
 public:
  /// where: a folder, or ipfs://CID of one that the store has.
  /// Errors: those of ModelLocation, import::open and InferenceSession::load. A task that is not built in, or a
  /// skill without the tokenizer or processor of its task, is no error here: process() then says so, and tensors are
  /// served.
  static Skill open(const std::string& where, const SkillOptions& options = {});

  /// The task on inputs, singly or in batches: {result, task, backend, device, requested_device, fallback_reason,
  /// model, dtype, truncated, success: true, timing: {load_ms, preprocess_ms, execute_ms, total_ms}} where `result` has
  /// an entry an input with the fields of transformers' pipeline of this name (tasks::to_json). Errors:
  /// unsupported_task if the skill's task is not built in; those of Task::run.
  Json process(const tasks::TaskInputs& inputs, const tasks::CallOptions& options = {}) const;

  /// The main graph on tensors by the names of its inputs, whatever the task. The envelope is that of process();
  /// result: {outputs: {NAME: {dtype, shape}}}. Errors: those of Model::execute.
  struct TensorResult {
    std::map<std::string, Tensor> outputs;
    Json envelope;
  };
  TensorResult process_tensors(const std::map<std::string, Tensor>& inputs, const ExecuteOptions& options = {}) const;

  /// What skill.json says; nothing for a plain model folder.
  const std::optional<import::Manifest>& manifest() const;
  /// The skill's name; of a plain folder its own.
  const std::string& name() const;
  /// Errors: as process() without inputs.
  const tasks::Task& task() const;
  /// Null where task() fails.
  const tasks::Task* task_if_built() const;
  double load_ms() const;

 private:
  struct Impl;
  explicit Skill(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace accelerate::skills
