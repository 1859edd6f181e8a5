#include "cli/cli.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>

#include "base/log.h"
#include "cli/compiled.h"
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

/// Marks a value that the parser must not look into: it drops empty values and splits "[a,b]".
constexpr char kVerbatim = '\x01';

/// The arguments behind the program's name, with the values of verbatim options marked.
std::vector<std::string> marked_arguments(int argc, char** argv, const std::set<std::string>& verbatim) {
  std::vector<std::string> out;
  bool options = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--") options = false;
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (!options || !verbatim.contains(name)) {
      out.push_back(argument);
    } else if (equals != std::string::npos) {
      out.push_back(name);
      out.push_back(kVerbatim + argument.substr(equals + 1));
    } else {
      out.push_back(name);
      if (i + 1 < argc) out.push_back(kVerbatim + std::string(argv[++i]));
    }
  }
  return out;
}

/// Is --json among the arguments; for errors found before they are parsed.
bool wants_json(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return false;
    if (argument == "--json") return true;
  }
  return false;
}

}  // namespace

CLI::App* Cli::command(const std::string& name, const std::string& doc, std::function<void()> run) {
  CLI::App* sub = app.add_subcommand(name, doc);
  sub->callback([this, run = std::move(run)] { action = run; });
  return sub;
}

void Cli::add_texts(CLI::App& command, const std::string& names, std::vector<std::string>& values,
                    const std::string& doc, const std::string& type) {
  for (size_t begin = 0; begin < names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    verbatim.insert(names.substr(begin, end - begin));
    begin = end + 1;
  }
  command
      .add_option_function<std::vector<std::string>>(
          names,
          [&values](const std::vector<std::string>& given) {
            values.clear();
            for (const std::string& value : given) values.push_back(value.substr(value.starts_with(kVerbatim) ? 1 : 0));
          },
          doc)
      ->type_name(type)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void DeviceOptions::add_to(CLI::App& command) {
  std::string devices = "auto";
  for (const std::string& name : known_devices()) devices += ", " + name;
  command
      .add_option("--device", device,
                  "where to run: " + devices + "; auto reads ACCELERATE_DEVICE and USE_MOJO_MAX_TARGET")
      ->type_name("NAME");
  command.add_option("--dtype", dtype, "type of products: auto, f32, bf16 or f16")->type_name("TYPE");
  command.add_option("--threads", threads, "worker threads; 0: one a core")->type_name("N")->check(CLI::Range(0, 4096));
  command.add_flag("--strict", strict, "fail where the device cannot serve, instead of using another one");
  command.add_option("--disable-pass", disabled_passes, "leave an optimisation out, by name; may be repeated")
      ->type_name("PASS")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--dump-after", dump_after, "write the graph to standard error each time this pass has run")
      ->type_name("PASS");
  command.add_option("--compiled", compiled, "folder that `compile` wrote: nothing is compiled again")
      ->type_name("FOLDER");
}

SessionOptions DeviceOptions::session() const {
  SessionOptions out;
  out.device = device;
  if (!compiled.empty()) out.device = use_compiled(compiled, device);
  out.dump_after = dump_after;
  if (!dump_after.empty()) out.dump = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  out.dtype = dtype;
  out.strict = strict;
  out.threads.num_threads = threads;
  out.disabled_passes = disabled_passes;
  return out;
}

int run(int argc, char** argv) {
  Cli cli;
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
  std::vector<std::string> arguments = marked_arguments(argc, argv, cli.verbatim);
  const bool json = wants_json(arguments);
  try {
    try {
      std::reverse(arguments.begin(), arguments.end());  // as this form of parse takes them
      cli.app.parse(arguments);
    } catch (const CLI::Success& e) {  // --help, --version
      return cli.app.exit(e);
    } catch (const CLI::ParseError& e) {
      throw Error(ErrorCode::invalid_argument, fmt::format("{}; see ipfs-accelerate --help", e.what()));
    }
    if (cli.action) cli.action();
    finish_out();
    return cli.exit_code;
  } catch (const Error& e) {
    print_error(e, json);
    return exit_code_of(e.code());
  } catch (const std::bad_alloc&) {
    print_error(Error(ErrorCode::out_of_memory, "the system has no more memory"), json);
    return exit_code_of(ErrorCode::out_of_memory);
  } catch (const std::exception& e) {
    print_error(Error(ErrorCode::internal, e.what()), json);
    return exit_code_of(ErrorCode::internal);
  }
}

}  // namespace accelerate::cli
