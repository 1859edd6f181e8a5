#include <algorithm>

#include "cli/cli.h"
#include "tasks/registry.h"

namespace accelerate::cli {
namespace {

struct Flag {
  std::string name;  // "--text"
  std::string doc;
  bool takes_value = false;
};

/// The options of a command, without positional ones.
std::vector<Flag> flags_of(const CLI::App& command) {
  std::vector<Flag> out;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames())
      out.push_back({"--" + name, option->get_description(), option->get_items_expected_max() > 0});
  }
  return out;
}

std::string task_names() {
  std::string out;
  for (const tasks::TaskDef& task : tasks::registry().all()) out += (out.empty() ? "" : " ") + task.name;
  return out;
}

std::string device_names() {
  std::string out = "auto";
  for (const std::string& name : known_devices()) out += " " + name;
  return out;
}

/// Every command by its words ("hardware info"), top level first.
std::vector<std::pair<std::string, const CLI::App*>> commands_of(const CLI::App& app) {
  std::vector<std::pair<std::string, const CLI::App*>> out;
  for (const CLI::App* command : app.get_subcommands({})) {
    out.emplace_back(command->get_name(), command);
    for (const CLI::App* inner : command->get_subcommands({}))
      out.emplace_back(command->get_name() + " " + inner->get_name(), inner);
  }
  return out;
}

std::string names_of(const CLI::App& app) {
  std::string out;
  for (const CLI::App* command : app.get_subcommands({})) out += (out.empty() ? "" : " ") + command->get_name();
  return out;
}

std::string bash(const CLI::App& app) {
  std::string cases;
  for (const auto& [name, command] : commands_of(app)) {
    std::string words = names_of(*command);
    for (const Flag& flag : flags_of(*command)) words += (words.empty() ? "" : " ") + flag.name;
    cases += fmt::format("    '{}') words='{}' ;;\n", name, words);
  }
  return fmt::format(R"(# bash completion of ipfs-accelerate: source <(ipfs-accelerate completions bash)
_ipfs_accelerate() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}" words=''
  case "$previous" in
    --task) COMPREPLY=($(compgen -W '{0}' -- "$current")); return ;;
    --device) COMPREPLY=($(compgen -W '{1}' -- "$current")); return ;;
    --dtype) COMPREPLY=($(compgen -W 'auto f32 bf16 f16' -- "$current")); return ;;
    --image|--file|--context-file|--profile) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  local command="${{COMP_WORDS[1]}}"
  case "$command ${{COMP_WORDS[2]}}" in
    'hardware info'|'hardware test') [ "$COMP_CWORD" -gt 2 ] && command="$command ${{COMP_WORDS[2]}}" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && command=''
  case "$command" in
    '') words='{2} --help --version' ;;
{3}  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -d -- "$current")) ;;
  esac
}}
complete -o filenames -F _ipfs_accelerate ipfs-accelerate
)",
                     task_names(), device_names(), names_of(app), cases);
}

/// Text inside single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string zsh(const CLI::App& app) {
  std::string cases;
  const auto spec = [](const Flag& flag) {
    std::string doc = flag.doc;
    std::erase_if(doc, [](char c) { return c == '[' || c == ']' || c == ':'; });
    std::string value;
    if (flag.takes_value) {
      value = ":value:";
      if (flag.name == "--task") value += "(" + task_names() + ")";
      if (flag.name == "--device") value += "(" + device_names() + ")";
      if (flag.name == "--image" || flag.name == "--file" || flag.name == "--context-file" || flag.name == "--profile")
        value += "_files";
    }
    return quoted(fmt::format("*{}[{}]{}", flag.name, doc, value));
  };
  for (const CLI::App* command : app.get_subcommands({})) {
    cases += fmt::format("    {}) _arguments", command->get_name());
    for (const Flag& flag : flags_of(*command)) cases += " \\\n      " + spec(flag);
    const std::string inner = names_of(*command);
    cases += " \\\n      " + quoted(inner.empty() ? "*:model:_files" : "1:command:(" + inner + ")") + " ;;\n";
  }
  std::string list;
  for (const CLI::App* command : app.get_subcommands({}))
    list += "    " + quoted(command->get_name() + ":" + command->get_description()) + "\n";
  return fmt::format(R"(#compdef ipfs-accelerate
_ipfs_accelerate() {{
  local -a commands
  commands=(
{})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
if [ "$funcstack[1]" = _ipfs_accelerate ]; then
  _ipfs_accelerate "$@"
else
  compdef _ipfs_accelerate ipfs-accelerate
fi
)",
                     list, cases);
}

std::string fish(const CLI::App& app) {
  std::string out = "# fish completion of ipfs-accelerate\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    out += fmt::format("complete -c ipfs-accelerate -f -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                       quoted(command->get_description()));
  }
  for (const auto& [name, command] : commands_of(app)) {
    const std::string last = name.substr(name.find(' ') == std::string::npos ? 0 : name.find(' ') + 1);
    for (const CLI::App* inner : command->get_subcommands({}))
      out += fmt::format("complete -c ipfs-accelerate -f -n '__fish_seen_subcommand_from {}' -a {} -d {}\n", last,
                         inner->get_name(), quoted(inner->get_description()));
    for (const Flag& flag : flags_of(*command)) {
      std::string extra = flag.takes_value ? " -r" : "";
      if (flag.name == "--task") extra = " -x -a " + quoted(task_names());
      if (flag.name == "--device") extra = " -x -a " + quoted(device_names());
      out += fmt::format("complete -c ipfs-accelerate -n '__fish_seen_subcommand_from {}' -l {}{} -d {}\n", last,
                         flag.name.substr(2), extra, quoted(flag.doc));
    }
  }
  return out;
}

}  // namespace

void register_completions(Cli& cli) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = cli.command("completions", "Print the completion script of a shell", [&cli, shell] {
    write_out(*shell == "bash" ? bash(cli.app) : *shell == "zsh" ? zsh(cli.app) : fish(cli.app));
  });
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
}

}  // namespace accelerate::cli
