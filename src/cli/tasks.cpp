#include "cli/cli.h"
#include "tasks/registry.h"

namespace accelerate::cli {
namespace {

Json task_json(const tasks::TaskDef& task) {
  Json parameters = Json::array();
  for (const tasks::ParameterSpec& spec : task.parameters) {
    parameters.push_back({{"name", spec.name},
                          {"type", name_of(spec.kind)},
                          {"default", spec.fallback},
                          {"choices", spec.choices},
                          {"doc", spec.doc}});
  }
  return {{"name", task.name},
          {"aliases", task.aliases},
          {"doc", task.doc},
          {"texts", task.takes_texts},
          {"images", task.takes_images},
          {"audio", task.takes_audio},
          {"videos", task.takes_videos},
          {"contexts", task.contexts == tasks::TaskDef::Contexts::none       ? "none"
                       : task.contexts == tasks::TaskDef::Contexts::optional ? "optional"
                                                                             : "required"},
          {"classes", task.class_endings},
          {"parameters", std::move(parameters)}};
}

std::string describe(const tasks::TaskDef& task) {
  std::string out = task.name;
  for (const std::string& alias : task.aliases) out += ", " + alias;
  out += "\n  " + task.doc + "\n";
  std::vector<std::vector<std::string>> rows;
  for (const tasks::ParameterSpec& spec : task.parameters) {
    std::string fallback;
    if (!spec.fallback.is_null())
      fallback = spec.fallback.is_string() ? spec.fallback.get<std::string>() : spec.fallback.dump();
    std::string doc = spec.doc;
    if (!spec.choices.empty()) {
      std::string list;
      for (const std::string& choice : spec.choices) list += (list.empty() ? "" : ", ") + choice;
      doc += " (" + list + ")";
    }
    rows.push_back({"    " + spec.name, fallback, doc});
  }
  return out + table(rows, 3);
}

}  // namespace

void register_tasks(Cli& cli) {
  CLI::App* command = cli.command("tasks", "List the tasks and their parameters (--param NAME=VALUE)", [&cli] {
    if (cli.json) {
      Json out = Json::array();
      for (const tasks::TaskDef& task : tasks::registry().all()) out.push_back(task_json(task));
      write_out(out.dump(2) + "\n");
      return;
    }
    for (const tasks::TaskDef& task : tasks::registry().all()) write_out(describe(task) + "\n");
  });
  command->add_flag("--json", cli.json, "print JSON");
}

}  // namespace accelerate::cli
