// What runs in a child process: asking a library what it is, and compiling.
#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <system_error>
#include <thread>

#include "backends/max/engine.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/hash.h"
#include "base/process.h"
#include "base/seal.h"

namespace accelerate::max_engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kHelperName = "ipfs-accelerate-max-compile";

/// The lines of a child's standard error that say what is wrong: the parser's "error:" lines, else the last ones.
std::string fault_lines(const std::string& text) {
  std::string errors;
  std::string last;
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.find("Crashpad") != std::string::npos || line.find("PLEASE submit") != std::string::npos)
      continue;
    if (line.find("error:") != std::string::npos && ++count <= 3) errors += (errors.empty() ? "" : "; ") + line;
    last = line;
  }
  return printable(errors.empty() ? last : errors, 1500);
}

/// The lines that a child printed, and how it ended.
struct Answer {
  std::string output;
  ProcessExit exit;
  std::string error;
};

Answer ask(std::vector<std::string> command, std::vector<std::pair<std::string, std::string>> environment,
           const CallLimits& limits) {
  Process process({std::move(command), std::move(environment), 0});
  process.close_input();
  Answer out;
  out.output = process.read_all(limits);
  out.exit = process.wait(limits);
  out.error = process.error_tail();
  return out;
}

/// Why a child failed.
std::string failure(const Answer& answer) {
  constexpr std::string_view kPrefix = "error: ";
  size_t at = answer.output.find(kPrefix);
  if (at != std::string::npos) {
    std::string text = answer.output.substr(at + kPrefix.size());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::string more = fault_lines(answer.error);
    return printable(text, 1500) + (more.empty() ? "" : " (" + more + ")");
  }
  std::string more = fault_lines(answer.error);
  return fmt::format("the compiling process ended with {}{}", answer.exit.description(),
                     more.empty() ? "" : ": " + more);
}

}  // namespace

fs::path helper_program() {
  std::vector<fs::path> places;
  if (const char* given = std::getenv("ACCELERATE_MAX_COMPILE"); given != nullptr && *given != '\0') {
    places.emplace_back(given);
  } else {
    std::vector<fs::path> homes = {fs::path(own_executable()).parent_path()};
    // Inside a shared library (a binding), the library's folder rather than the interpreter's.
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void*>(&helper_program), &info) != 0 && info.dli_fname != nullptr) {
      std::error_code error;
      homes.push_back(fs::absolute(info.dli_fname, error).parent_path());
    }
    for (const fs::path& home : homes) {
      places.push_back(home / kHelperName);
      places.push_back(home.parent_path() / "libexec" / "ipfs-accelerate" / kHelperName);
      places.push_back(home.parent_path() / kHelperName);
      places.push_back(home.parent_path().parent_path() / kHelperName);
    }
  }
  std::error_code error;
  for (const fs::path& place : places)
    if (fs::is_regular_file(place, error)) return place;
  fail(ErrorCode::backend_unavailable,
       "the program {} is missing (looked for {}); it is built and installed with this one", kHelperName,
       printable(places.front().string(), 1000));
}

Identity identify(const Installation& installation) {
  constexpr auto kLimit = std::chrono::seconds(60);
  CallLimits limits;
  limits.deadline = Clock::now() + kLimit;
  Answer answer;
  try {
    answer =
        ask({helper_program().string(), "identify", installation.library().string()},
            {{"MODULAR_TELEMETRY_ENABLED", "false"}, {"MODULAR_MOJO_MAX_PACKAGE_ROOT", installation.root.string()}},
            limits);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::deadline_exceeded) throw;
    fail(ErrorCode::backend_unavailable, "{} does not answer within {} s",
         printable(installation.library().string(), 1000), kLimit.count());
  }
  Identity out;
  std::istringstream words(answer.output);
  std::string key;
  if (answer.exit.signal != 0 || answer.exit.code != 0 || !(words >> key >> out.version) || key != "version" ||
      !(words >> key >> out.accelerators) || key != "accelerators")
    fail(ErrorCode::backend_unavailable, "{} ({}) is not usable: {}", printable(installation.root.string(), 1000),
         installation.found_by, failure(answer));
  return out;
}

CompiledText compile_text(const Installation& installation, const Identity& identity, const CacheFolder& cache,
                          const std::string& text, const std::function<void(std::string_view)>& progress,
                          const CallLimits& limits) {
  constexpr auto kLongest = std::chrono::minutes(60);
  CompiledText out;
  out.key = sha256_hex(identity.version + "\n" + installation.root.string() + "\n" + machine_key() + "\n" + text)
                .substr(0, 32);
  out.file = cache.graphs() / (out.key + ".mlir");
  fs::path done = cache.graphs() / (out.key + ".ok");
  std::error_code error;
  auto begin = Clock::now();
  auto say = [&](const std::string& what) {
    if (progress)
      progress(fmt::format("{} ({} s)", what,
                           std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count()));
  };
  while (true) {
    if (fs::exists(done, error) && fs::exists(out.file, error)) {
      out.cached = true;
      return out;
    }
    auto lock = FileLock::try_take(cache.graphs() / (out.key + ".lock"));
    if (lock && (!fs::exists(done, error) || !fs::exists(out.file, error))) {
      write_file_atomic(out.file, text);
      say("compiling for MAX");
      CallLimits bounded = limits;
      auto latest = Clock::now() + kLongest;
      if (!bounded.deadline || *bounded.deadline > latest) bounded.deadline = latest;
      Answer answer = ask({helper_program().string(), "compile", installation.library().string(), out.file.string()},
                          engine_environment(installation, cache.engine()), bounded);
      if (answer.exit.signal != 0 || answer.exit.code != 0) {
        fs::remove(out.file, error);
        fail(ErrorCode::compile_failed, "MAX does not compile the graph: {}", failure(answer));
      }
      write_file_atomic(done, identity.version + "\n");
      say("compiled for MAX");
      return out;
    }
    if (lock) continue;
    say("another process is compiling this graph");
    limits.check();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::string compiled_file(const Engine& engine, const std::string& text) {
  // What the engine keeps of a graph in its cache is a MEF and 16 bytes of its own behind it.
  constexpr size_t kTrailer = 16;
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "ipfs-accelerate-max-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr) fail(ErrorCode::io_error, "no temporary folder to compile in");
  struct Removed {
    fs::path path;
    ~Removed() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  } folder{pattern};
  write_file_atomic(folder.path / "graph.mlir", text);
  Answer answer = ask({helper_program().string(), "compile", engine.installation().library().string(),
                       (folder.path / "graph.mlir").string()},
                      engine_environment(engine.installation(), folder.path / "cache"), {});
  if (answer.exit.signal != 0 || answer.exit.code != 0)
    fail(ErrorCode::compile_failed, "MAX does not compile the graph: {}", failure(answer));
  std::string content;
  for (fs::recursive_directory_iterator it(folder.path / "cache", error), end; !error && it != end; it.increment(error))
    if (it->is_regular_file() && it->path().string().find("/mof/mef/") != std::string::npos)
      content = read_file(it->path(), size_t{1} << 32);
  if (content.size() <= kTrailer)
    fail(ErrorCode::compile_failed, "MAX {} left no compiled file in its cache", engine.identity().version);
  content.resize(content.size() - kTrailer);
  return content;
}

}  // namespace accelerate::max_engine
