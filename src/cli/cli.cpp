#include "cli/cli.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

#include "base/log.h"
#include "tasks/task.h"

namespace accelerate::cli {

void register_all_commands(Cli& cli);  // generated

namespace {

/// Read by the signal handler; set once, before it is installed.
const CancelToken* g_cancel = nullptr;

extern "C" void on_interrupt(int signal) {
  if (g_cancel == nullptr || g_cancel->cancelled()) {
    // The second time the process ends as if it had no handler.
    std::signal(signal, SIG_DFL);
    std::raise(signal);
    return;
  }
  g_cancel->cancel();
}

void install_handlers(const CancelToken& cancel) {
  g_cancel = &cancel;
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a read that waits for input returns.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void print_error(const Error& error, bool json) {
  if (json) {
    const std::string text = tasks::error_to_json(error).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    return;
  }
  std::string text = fmt::format("error[{}]: {}\n", name_of(error.code()), error.message());
  for (const std::string& frame : error.context()) text += fmt::format("  in {}\n", frame);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

/// Is --json among the arguments; for errors found before they are parsed.
bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--") == 0) return false;
    if (std::strcmp(argv[i], "--json") == 0) return true;
  }
  return false;
}

}  // namespace

CLI::App* Cli::command(const std::string& name, const std::string& doc, std::function<void()> run) {
  CLI::App* sub = app.add_subcommand(name, doc);
  sub->callback([this, run = std::move(run)] { action = run; });
  return sub;
}

void DeviceOptions::add_to(CLI::App& command) {
  std::string devices = "auto";
  for (const std::string& name : known_devices()) devices += ", " + name;
  command.add_option("--device", device,
                     "where to run: " + devices + "; auto reads ACCELERATE_DEVICE and USE_MOJO_MAX_TARGET")
      ->type_name("NAME");
  command.add_option("--dtype", dtype, "type of products: auto, f32, bf16 or f16")->type_name("TYPE");
  command.add_option("--threads", threads, "worker threads; 0: one a core")
      ->type_name("N")
      ->check(CLI::Range(0, 4096));
  command.add_flag("--strict", strict, "fail where the device cannot serve, instead of using another one");
  command.add_option("--disable-pass", disabled_passes, "leave an optimisation out, by name; may be repeated")
      ->type_name("PASS")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

SessionOptions DeviceOptions::session() const {
  SessionOptions out;
  out.device = device;
  out.dtype = dtype;
  out.strict = strict;
  out.threads.num_threads = threads;
  out.disabled_passes = disabled_passes;
  return out;
}

int run(int argc, char** argv) {
  Cli cli;
  cli.json = wants_json(argc, argv);
  install_handlers(cli.cancel);
  set_log_sink([](LogLevel level, std::string_view message) {
    if (level < LogLevel::warning) return;
    const std::string text =
        fmt::format("{}: {}\n", level == LogLevel::error ? "error" : "warning", printable(message, 4096));
    std::fwrite(text.data(), 1, text.size(), stderr);
  });
  cli.app.name("ipfs-accelerate");
  cli.app.description("Runs Hugging Face models. Every command has --help.");
  cli.app.require_subcommand(1);
  cli.app.set_help_flag("-h,--help", "print this help");
  cli.app.set_version_flag("--version", "ipfs-accelerate " ACCELERATE_VERSION);
  register_all_commands(cli);
  try {
    try {
      cli.app.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help, --version
      return cli.app.exit(e);
    } catch (const CLI::ParseError& e) {
      throw Error(ErrorCode::invalid_argument, fmt::format("{}; see ipfs-accelerate --help", e.what()));
    }
    if (cli.action) cli.action();
    finish_out();
    return cli.exit_code;
  } catch (const Error& e) {
    print_error(e, cli.json);
    return exit_code_of(e.code());
  } catch (const std::bad_alloc&) {
    print_error(Error(ErrorCode::out_of_memory, "the system has no more memory"), cli.json);
    return exit_code_of(ErrorCode::out_of_memory);
  } catch (const std::exception& e) {
    print_error(Error(ErrorCode::internal, e.what()), cli.json);
    return exit_code_of(ErrorCode::internal);
  }
}

}  // namespace accelerate::cli
