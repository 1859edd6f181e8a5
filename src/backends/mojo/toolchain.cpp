#include "backends/mojo/toolchain.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>

#include "backend/modular_search.h"
#include "backends/mojo/smoke.h"
#include "base/cache_folder.h"
#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/hash.h"
#include "base/open_file.h"
#include "base/process.h"
#include "base/seal.h"

namespace accelerate::mojo {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kPurpose = "kernels of mojo";

const ModularPart& part() {
  static const ModularPart kPart = {"Mojo", "bin/mojo", {{"lib/mojo", "mojo-compiler-mojo-libs"}}};
  return kPart;
}

/// Goes with all that is in it.
struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::error_code error;
    std::string pattern = (fs::temp_directory_path(error) / "ipfs-accelerate-mojo-XXXXXX").string();
    if (error || mkdtemp(pattern.data()) == nullptr)
      fail(ErrorCode::io_error, "no temporary folder to compile in: {}", system_reason(errno));
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code error;
    fs::remove_all(path, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

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

/// The first lines of the compiler that say what is wrong, else how it ended.
std::string failure(const Answer& answer) {
  std::string errors;
  std::string last;
  std::istringstream lines(answer.error);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.find("Crashpad") != std::string::npos) continue;
    if (line.find("error:") != std::string::npos && ++count <= 3) errors += (errors.empty() ? "" : "; ") + line;
    last = line;
  }
  std::string said = printable(errors.empty() ? last : errors, 1500);
  return said.empty() ? "it ended with " + answer.exit.description() : said;
}

struct Outcome {
  std::unique_ptr<const Toolchain> toolchain;
  std::optional<Error> error;
};

}  // namespace

Library::Library(const std::string& bytes) {
  int descriptor = memfd_create("ipfs-accelerate-mojo", MFD_CLOEXEC);
  if (descriptor < 0) fail(ErrorCode::compile_failed, "no memory file for compiled kernels: {}", system_reason(errno));
  size_t written = 0;
  while (written < bytes.size()) {
    ssize_t n = write(descriptor, bytes.data() + written, bytes.size() - written);
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  if (written == bytes.size())
    handle_ = dlopen(fmt::format("/proc/self/fd/{}", descriptor).c_str(), RTLD_NOW | RTLD_LOCAL);
  close(descriptor);
  if (handle_ == nullptr) {
    const char* why = dlerror();
    fail(ErrorCode::compile_failed, "compiled kernels cannot be loaded: {}",
         printable(why == nullptr ? "they could not be written" : why, 1000));
  }
}

Library::~Library() {
  if (handle_ != nullptr) dlclose(handle_);
}

Library::Function Library::function(const std::string& name) const {
  void* found = dlsym(handle_, name.c_str());
  if (found == nullptr) fail(ErrorCode::compile_failed, "the compiled module has no {}", name);
  return reinterpret_cast<Function>(found);
}

const Toolchain& Toolchain::instance() {
  static std::mutex mutex;
  static Outcome& outcome = *new Outcome;
  std::lock_guard lock(mutex);
  if (outcome.toolchain != nullptr) return *outcome.toolchain;
  if (outcome.error) throw Error(*outcome.error);
  ModularSearch search = search_modular(part(), [](const char* name) -> const char* { return std::getenv(name); });
  for (const auto& root : search.found) {
    try {
      std::unique_ptr<const Toolchain> toolchain(new Toolchain(root.path, root.found_by));
      check_toolchain(*toolchain);
      outcome.toolchain = std::move(toolchain);
      return *outcome.toolchain;
    } catch (const Error& error) {
      search.rejected.push_back(
          fmt::format("{} ({}): {}", printable(root.path.string(), 1000), root.found_by, error.message()));
    }
  }
  outcome.error.emplace(ErrorCode::backend_unavailable, explanation_of(search, part()));
  throw Error(*outcome.error);
}

Toolchain::Toolchain(fs::path root, std::string found_by)
    : root_(std::move(root)), program_(root_ / "bin" / "mojo"), found_by_(std::move(found_by)) {
  constexpr auto kLimit = std::chrono::seconds(60);
  CallLimits limits;
  limits.deadline = Clock::now() + kLimit;
  Answer answer = ask({program_.string(), "--version"}, {{"MODULAR_TELEMETRY_ENABLED", "false"}}, limits);
  std::istringstream words(answer.output);
  std::string name;
  if (answer.exit.signal != 0 || answer.exit.code != 0 || !(words >> name >> version_) || name != "Mojo")
    fail(ErrorCode::backend_unavailable, "bin/mojo is not Mojo: it says \"{}\"",
         printable(answer.output.empty() ? failure(answer) : answer.output.substr(0, 200)));
  if (!version_.starts_with(std::string(kSupportedVersion) + "."))
    fail(ErrorCode::backend_unavailable,
         "this is Mojo {}; this program writes Mojo {}: the language changes from release to release. Install that "
         "release, or set MOJO_HOME to one",
         printable(version_), kSupportedVersion);
  fs::path base = cache_root();
  if (base.empty()) {
    note_ = "compiled kernels are not kept: neither ACCELERATE_CACHE_DIR nor HOME is set";
    return;
  }
  fs::path folder = base / "mojo" / version_;
  if (auto why = prepare_private_folder(folder)) {
    note_ = "compiled kernels are not kept: " + *why;
  } else {
    cache_ = folder;
  }
}

std::string Toolchain::build(const std::string& source, const CallLimits& limits) const {
  TemporaryFolder folder;
  fs::path text = folder.path / "kernels.mojo";
  fs::path library = folder.path / "kernels.so";
  write_file_atomic(text, source);
  fs::path own = cache_.empty() ? folder.path : cache_;
  Answer answer = ask(
      {program_.string(), "build", "--disable-warnings", "--emit", "shared-lib", text.string(), "-o", library.string()},
      {{"MODULAR_MOJO_MAX_PACKAGE_ROOT", root_.string()},
       {"MODULAR_MOJO_MAX_IMPORT_PATH", (root_ / "lib" / "mojo").string()},
       {"MODULAR_CACHE_DIR", (own / "compiler").string()},
       {"MODULAR_TELEMETRY_ENABLED", "false"}},
      limits);
  if (answer.exit.signal != 0 || answer.exit.code != 0)
    fail(ErrorCode::compile_failed, "mojo build refuses the kernels: {}", failure(answer));
  constexpr size_t kMost = size_t{1} << 30;
  return read_file(library, kMost);
}

Compiled Toolchain::compile(const std::string& source, const std::function<void(const Library&)>& check,
                            const std::function<void(std::string_view)>& progress, const CallLimits& limits) const {
  constexpr auto kLongest = std::chrono::minutes(20);
  Compiled out;
  out.key = sha256_hex(version_ + "\n" + machine_key() + "\n" + source).substr(0, 32);
  std::optional<Sealer> sealer;
  if (!cache_.empty()) sealer = Sealer::of_this_machine();
  fs::path kept = cache_ / (out.key + ".so");
  while (true) {
    if (sealer) {
      if (auto bytes = sealer->read(kept, kPurpose)) {
        out.library = std::make_unique<Library>(*bytes);
        out.cached = true;
        return out;
      }
    }
    auto lock = sealer ? FileLock::try_take(cache_ / (out.key + ".lock")) : std::nullopt;
    if (!sealer || lock) {
      if (progress) progress("compiling kernels with mojo");
      CallLimits bounded = limits;
      auto latest = Clock::now() + kLongest;
      if (!bounded.deadline || *bounded.deadline > latest) bounded.deadline = latest;
      std::string bytes = build(source, bounded);
      out.library = std::make_unique<Library>(bytes);
      check(*out.library);
      if (sealer) sealer->write(kept, kPurpose, bytes);
      return out;
    }
    if (progress) progress("another process is compiling these kernels");
    limits.check();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace accelerate::mojo
