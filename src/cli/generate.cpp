#include "skills/generate.h"

#include <algorithm>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/inputs.h"

namespace accelerate::cli {
namespace {

struct GenerateArguments {
  std::vector<std::string> models, classes, lists;
  std::string architecture, task, name, summary_file, python, store;
  bool all = false;
  bool all_native = false;
  bool no_verify = false;
  int parallel = 1;
  skills::GenerateOptions options;
  std::string output_dir = "skills";
  DeviceOptions device;
};

/// The lines of a list: "MODEL [TASK]" or "class NAME [TASK]"; empty lines and those that begin with # say nothing.
void read_list(const std::string& file, const CancelToken& cancel, std::vector<skills::GenerateRequest>& requests) {
  int number = 0;
  for (const std::string& line : lines_of(read_all(file, cancel))) {
    ++number;
    std::vector<std::string> words;
    for (size_t begin = line.find_first_not_of(" \t\r"); begin != std::string::npos;) {
      const size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
      words.push_back(line.substr(begin, end - begin));
      begin = line.find_first_not_of(" \t\r", end);
    }
    if (words.empty() || words.front().starts_with('#')) continue;
    skills::GenerateRequest request;
    const bool is_class = words.size() > 1 && words.front() == "class";
    if (is_class) words.erase(words.begin());
    (is_class ? request.class_name : request.model) = words.front();
    if (words.size() > 1) request.task = words[1];
    if (words.size() > 2)
      fail(ErrorCode::invalid_argument, "{}:{}: '{}'; expected MODEL [TASK] or class NAME [TASK]", printable(file),
           number, printable(line));
    requests.push_back(std::move(request));
  }
}

std::vector<skills::GenerateRequest> requests_of(const Cli& cli, const GenerateArguments& a) {
  std::vector<skills::GenerateRequest> out;
  const auto add_class = [&](const std::string& name) { out.push_back({.class_name = name}); };
  for (const std::string& model : a.models) out.push_back({.model = model});
  for (const std::string& name : a.classes) add_class(name);
  for (const std::string& list : a.lists) read_list(list, cli.cancel, out);
  if (a.all_native)
    for (const std::string& name : skills::native_classes()) add_class(name);
  if (a.all || !a.architecture.empty())
    for (const std::string& name : skills::family_classes(a.architecture, a.options)) add_class(name);
  if (out.empty())
    fail(ErrorCode::invalid_argument,
         "nothing to generate; name a --model, --class, --architecture or --from-file, or give --all or --all-native");
  if (!a.name.empty() && out.size() > 1)
    fail(ErrorCode::invalid_argument, "--name is for one skill, and {} are asked for", out.size());
  for (skills::GenerateRequest& request : out) {
    if (request.task.empty()) request.task = a.task;
    request.name = a.name;
  }
  return out;
}

std::string agreement_of(const import::Manifest& manifest) {
  const Json& record = manifest.verification;
  if (record.is_null()) return "not verified";
  const Json& worst = record.at("max_rel");
  return fmt::format("agrees with {} within {}", record.value("against", ""),
                     worst.is_number() ? fmt::format("{:.1g}", worst.get<double>()) : worst.dump());
}

void print_outcome(const skills::GenerateOutcome& o, size_t done, size_t total) {
  const std::string what = printable(o.request.model.empty() ? o.request.class_name : o.request.model);
  const std::string count = total > 1 ? fmt::format("[{}/{}] ", done, total) : "";
  if (!o.succeeded()) {
    write_out(fmt::format("{}FAIL {}: {}\n", count, what, o.error));
    return;
  }
  const import::Manifest& m = o.skill.manifest;
  write_out(fmt::format("{}ok   {}: {} ({}, {} graph), {}; {:.0f} ms, verified in {:.0f} ms\n", count,
                        printable(o.skill.folder.native(), 400), m.architecture, m.task.empty() ? "no task" : m.task,
                        m.graph_kind, agreement_of(m), o.skill.generate_ms, o.skill.verify_ms));
  finish_out();
}

void generate(Cli& cli, GenerateArguments& a) {
  a.options.output_dir = a.output_dir;
  a.options.verify = !a.no_verify;
  a.options.session = a.device.session();
  a.options.python = a.python;
  a.options.store_folder = a.store;
  a.options.cancel = cli.cancel;
  const auto requests = requests_of(cli, a);
  // One model is an error like any other; of several, each is an outcome.
  if (requests.size() == 1 && a.summary_file.empty()) {
    skills::GenerateOutcome outcome;
    outcome.request = requests.front();
    {
      const Progress progress("generating");
      outcome.skill = skills::generate(requests.front(), a.options);
    }
    if (cli.json) {
      write_out(to_json(outcome).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    } else {
      print_outcome(outcome, 1, 1);
    }
    return;
  }
  size_t done = 0;
  const auto outcomes = skills::generate_all(requests, a.options, a.parallel, [&](const skills::GenerateOutcome& o) {
    ++done;
    if (!cli.json) print_outcome(o, done, requests.size());
  });
  size_t failed = 0;
  Json list = Json::array();
  for (const skills::GenerateOutcome& outcome : outcomes) {
    failed += outcome.succeeded() ? 0 : 1;
    list.push_back(to_json(outcome));
  }
  const Json summary = {{"success", failed == 0},
                        {"total", outcomes.size()},
                        {"succeeded", outcomes.size() - failed},
                        {"failed", failed},
                        {"skills", std::move(list)}};
  const std::string text = summary.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (!a.summary_file.empty()) write_file_atomic(a.summary_file, text);
  write_out(cli.json ? text : fmt::format("{} of {} skills made\n", outcomes.size() - failed, outcomes.size()));
  if (failed > 0) cli.exit_code = 1;
}

}  // namespace

void register_generate(Cli& cli) {
  auto a = std::make_shared<GenerateArguments>();
  CLI::App* c = cli.command("generate", "Make skills: checked, callable, shareable folders of models",
                            [&cli, a] { generate(cli, *a); });
  const auto list = [&](const std::string& name, std::vector<std::string>& values, const std::string& doc,
                        const std::string& type) {
    c->add_option(name, values, doc)
        ->type_name(type)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  list("--model", a->models, "model folder, ipfs://CID, or id of a hub's repository; may be repeated", "MODEL");
  list("--class", a->classes, "class of transformers, made small with random weights; may be repeated", "NAME");
  c->add_option("--architecture", a->architecture, "all classes of a family, such as bert, made small")
      ->type_name("FAMILY");
  list("--from-file", a->lists, "file with a line for each skill: MODEL [TASK] or class NAME [TASK]", "FILE");
  c->add_flag("--all", a->all, "all classes of transformers, made small");
  c->add_flag("--all-native", a->all_native, "all classes with a native builder, made small");
  c->add_option("--task", a->task, "Hugging Face task; by default what the model is made for")->type_name("TASK");
  c->add_option("--output-dir", a->output_dir, "folder of skills")->type_name("FOLDER");
  c->add_option("--name", a->name, "name of the skill and its folder; by default from the model")->type_name("NAME");
  c->add_option("--graph", a->options.graph, "auto, native or captured")
      ->type_name("KIND")
      ->check(CLI::IsMember({"auto", "native", "captured"}));
  c->add_flag("--self-contained", a->options.self_contained, "link weight files into the skill (clones or hard links)");
  c->add_flag("--force", a->options.force, "replace a skill of this name");
  c->add_flag("--no-verify", a->no_verify, "do not run the skill against transformers");
  c->add_option("-j,--parallel", a->parallel, "skills at a time")->type_name("N")->check(CLI::Range(1, 256));
  c->add_option("--seed", a->options.seed, "of random weights")->type_name("N");
  c->add_option("--summary-file", a->summary_file, "write what was made, as JSON")->type_name("FILE");
  c->add_option("--python", a->python, "Python with torch, transformers and ipfs_accelerate (ACCELERATE_PYTHON)")
      ->type_name("PROGRAM");
  c->add_option("--store", a->store, "folder of the store that ipfs:// means")->type_name("FOLDER");
  c->add_flag("--json", cli.json, "print JSON");
  a->device.add_to(*c);
}

}  // namespace accelerate::cli
