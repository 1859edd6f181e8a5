#include <filesystem>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/show.h"
#include "cli/store_support.h"
#include "import/safetensors.h"
#include "preprocess/audio/decode.h"
#include "preprocess/image/decode.h"
#include "skills/skill.h"
#include "tasks/registry.h"

namespace accelerate::cli {
namespace {

struct RunOptions {
  std::string model;
  std::string task;
  std::vector<std::string> texts, images, clips, videos, files, contexts, context_files, parameters, labels, templates;
  std::string input;             // "-"
  std::string tensors, outputs;  // files
  std::string pooling, aggregation, profile;
  int64_t top_k = 0;
  size_t batch_size = 0;
  int64_t timeout_ms = 0;
  bool whole = false;
  bool explain = false;
  bool explain_placement = false;
  DeviceOptions device;
};

/// A value for a task that may not have it: the error of an unknown parameter comes from the task.
Json parsed(const std::vector<tasks::ParameterSpec>& specs, const std::string& name, const std::string& value) {
  for (const tasks::ParameterSpec& spec : specs) {
    if (spec.name == name) return parse_parameter(spec, value);
  }
  return value;
}

Json gather_parameters(const RunOptions& options, const tasks::TaskDef& task) {
  Json out = Json::object();
  for (const std::string& pair : options.parameters) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      fail(ErrorCode::invalid_argument, "--param is '{}'; expected NAME=VALUE", printable(pair));
    out[pair.substr(0, equals)] = parsed(task.parameters, pair.substr(0, equals), pair.substr(equals + 1));
  }
  if (!options.labels.empty()) out["candidate_labels"] = options.labels;
  if (!options.pooling.empty()) out["pooling"] = options.pooling;
  if (!options.aggregation.empty()) out["aggregation_strategy"] = options.aggregation;
  if (!options.templates.empty()) out["hypothesis_template"] = options.templates.back();
  if (options.top_k > 0) out["top_k"] = options.top_k;
  return out;
}

/// The part of the parameters that opening needs, and the rest.
std::pair<Json, Json> divided(const Json& parameters, const tasks::TaskDef& task) {
  Json open = Json::object();
  Json call = Json::object();
  for (const auto& [name, value] : parameters.items()) {
    bool at_open = false;
    for (const tasks::ParameterSpec& spec : task.parameters) at_open = at_open || (spec.name == name && spec.at_open);
    (at_open ? open : call)[name] = value;
  }
  return {std::move(open), std::move(call)};
}

void add_texts(const RunOptions& options, const CancelToken& cancel, tasks::TaskInputs& inputs,
               std::vector<std::string>& names) {
  inputs.texts = options.texts;
  std::vector<std::string> files = options.files;
  if (!options.input.empty()) files.push_back(options.input);
  for (const std::string& file : files) {
    std::string content = read_all(file, cancel);
    if (options.whole) {
      inputs.texts.push_back(std::move(content));
    } else {
      for (std::string& line : lines_of(content)) inputs.texts.push_back(std::move(line));
    }
  }
  inputs.contexts = options.contexts;
  for (const std::string& file : options.context_files) inputs.contexts.push_back(read_all(file, cancel));
  names = inputs.texts;
}

void print_person(const tasks::Task& task, const tasks::TaskResult& result, const std::vector<std::string>& names) {
  const ModelReport& report = task.model().compiled.report();
  std::string out = show_result(task.definition(), result.result, names);
  if (!result.truncated_inputs.empty()) {
    out += fmt::format("cut to {} tokens: {} of {} inputs\n", task.model().max_tokens.value_or(0),
                       result.truncated_inputs.size(), names.size());
  }
  out += fmt::format("\n{} on {} ({}, {}): load {:.1f} ms, preprocess {:.1f} ms, execute {:.1f} ms, total {:.1f} ms\n",
                     task.definition().name, report.device, report.backend, report.dtype, task.load_ms(),
                     result.preprocess_ms, result.execute_ms, task.load_ms() + result.run_ms);
  if (!report.fallback_reason.empty()) out += fmt::format("fallback: {}\n", report.fallback_reason);
  write_out(out);
}

/// A skill of any task on the tensors of a file.
void run_tensors(const Cli& cli, const RunOptions& options, const CallLimits& limits) {
  const std::filesystem::path file = options.tensors;
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const auto inputs = import::read_safetensors(*open_folder(folder), file.filename().native());
  const ModelPath model(options.model, cli.cancel);
  Progress progress("loading " + printable(options.model));
  skills::SkillOptions open;
  open.session = options.device.session();
  open.limits = limits;
  const skills::Skill skill = skills::Skill::open(model.path(), open);
  progress.set("running");
  ExecuteOptions call;
  call.limits = limits;
  const auto result = skill.process_tensors(inputs, call);
  if (!options.outputs.empty()) write_file_atomic(options.outputs, import::safetensors_bytes(result.outputs));
  if (cli.json) {
    write_out(result.envelope.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"output", "type"}};
  for (const auto& [name, tensor] : result.outputs) rows.push_back({printable(name), tensor.type().to_string()});
  const Json& timing = result.envelope.at("timing");
  write_out(table(rows, 2) + fmt::format("\n{} on {} ({}): load {:.1f} ms, execute {:.1f} ms\n",
                                         printable(skill.name()), result.envelope.value("device", ""),
                                         result.envelope.value("backend", ""), timing.value("load_ms", 0.0),
                                         timing.value("execute_ms", 0.0)));
}

void run_model(const Cli& cli, const RunOptions& options) {
  CallLimits limits;
  limits.cancel = cli.cancel;
  if (options.timeout_ms > 0)
    limits.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.timeout_ms);

  if (!options.tensors.empty()) {
    run_tensors(cli, options, limits);
    return;
  }
  // What is wrong with the request is found before the model is opened.
  tasks::TaskInputs inputs;
  std::vector<std::string> names;
  add_texts(options, cli.cancel, inputs, names);
  for (const std::string& file : options.images) {
    inputs.images.push_back(load_image(file));
    if (inputs.texts.empty()) names.push_back(file);
  }
  for (const std::string& file : options.clips) inputs.clips.push_back(load_audio(file));
  for (const std::string& file : options.videos) inputs.videos.push_back(load_video(file));
  if (names.empty()) {
    names = options.clips;
    names.insert(names.end(), options.videos.begin(), options.videos.end());
  }
  limits.check();

  const ModelPath model(options.model, cli.cancel);
  Progress progress("loading " + printable(options.model));
  tasks::TaskOptions open;
  open.task = options.task.empty() ? tasks::infer_task(model.path()).name : options.task;
  // One text has nothing to be similar to: its embedding is wanted.
  if (options.task.empty() && open.task == "sentence-similarity" && inputs.texts.size() == 1)
    open.task = "feature-extraction";
  const tasks::TaskDef& definition = tasks::registry().get(open.task);
  auto [at_open, at_call] = divided(gather_parameters(options, definition), definition);
  open.parameters = std::move(at_open);
  open.session = options.device.session();
  open.session.profile = !options.profile.empty();
  open.session.progress = [&](std::string_view what) { progress.set(std::string(what)); };
  open.session.load_limits = limits;
  const tasks::Task task = tasks::Task::open(model.path(), open);
  limits.check();

  std::vector<ProfileEvent> profile;
  tasks::CallOptions call;
  call.parameters = std::move(at_call);
  call.limits = limits;
  call.batch_size = options.batch_size;
  if (!options.profile.empty()) call.profile = &profile;
  call.progress = [&](size_t done, size_t total) { progress.update(done, total); };
  progress.set("running " + definition.name);
  const tasks::TaskResult result = task.run(inputs, call);

  if (!options.profile.empty()) write_file_atomic(options.profile, chrome_trace(profile));
  const ModelReport& report = task.model().compiled.report();
  if (cli.json) {
    Json out = tasks::to_json(task, result);
    if (options.explain || options.explain_placement) out["explain"] = tasks::to_json(report);
    if (!options.profile.empty()) out["profile"] = options.profile;
    write_out(out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    return;
  }
  if (options.explain) {
    write_out(explain(report) + "\n");
  } else if (options.explain_placement) {
    write_out(explain_placement(report) + "\n");
  }
  print_person(task, result, names);
  if (!options.profile.empty())
    write_out(fmt::format("\n{}trace written to {}\n", top_ops(profile), printable(options.profile, 1000)));
}

}  // namespace

void register_run(Cli& cli) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* run = cli.command("run", "Run a model on texts, images, sound or videos",
                              [&cli, options] { run_model(cli, *options); });
  const auto list = [&](const std::string& name, std::vector<std::string>& values, const std::string& doc,
                        const std::string& type) { cli.add_texts(*run, name, values, doc, type); };
  run->add_option(
         "model", options->model,
         "folder of the model or skill, ipfs://CID of one that the store has, or ORGANISATION/NAME[@REVISION] of a hub")
      ->required()
      ->type_name("MODEL");
  run->add_option("input", options->input, "- reads texts from standard input, one a line")
      ->type_name("-")
      ->check(CLI::IsMember({"-"}));
  run->add_option("--task", options->task, "task by its Hugging Face name; by default what the folder is made for")
      ->type_name("TASK");
  list("--text,--question", options->texts, "a text; may be repeated", "TEXT");
  list("--image", options->images, "an image file; may be repeated", "FILE");
  list("--audio", options->clips, "a sound file; may be repeated", "FILE");
  list("--video", options->videos, "an animated WebP file or a folder of frames; may be repeated", "FILE");
  list("--file", options->files, "a file with one text a line; may be repeated", "FILE");
  run->add_flag("--whole", options->whole, "each --file, or standard input, is one text");
  run->add_option("--inputs", options->tensors,
                  "safetensors file with a tensor for each input of the graph, for any task")
      ->type_name("FILE");
  run->add_option("--outputs", options->outputs, "with --inputs: write the outputs to this safetensors file")
      ->type_name("FILE");
  list("--context", options->contexts, "a second text: what a question is about; may be repeated", "TEXT");
  list("--context-file", options->context_files, "a file that is one context", "FILE");
  list("--label", options->labels, "a candidate label; may be repeated", "LABEL");
  list("--param", options->parameters, "any other parameter of the task (see ipfs-accelerate tasks)", "NAME=VALUE");
  run->add_option("--pooling", options->pooling, "how token vectors become one: auto, none, mean, cls, max, ...")
      ->type_name("MODE");
  run->add_option("--aggregation", options->aggregation,
                  "how tokens become entities: none, simple, first, average or max")
      ->type_name("STRATEGY");
  list("--template", options->templates, "hypothesis template with {} for the label", "TEXT");
  run->add_option("--top-k", options->top_k, "how many answers")->type_name("N")->check(CLI::PositiveNumber);
  run->add_option("--batch-size", options->batch_size, "most inputs in one execution; 0 chooses")->type_name("N");
  run->add_option("--timeout-ms", options->timeout_ms, "stop after this time; 0: never")
      ->type_name("MS")
      ->check(CLI::NonNegativeNumber);
  run->add_flag("--explain", options->explain, "print what each pass did, and which kernels run");
  run->add_flag("--explain-placement", options->explain_placement,
                "print what runs where and why: ops, regions of engines, share of the work, transfers");
  run->add_option("--profile", options->profile, "write a Chrome trace, and print the ops that take longest")
      ->type_name("FILE");
  run->add_flag("--json", cli.json, "print JSON");
  options->device.add_to(*run);
}

}  // namespace accelerate::cli
