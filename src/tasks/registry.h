#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/parameters.h"
#include "tasks/task_model.h"

namespace accelerate::tasks {

/// The part of an opened task that is the task's own.
class Task::Runner {
 public:
  virtual ~Runner() = default;
  /// inputs fit what the definition takes. Thread-safe.
  virtual Json run(const TaskInputs& inputs, const Parameters& parameters, RunContext& context) const = 0;
};

/// A task: a file NAME.cpp of src/tasks with `void register_NAME(TaskRegistry&)`.
struct TaskDef {
  std::string name;                  // as Hugging Face calls it
  std::vector<std::string> aliases;  // other names, as transformers accepts them
  std::string doc;                   // one line: what goes in, what comes out
  bool takes_texts = false;
  bool takes_images = false;
  bool takes_audio = false;
  bool takes_videos = false;
  /// TaskInputs::contexts: refused, allowed or needed.
  enum class Contexts { none, optional, required } contexts = Contexts::none;
  /// Endings of the class names that serve the task, the preferred one first ("ForMaskedLM"). A folder of another class
  /// of the same family is opened with the first one if `from_any_class`.
  std::vector<std::string> class_endings;
  bool from_any_class = false;
  std::vector<ParameterSpec> parameters;
  /// The graphs to compile, the main one first: the model's, cut down to the outputs that are used, or extended.
  std::function<std::vector<Graph>(const import::OpenedModel&, const Parameters&)> graphs;
  /// Errors: unsupported_task or invalid_model if the folder lacks what the task needs (a mask token, labels).
  std::function<std::shared_ptr<const Task::Runner>(std::shared_ptr<const TaskModel>, const Parameters&)> make;
};

class TaskRegistry {
 public:
  void add(TaskDef definition) { definitions_.push_back(std::move(definition)); }
  /// By name or alias; null if there is none.
  const TaskDef* find(std::string_view name) const;
  /// Errors: unsupported_task with the list of tasks.
  const TaskDef& get(std::string_view name) const;
  const std::vector<TaskDef>& all() const { return definitions_; }

 private:
  std::vector<TaskDef> definitions_;
};

/// All tasks; built on first use.
const TaskRegistry& registry();

}  // namespace accelerate::tasks
