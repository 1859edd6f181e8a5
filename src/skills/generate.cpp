#include "skills/generate.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/file_hash.h"
#include "base/nearest.h"
#include "base/overlay.h"
#include "import/bundle/bundle_files.h"
#include "import/open.h"
#include "import/pt2/components.h"
#include "models/registry.h"
#include "skills/bundle_writer.h"
#include "skills/capture_worker.h"
#include "skills/find_model.h"
#include "skills/skill_check.h"
#include "skills/sweep.h"
#include "tasks/registry.h"
#include "tasks/task.h"

namespace accelerate::skills {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kWork = ".work";  // in the stage: what Python makes

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Removes the stages of processes that were killed: ".NAME.PID.N.tmp" of a process that is no more.
void remove_dead_stages(const fs::path& output_dir) {
  std::error_code error;
  std::vector<fs::path> dead;
  for (const auto& entry : fs::directory_iterator(output_dir, error)) {
    const std::string name = entry.path().filename().native();
    if (!name.starts_with('.') || !name.ends_with(".tmp")) continue;
    const size_t number = name.rfind('.', name.size() - 5);
    if (number == std::string::npos || number == 0) continue;
    const size_t process = name.rfind('.', number - 1);
    if (process == std::string::npos || process == 0) continue;
    pid_t id = 0;
    const char* end = name.data() + number;
    const auto parsed = std::from_chars(name.data() + process + 1, end, id);
    if (parsed.ec == std::errc() && parsed.ptr == end && id > 0 && kill(id, 0) != 0 && errno == ESRCH)
      dead.push_back(entry.path());
  }
  for (const fs::path& path : dead) fs::remove_all(path, error);
}

/// A folder beside the skill's place that becomes the skill, or goes.
class Stage {
 public:
  Stage(const fs::path& output_dir, const std::string& name) {
    static std::atomic<uint64_t> counter{0};
    std::error_code error;
    fs::create_directories(output_dir, error);
    remove_dead_stages(output_dir);
    path_ = output_dir / fmt::format(".{}.{}.{}.tmp", name, getpid(), counter++);
    if (!error) fs::create_directory(path_, error);
    if (error)
      fail(ErrorCode::io_error, "cannot write in the folder {}: {}", printable(output_dir.native(), 400),
           error.message());
  }
  ~Stage() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const fs::path& path() const { return path_; }
  fs::path work() const { return path_ / kWork; }

  /// Gives the folder its name for good, in the place of what is there.
  void put_at(const fs::path& place) {
    std::error_code error;
    fs::remove_all(work(), error);
    fs::path old;
    if (fs::exists(place, error)) {
      old = path_;
      old += ".old";
      fs::rename(place, old, error);
      if (error) fail(ErrorCode::io_error, "cannot replace {}: {}", printable(place.native(), 400), error.message());
    }
    fs::rename(path_, place, error);
    if (error) {
      std::error_code ignored;
      if (!old.empty()) fs::rename(old, place, ignored);
      fail(ErrorCode::io_error, "cannot put the skill at {}: {}", printable(place.native(), 400), error.message());
    }
    if (!old.empty()) fs::remove_all(old, error);
  }

 private:
  fs::path path_;
};

void check_name(const std::string& name) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 200 || name.front() == '.' || !std::all_of(name.begin(), name.end(), plain))
    fail(ErrorCode::invalid_argument, "the name of the skill is '{}'; expected letters, digits, '-', '_' and '.'",
         printable(name));
}

void check_class_name(const std::string& name) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  if (name.empty() || name.size() > 200 || !std::all_of(name.begin(), name.end(), is_part))
    fail(ErrorCode::invalid_argument, "'{}' is no class name", printable(name));
}

/// Refuses a place that something else has.
void check_place(const fs::path& place, const std::string& source, const GenerateOptions& options) {
  std::error_code ignored;
  if (import::is_bundle(options.output_dir))
    fail(ErrorCode::invalid_argument, "{} is a skill itself; give a folder that holds skills as --output-dir",
         printable(options.output_dir.native(), 400));
  if (!fs::exists(place, ignored)) return;
  if (!import::is_bundle(place))
    fail(ErrorCode::invalid_argument, "{} is there and is no skill; give another name or folder",
         printable(place.native(), 400));
  std::string other;
  try {
    other = import::parse_manifest(read_file(place / import::kManifest), place.native())
                .provenance.value("source", std::string());
  } catch (const Error&) {
    // Whatever it was, --force replaces it.
  }
  if (!other.empty() && other != source)
    fail(ErrorCode::invalid_argument, "{} is the skill of another model ({}); give another name or folder",
         printable(place.native(), 400), printable(other, 400));
  if (!options.force)
    fail(ErrorCode::invalid_argument, "the skill {} is there already; --force replaces it",
         printable(place.native(), 400));
}

SweepOptions sweep_options(const GenerateOptions& options) {
  SweepOptions out;
  out.python = capture_python(options.python);
  out.cancel = options.cancel;
  return out;
}

/// One skill in the making.
class Generation {
 public:
  Generation(const GenerateRequest& request, const GenerateOptions& options, CaptureWorker& worker)
      : request_(request), options_(options), worker_(worker) {}

  GeneratedSkill run() {
    const auto begin = Clock::now();
    if (request_.model.empty() == request_.class_name.empty())
      fail(ErrorCode::invalid_argument, "give either a model or a class");
    std::string name = request_.name;
    std::string source;
    if (!request_.class_name.empty()) {
      check_class_name(request_.class_name);
      if (name.empty()) name = request_.class_name;
      source = "class " + request_.class_name;
    } else {
      if (name.empty()) name = skill_name_of(request_.model);
      store::StoreCall call;
      call.limits.cancel = options_.cancel;
      location_.emplace(find_model(request_.model, options_.store_folder, call));
      source = store::IpfsPath::is_marked(request_.model)
                   ? request_.model
                   : std::filesystem::weakly_canonical(location_->path()).native();
    }
    check_name(name);
    const fs::path place = options_.output_dir / name;
    check_place(place, source, options_);
    Stage stage(options_.output_dir, name);
    stage_ = &stage;

    GeneratedSkill out;
    open_source();
    BundleRequest bundle{.name = name,
                         .task = task_,
                         .graph_kind = kind_,
                         .architecture = architecture_,
                         .weight_prefix = weight_prefix_,
                         .self_contained = options_.self_contained || store::IpfsPath::is_marked(request_.model)};
    out.manifest = write_bundle(stage.path(), *opened_, bundle);
    out.manifest.provenance = provenance(source);
    write_manifest(stage.path(), out.manifest);
    out.generate_ms = ms_since(begin);
    if (options_.verify) {
      const auto start = Clock::now();
      check(out.manifest);
      out.verify_ms = ms_since(start);
    }
    drop_recordings(out.manifest);
    stage.put_at(place);
    out.folder = place;
    return out;
  }

 private:
  /// The model as it will be stored: `opened_`, its task, class and kind of graph.
  void open_source() {
    if (!request_.class_name.empty()) {
      make_case();
      files_ = open_folder(stage_->path());
    } else {
      files_ = import::open_model_files(location_->path());
      if (dynamic_cast<const import::BundleFiles*>(files_.get()) != nullptr)
        fail(ErrorCode::invalid_argument, "{} is a skill already", files_->description());
    }
    const import::HfFolder folder = import::HfFolder::open(files_);
    choose_class(folder);
    const models::ModelBuilder* builder = models::registry().find(architecture_, folder.model_type());
    if (builder != nullptr && options_.graph != "captured") {
      kind_ = "native";
      weight_prefix_ = builder->base_model_prefix;
      opened_ = import::open(files_, {.architecture = architecture_, .graph = "native"});
      return;
    }
    if (options_.graph == "native")
      fail(ErrorCode::unsupported_model, "the class {} has no native builder; leave --graph away to capture it",
           printable(architecture_));
    kind_ = "captured";
    if (request_.class_name.empty() && !open_captured()) files_ = overlaid(capture(folder), files_);
    if (opened_) return;
    opened_ = import::open(files_, {.architecture = architecture_, .graph = "captured"});
  }

  /// The task, and the class that it needs or that the model names.
  void choose_class(const import::HfFolder& folder) {
    const std::vector<std::string>& hints = folder.task_hints();
    if (!request_.task.empty()) {
      const tasks::TaskDef* task = tasks::registry().find(request_.task);
      // A task that is not built in is one that the folder is made for, or a mistake.
      if (task == nullptr && std::find(hints.begin(), hints.end(), request_.task) == hints.end())
        tasks::registry().get(request_.task);
      task_ = task != nullptr ? task->name : request_.task;
      if (task != nullptr) architecture_ = tasks::class_for(*task, folder);
    } else {
      for (size_t i = 0; i < hints.size() && architecture_.empty(); ++i) take_hint(hints[i], folder);
      if (task_.empty() && !hints.empty() && tasks::registry().find(hints.front()) == nullptr) task_ = hints.front();
    }
    if (!request_.class_name.empty()) architecture_ = request_.class_name;
    if (architecture_.empty() && !folder.architectures().empty()) architecture_ = folder.architectures().front();
    if (architecture_.empty())
      fail(ErrorCode::invalid_model, "{}/config.json names no class in 'architectures'; name a task with --task",
           files_->description());
  }

  /// Takes a task that the folder seems to be made for, if it is built in and the folder's class serves it.
  void take_hint(const std::string& hint, const import::HfFolder& folder) {
    const tasks::TaskDef* task = tasks::registry().find(hint);
    if (task == nullptr) return;
    try {
      architecture_ = tasks::class_for(*task, folder);
      task_ = task->name;
    } catch (const Error& e) {
      if (e.code() != ErrorCode::unsupported_task) throw;
    }
  }

  Json ask(Json request, const std::string& what) {
    request["seconds"] = options_.capture_seconds;
    request["memory_mb"] = static_cast<double>(options_.memory_bytes) / 0x1p20;
    const Json reply = worker_.ask(std::move(request), options_.capture_seconds);
    if (reply.value("ok", false)) return reply;
    std::string reason = reply.value("reason", "");
    for (const fs::path& folder : {stage_->work(), stage_->path()})
      for (size_t at; (at = reason.find(folder.string())) != std::string::npos;)
        reason.replace(at, folder.string().size(), "STAGE");
    fail(ErrorCode::unsupported_model, "{} cannot be {}: {} ({})",
         architecture_.empty() ? request_.class_name : architecture_, what, printable(reason, 2000),
         reply.value("stage", ""));
  }

  /// The class in small: configuration, weights, capture and recordings in the stage.
  void make_case() {
    try {
      facts_ = ask({{"class", request_.class_name}, {"folder", stage_->path().string()}, {"seed", options_.seed}},
                   "made in small");
    } catch (const Error& e) {
      if (e.code() != ErrorCode::unsupported_model) throw;
      std::vector<std::string> known;
      for (const ModelClass& model : list_model_classes(sweep_options(options_))) known.push_back(model.name);
      if (std::find(known.begin(), known.end(), request_.class_name) != known.end()) throw;
      fail(ErrorCode::invalid_argument, "transformers has no model class {}; nearest names: {}", request_.class_name,
           nearest_names(request_.class_name, known));
    }
    has_recordings_ = true;
  }

  /// Where Python reads the model: the folder of its config.json.
  static std::string python_source(const import::HfFolder& folder) {
    return folder.files()->map("config.json")->path().parent_path().native();
  }

  /// Opens what the folder was captured as, if that is the class. False if there is nothing to open.
  bool open_captured() {
    if (!files_->contains("model.pt2") && !files_->contains(import::kComponents)) return false;
    try {
      opened_ = import::open(files_, {.architecture = architecture_, .graph = "captured"});
    } catch (const Error& e) {
      if (e.code() != ErrorCode::unsupported_model) throw;
      return false;  // captured as another class
    }
    return true;
  }

  /// model.pt2 of the class, captured now.
  std::shared_ptr<FileSet> capture(const import::HfFolder& folder) {
    Json request = {{"kind", options_.verify ? "reference" : "capture"},
                    {"class", architecture_},
                    {"folder", stage_->work().string()},
                    {"source", python_source(folder)},
                    {"captured", true}};
    facts_ = ask(std::move(request), "captured");
    has_recordings_ = options_.verify;
    return open_folder(stage_->work());
  }

  Json provenance(const std::string& source) const {
    Json out = {{"source", source}, {"class", architecture_}, {"generator", "ipfs-accelerate"}};
    for (const char* key : {"transformers_version", "torch_version", "form"}) {
      const auto found = opened_->program.metadata.find(key);
      if (found != opened_->program.metadata.end()) out[key] = found->second;
    }
    if (!request_.class_name.empty()) out["weights"] = fmt::format("random, seed {}", options_.seed);
    return out;
  }

  /// Verifies the staged skill; the record and small recordings become part of it.
  void check(import::Manifest& manifest) {
    fs::path recorded = request_.class_name.empty() ? stage_->work() : stage_->path();
    std::string against = "transformers, float32, plain attention";
    if (!has_recordings_ && files_->contains("inputs-0.safetensors") && files_->contains("outputs-0.safetensors")) {
      recorded = location_->path();
      against = "the outputs that are recorded in the model's folder";
      has_recordings_ = true;
    }
    SkillCheck checked{.folder = stage_->path(),
                       .against = against,
                       .manifest = manifest,
                       .session = options_.session,
                       .cancel = options_.cancel};
    if (!has_recordings_) {
      try {
        const import::HfFolder folder = import::HfFolder::open(files_);
        facts_ = ask({{"kind", "reference"},
                      {"class", architecture_},
                      {"folder", stage_->work().string()},
                      {"source", python_source(folder)},
                      {"captured", false}},
                     "run in transformers");
        has_recordings_ = true;
      } catch (const Error& e) {
        if (e.code() != ErrorCode::io_error) throw;
        checked.why_no_python = e.message();
      }
    }
    manifest.verification =
        has_recordings_ ? check_against_recordings(checked, recorded) : check_against_reference(checked);
    if (has_recordings_ && recorded != stage_->path()) keep_recordings(recorded);
    list_recordings(manifest);
    write_manifest(stage_->path(), manifest);
  }

  static constexpr uint64_t kMaxRecordingBytes = uint64_t{16} << 20;  // of a file that is kept

  void keep_recordings(const fs::path& from) {
    for (int k = 0;; ++k) {
      const std::string in = fmt::format("inputs-{}.safetensors", k);
      const std::string out = fmt::format("outputs-{}.safetensors", k);
      std::error_code error;
      if (!fs::exists(from / in, error) || fs::exists(stage_->path() / in, error)) return;
      if (fs::file_size(from / in, error) + fs::file_size(from / out, error) > 2 * kMaxRecordingBytes) return;
      fs::copy_file(from / in, stage_->path() / in, error);
      fs::copy_file(from / out, stage_->path() / out, error);
    }
  }

  void list_recordings(import::Manifest& manifest) {
    std::error_code error;
    for (int k = 0;; ++k) {
      for (const char* kind : {"inputs", "outputs"}) {
        const std::string name = fmt::format("{}-{}.safetensors", kind, k);
        if (!fs::exists(stage_->path() / name, error)) return;
        add_file(manifest, stage_->path(), name);
      }
    }
  }

  /// What Python left in the stage and the skill does not list.
  void drop_recordings(const import::Manifest& manifest) {
    std::error_code error;
    std::vector<fs::path> extra;
    for (const auto& entry : fs::directory_iterator(stage_->path(), error)) {
      const std::string name = entry.path().filename().native();
      const bool is_weights = std::any_of(manifest.weights.begin(), manifest.weights.end(),
                                          [&](const import::BundleWeights& w) { return w.name == name; });
      if (entry.is_regular_file(error) && name != import::kManifest && !manifest.files.contains(name) && !is_weights)
        extra.push_back(entry.path());
    }
    for (const fs::path& path : extra) fs::remove(path, error);
  }

  const GenerateRequest& request_;
  const GenerateOptions& options_;
  CaptureWorker& worker_;
  Stage* stage_ = nullptr;
  std::optional<ModelLocation> location_;
  std::shared_ptr<FileSet> files_;
  std::optional<import::OpenedModel> opened_;
  std::string task_, architecture_, kind_, weight_prefix_;
  Json facts_;
  bool has_recordings_ = false;
};

GeneratedSkill generate_with(const GenerateRequest& request, const GenerateOptions& options, CaptureWorker& worker) {
  try {
    return Generation(request, options, worker).run();
  } catch (Error& e) {
    throw std::move(e.in("generate " + printable(request.model.empty() ? request.class_name : request.model)));
  }
}

}  // namespace

GeneratedSkill generate(const GenerateRequest& request, const GenerateOptions& options) {
  CaptureWorker worker(capture_python(options.python), options.cancel);
  return generate_with(request, options, worker);
}

std::vector<GenerateOutcome> generate_all(const std::vector<GenerateRequest>& requests, const GenerateOptions& options,
                                          int parallel, const std::function<void(const GenerateOutcome&)>& take) {
  std::vector<GenerateOutcome> out(requests.size());
  std::atomic<size_t> next{0};
  std::mutex mutex;
  const auto work = [&] {
    CaptureWorker worker(capture_python(options.python), options.cancel);
    for (size_t i = next++; i < requests.size() && !options.cancel.cancelled(); i = next++) {
      GenerateOutcome& outcome = out[i];
      outcome.request = requests[i];
      try {
        outcome.skill = generate_with(requests[i], options, worker);
      } catch (const Error& e) {
        outcome.error_code = name_of(e.code());
        outcome.error = e.message();
      } catch (const std::exception& e) {
        outcome.error_code = name_of(ErrorCode::internal);
        outcome.error = e.what();
      }
      const std::lock_guard lock(mutex);
      if (take) take(outcome);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < std::min<int>(parallel, static_cast<int>(requests.size())); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  CallLimits limits;
  limits.cancel = options.cancel;
  limits.check();
  return out;
}

Json to_json(const GenerateOutcome& o) {
  Json out = {{"model", o.request.model.empty() ? Json() : Json(o.request.model)},
              {"success", o.succeeded()},
              {"generate_ms", o.skill.generate_ms},
              {"verify_ms", o.skill.verify_ms}};
  if (o.succeeded()) {
    out["folder"] = o.skill.folder.native();
    out["name"] = o.skill.manifest.name;
    out["class"] = o.skill.manifest.architecture;
    out["task"] = o.skill.manifest.task.empty() ? Json() : Json(o.skill.manifest.task);
    out["graph"] = o.skill.manifest.graph_kind;
    out["verification"] = o.skill.manifest.verification;
  } else {
    out["class"] = o.request.class_name.empty() ? Json() : Json(o.request.class_name);
    out["error"] = {{"code", o.error_code}, {"message", o.error}};
  }
  return out;
}

std::vector<std::string> native_classes() {
  std::vector<std::string> out;
  for (const models::ModelBuilder& builder : models::registry().all())
    out.insert(out.end(), builder.architectures.begin(), builder.architectures.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::string> family_classes(const std::string& family, const GenerateOptions& options) {
  std::vector<std::string> out;
  std::vector<std::string> families;
  for (const ModelClass& model : list_model_classes(sweep_options(options))) {
    if (model.family == family || family.empty()) out.push_back(model.name);
    families.push_back(model.family);
  }
  if (out.empty()) {
    std::sort(families.begin(), families.end());
    families.erase(std::unique(families.begin(), families.end()), families.end());
    fail(ErrorCode::invalid_argument, "transformers has no family '{}'; nearest names: {}", printable(family),
         nearest_names(family, families));
  }
  return out;
}

}  // namespace accelerate::skills
