#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/error.h"

extern char** environ;

namespace accelerate {
namespace {

constexpr size_t kErrorTail = 16 << 10;
constexpr size_t kMaxLine = 64 << 20;
constexpr int kPollMs = 50;  // how soon a cancel is seen

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

Pipe make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail(ErrorCode::io_error, "no pipe: {}", std::strerror(errno));
  return {ends[0], ends[1]};
}

/// A socket pair: a write to it raises no SIGPIPE when asked not to.
Pipe make_input() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail(ErrorCode::io_error, "no socket pair: {}", std::strerror(errno));
  return {ends[0], ends[1]};
}

/// The program's file: as given with a slash, else the first executable of that name on PATH.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    size_t colon = rest.find(':');
    std::string candidate = std::string(rest.substr(0, colon)) + "/" + name;
    std::error_code ignored;
    if (::access(candidate.c_str(), X_OK) == 0 && !std::filesystem::is_directory(candidate, ignored)) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  fail(ErrorCode::io_error, "there is no program \"{}\" on PATH", printable(name));
}

}  // namespace

std::string ProcessExit::description() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  const char* name = strsignal(signal);
  return fmt::format("signal {} ({})", signal, name == nullptr ? "unknown" : name);
}

struct Process::Impl {
  pid_t pid = -1;
  int input = -1;
  int output = -1;
  int error = -1;
  std::string pending;  // of standard output, not yet returned
  std::string error_tail;
  std::optional<ProcessExit> exit;

  /// Waits until a pipe has something (or may be written, if `writing`) and takes what is there.
  void pump(bool writing, const CallLimits& limits) {
    limits.check();
    pollfd fds[3] = {{output, POLLIN, 0}, {error, POLLIN, 0}, {writing ? input : -1, POLLOUT, 0}};
    if (::poll(fds, 3, kPollMs) <= 0) return;
    if (fds[0].revents != 0) take(output, pending);
    if (fds[1].revents != 0) {
      take(error, error_tail);
      if (error_tail.size() > kErrorTail) error_tail.erase(0, error_tail.size() - kErrorTail);
    }
  }

  static void take(int& fd, std::string& into) {
    char buffer[65536];
    ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n > 0) into.append(buffer, static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) close_fd(fd);
  }
};

Process::Process(const ProcessOptions& options) : impl_(std::make_unique<Impl>()) {
  if (options.command.empty()) fail(ErrorCode::invalid_argument, "no command to start");
  const std::string program = find_program(options.command[0]);
  // Everything that allocates happens before fork.
  std::vector<char*> arguments;
  for (const std::string& a : options.command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> variables;
  for (char** v = environ; *v != nullptr; ++v) {
    std::string_view text = *v;
    bool replaced = false;
    for (const auto& [name, value] : options.environment)
      replaced = replaced || (text.starts_with(name) && text.substr(name.size()).starts_with("="));
    if (!replaced) variables.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (const std::string& v : variables) environment.push_back(const_cast<char*>(v.c_str()));
  environment.push_back(nullptr);

  Pipe in = make_input();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe status = make_pipe();  // carries errno if exec fails
  const pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(in.read_end, STDIN_FILENO);
    dup2(out.write_end, STDOUT_FILENO);
    dup2(err.write_end, STDERR_FILENO);
    for (int signal : {SIGINT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (options.memory_limit_bytes > 0) {
      rlimit limit = {options.memory_limit_bytes, options.memory_limit_bytes};
      setrlimit(RLIMIT_AS, &limit);
    }
    execve(program.c_str(), arguments.data(), environment.data());
    int reason = errno;
    [[maybe_unused]] ssize_t ignored = ::write(status.write_end, &reason, sizeof reason);
    _exit(127);
  }
  close_fd(in.read_end);
  close_fd(out.write_end);
  close_fd(err.write_end);
  close_fd(status.write_end);
  int reason = pid < 0 ? errno : 0;
  if (pid > 0 && ::read(status.read_end, &reason, sizeof reason) == sizeof reason) waitpid(pid, nullptr, 0);
  close_fd(status.read_end);
  if (reason != 0) {
    for (int* fd : {&in.write_end, &out.read_end, &err.read_end}) close_fd(*fd);
    fail(ErrorCode::io_error, "cannot start {}: {}", printable(program), std::strerror(reason));
  }
  setpgid(pid, pid);
  impl_->pid = pid;
  impl_->input = in.write_end;
  impl_->output = out.read_end;
  impl_->error = err.read_end;
  fcntl(impl_->input, F_SETFL, O_NONBLOCK);
  fcntl(impl_->output, F_SETFL, O_NONBLOCK);
  fcntl(impl_->error, F_SETFL, O_NONBLOCK);
}

Process::~Process() {
  if (!impl_->exit) {
    kill();
    int ignored = 0;
    while (waitpid(impl_->pid, &ignored, 0) < 0 && errno == EINTR) {
    }
  }
  for (int* fd : {&impl_->input, &impl_->output, &impl_->error}) close_fd(*fd);
}

void Process::write(std::string_view text, const CallLimits& limits) {
  while (!text.empty()) {
    ssize_t n = impl_->input < 0 ? -1 : ::send(impl_->input, text.data(), text.size(), MSG_NOSIGNAL);
    if (n > 0) {
      text.remove_prefix(static_cast<size_t>(n));
    } else if (impl_->input >= 0 && (errno == EAGAIN || errno == EINTR)) {
      impl_->pump(true, limits);
    } else {
      fail(ErrorCode::io_error, "the child process no longer reads: {}",
           impl_->input < 0 ? "its input was closed" : std::strerror(errno));
    }
  }
}

void Process::close_input() {
  close_fd(impl_->input);
}

std::optional<std::string> Process::read_line(const CallLimits& limits) {
  for (size_t searched = 0;;) {
    size_t end = impl_->pending.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = impl_->pending.substr(0, end);
      impl_->pending.erase(0, end + 1);
      return line;
    }
    searched = impl_->pending.size();
    if (searched > kMaxLine) fail(ErrorCode::io_error, "a line of the child process is longer than 64 MB");
    if (impl_->output < 0) {
      if (impl_->pending.empty()) return std::nullopt;
      return std::exchange(impl_->pending, {});
    }
    impl_->pump(false, limits);
  }
}

std::string Process::read_all(const CallLimits& limits) {
  while (impl_->output >= 0) impl_->pump(false, limits);
  return std::exchange(impl_->pending, {});
}

ProcessExit Process::wait(const CallLimits& limits) {
  while (!impl_->exit) {
    int status = 0;
    rusage usage = {};
    pid_t done = wait4(impl_->pid, &status, WNOHANG, &usage);
    if (done == impl_->pid) {
      while (impl_->error >= 0) {  // what it wrote last
        pollfd fd = {impl_->error, POLLIN, 0};
        if (::poll(&fd, 1, 0) <= 0) break;
        impl_->pump(false, {});
      }
      ProcessExit exit;
      if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
      if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
      exit.peak_memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) << 10;
      impl_->exit = exit;
      break;
    }
    if (done < 0 && errno != EINTR) fail(ErrorCode::internal, "waitpid: {}", std::strerror(errno));
    if (impl_->output >= 0 || impl_->error >= 0) {
      impl_->pump(false, limits);
      impl_->pending.clear();
    } else {
      limits.check();
      usleep(1000);
    }
  }
  return *impl_->exit;
}

void Process::kill() noexcept {
  if (impl_->pid > 0 && !impl_->exit) ::kill(-impl_->pid, SIGKILL);
}

const std::string& Process::error_tail() const {
  return impl_->error_tail;
}

std::string own_executable() {
  std::error_code error;
  auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) fail(ErrorCode::io_error, "the path of the running program is not known: {}", error.message());
  return path.string();
}

}  // namespace accelerate
