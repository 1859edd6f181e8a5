#include "skills/sweep.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"
#include "skills/capture_worker.h"

namespace accelerate::skills {
namespace {

constexpr double kStartSeconds = 300;           // until the catalogue is listed
constexpr const char* kFacts = "capture.json";  // in a kept case folder: the worker's reply

double number_at(const Json& json, const char* key) {
  auto it = json.find(key);
  return it != json.end() && it->is_number() ? it->get<double>() : it != json.end() && it->is_string() ? INFINITY : 0;
}

/// Runs `verify` on a case folder in a child process and fills the record.
void verify_case(const std::filesystem::path& folder, const SweepOptions& options, CoverageRecord& record) {
  ProcessOptions command;
  command.command = {options.program, "verify",   folder.string(), "--graph",   "captured",
                     "--json",        "--device", options.device,  "--threads", "1"};
  command.memory_limit_bytes = options.memory_bytes;
  Process process(command);
  std::string text;
  try {
    CallLimits limits = limits_within(options.verify_seconds, options.cancel);
    text = process.read_all(limits);
    ProcessExit exit = process.wait(limits);
    record.peak_mb = static_cast<double>(exit.peak_memory_bytes) / 0x1p20;
    if (exit.signal != 0) {
      record.stage = "execute";
      record.reason = exit.description() + ": " + last_line(process.error_tail());
      return;
    }
    Json v = parse_json(text, "the verdict");
    if (v.contains("error")) {
      record.stage = "import";
      record.reason = v["error"].value("message", v["error"].dump());
      return;
    }
    record.stage = v.value("stage", "import");
    record.reason = v.value("reason", "");
    record.culprit = v.value("culprit", Json());
    record.sets = v.value("sets", 0);
    record.nodes = v.value("nodes", 0);
    record.max_rel = number_at(v, "max_rel");
    record.import_ms = number_at(v, "import_ms");
    record.compile_ms = number_at(v, "compile_ms");
    record.execute_ms = number_at(v, "execute_ms");
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) throw;
    record.stage = "execute";
    record.reason = error.message();
  }
}

CoverageRecord cover(const ModelClass& model, CaptureWorker& worker, const SweepOptions& options) {
  CoverageRecord record;
  record.model = model;
  std::filesystem::path folder = options.work / model.name;
  std::filesystem::path facts = folder / kFacts;
  Json reply;
  if (options.reuse && std::filesystem::exists(facts)) {
    reply = parse_json(read_file(facts), facts.string());
  } else {
    reply = worker.ask({{"class", model.name},
                        {"folder", folder.string()},
                        {"seed", options.seed},
                        {"seconds", options.capture_seconds},
                        {"memory_mb", static_cast<double>(options.memory_bytes) / 0x1p20}},
                       options.capture_seconds);
    if (options.keep && reply.value("ok", false)) write_file_atomic(facts, reply.dump());
  }
  record.capture_s = number_at(reply, "total_seconds");
  if (reply.value("ok", false)) {
    verify_case(folder, options, record);
  } else {
    record.stage = reply.value("stage", "config");
    record.reason = reply.value("reason", "");
    record.own = reply.value("own", false);
  }
  // A record says nothing of this machine's folders.
  for (size_t at; (at = record.reason.find(folder.string())) != std::string::npos;)
    record.reason.replace(at, folder.string().size(), model.name);
  std::error_code ignored;
  if (!options.keep) std::filesystem::remove_all(folder, ignored);
  return record;
}

}  // namespace

std::vector<ModelClass> list_model_classes(const SweepOptions& options) {
  Process process({.command = {options.python, "-m", "ipfs_accelerate.capture.catalog"}});
  CallLimits limits = limits_within(kStartSeconds, options.cancel);
  std::vector<ModelClass> out;
  while (auto line = process.read_line(limits)) {
    Json entry = parse_json(*line, "the catalogue of classes");
    if (!entry.contains("class")) continue;
    ModelClass model;
    model.name = json_string(entry, "class", std::nullopt);
    model.module = json_string(entry, "module", std::nullopt);
    model.family = json_string(entry, "family", "");
    model.modality = json_string(entry, "modality", std::nullopt);
    for (const Json& name : entry.value("auto", Json::array())) model.auto_classes.push_back(name.get<std::string>());
    // The name becomes a folder's name.
    if (model.name.empty() ||
        model.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") !=
            std::string::npos)
      fail(ErrorCode::invalid_model, "\"{}\" is no class name", printable(model.name));
    out.push_back(std::move(model));
  }
  ProcessExit exit = process.wait(limits);
  if (exit.code != 0 || exit.signal != 0 || out.empty())
    fail(ErrorCode::io_error,
         "{} cannot list the classes ({}): {}; expected a Python with transformers and ipfs_accelerate", options.python,
         exit.description(), last_line(process.error_tail()));
  return out;
}

void sweep(const std::vector<ModelClass>& classes, const SweepOptions& options,
           const std::function<void(const CoverageRecord&)>& take) {
  std::filesystem::create_directories(options.work);
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::exception_ptr failure;
  auto work = [&] {
    try {
      CaptureWorker worker(options.python, options.cancel);
      for (size_t i = next++; i < classes.size() && !stop; i = next++) {
        CoverageRecord record = cover(classes[i], worker, options);
        std::lock_guard lock(mutex);
        take(record);
      }
    } catch (...) {
      std::lock_guard lock(mutex);
      stop = true;
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (int j = 0; j < std::max(1, options.jobs); ++j) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

std::vector<ModelClass> stratified_sample(std::vector<ModelClass> classes, size_t count) {
  // A fixed order that knows nothing of names.
  auto key = [](const ModelClass& m) { return sha256_hex(m.name); };
  std::sort(classes.begin(), classes.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  std::map<std::string, std::vector<ModelClass>> by_modality;
  for (ModelClass& m : classes) by_modality[m.modality].push_back(std::move(m));
  std::vector<ModelClass> out;
  for (auto& [modality, members] : by_modality) {
    size_t share = std::max<size_t>(2, (count * members.size() + classes.size() / 2) / classes.size());
    // One of each family first.
    std::set<std::string> families;
    std::vector<ModelClass> order;
    std::vector<ModelClass> further;
    for (ModelClass& m : members) (families.insert(m.family).second ? order : further).push_back(std::move(m));
    std::move(further.begin(), further.end(), std::back_inserter(order));
    order.resize(std::min(share, order.size()));
    std::move(order.begin(), order.end(), std::back_inserter(out));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

}  // namespace accelerate::skills
