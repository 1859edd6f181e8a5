#include "tasks/registry.h"

#include <algorithm>

#include "base/error.h"

namespace accelerate::tasks {

void register_all_tasks(TaskRegistry& registry);  // generated

const TaskDef* TaskRegistry::find(std::string_view name) const {
  for (const TaskDef& definition : definitions_) {
    const auto& aliases = definition.aliases;
    if (definition.name == name || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return &definition;
  }
  return nullptr;
}

const TaskDef& TaskRegistry::get(std::string_view name) const {
  if (const TaskDef* found = find(name)) return *found;
  std::string list;
  for (const TaskDef& definition : definitions_) list += (list.empty() ? "" : ", ") + definition.name;
  fail(ErrorCode::unsupported_task, "there is no task '{}'; expected one of: {}", printable(name), list);
}

const TaskRegistry& registry() {
  static const TaskRegistry instance = [] {
    TaskRegistry out;
    register_all_tasks(out);
    return out;
  }();
  return instance;
}

}  // namespace accelerate::tasks
