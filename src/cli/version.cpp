#include "backend/backend.h"
#include "cli/cli.h"

namespace accelerate::cli {

void register_version(Cli& cli) {
  CLI::App* command = cli.command("version", "Print the version", [&cli] {
    std::string backends;
    Json names = Json::array();
    for (const auto& backend : make_all_backends()) {
      backends += (backends.empty() ? "" : ", ") + std::string(backend->name());
      names.push_back(backend->name());
    }
    if (cli.json) {
      const Json out = {{"version", ACCELERATE_VERSION}, {"compiler", __VERSION__}, {"backends", std::move(names)}};
      write_out(out.dump() + "\n");
      return;
    }
    write_out(
        fmt::format("ipfs-accelerate {}\nbackends: {}\ncompiler: {}\n", ACCELERATE_VERSION, backends, __VERSION__));
  });
  command->add_flag("--json", cli.json, "print JSON");
}

}  // namespace accelerate::cli
