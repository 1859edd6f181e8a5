#include "cli/cli.h"
#include "import/bundle/bundle_files.h"
#include "skills/verification.h"

namespace accelerate::cli {
namespace {

struct VerifyOptions {
  std::string model;
  std::string graph;
  double tolerance = 1e-4;
  bool locate = true;
  DeviceOptions device;
};

std::string for_person(const skills::Verification& v) {
  std::string out;
  if (!v.outputs.empty()) {
    std::vector<std::vector<std::string>> rows = {{"output", "type", "inputs", "max abs", "max rel", ""}};
    for (const auto& o : v.outputs)
      rows.push_back({o.name, o.type, std::to_string(o.set), fmt::format("{:.2g}", o.max_abs),
                      fmt::format("{:.2g}", o.max_rel), o.agrees ? "agrees" : "differs"});
    out += table(rows, 2) + "\n";
  }
  out += fmt::format("{} nodes, imported in {:.0f} ms, compiled in {:.0f} ms, first run {:.1f} ms on {}\n", v.num_nodes,
                     v.import_ms, v.compile_ms, v.execute_ms, v.report.backend.empty() ? "nothing" : v.report.backend);
  if (v.passed()) return out + fmt::format("passed: {} input sets agree within {:.1g}\n", v.num_sets, v.max_rel);
  out += fmt::format("failed to {}: {}\n", name_of(v.stage), v.reason);
  if (!v.culprit.is_null()) out += "at fault: " + v.culprit.dump() + "\n";
  return out;
}

/// A skill holds one graph.
bool is_skill(const std::string& model) {
  std::error_code ignored;
  return std::filesystem::is_directory(model, ignored) && import::is_bundle(model);
}

void verify_model(Cli& cli, const VerifyOptions& options) {
  Progress progress("verifying " + printable(options.model));
  skills::VerificationOptions verification;
  verification.open.graph = !options.graph.empty() ? options.graph : is_skill(options.model) ? "auto" : "captured";
  verification.session = options.device.session();
  verification.tolerance = options.tolerance;
  verification.locate = options.locate;
  skills::Verification result = skills::verify_folder(options.model, verification);
  write_out(cli.json ? skills::to_json(result).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                     : for_person(result));
  if (!result.passed()) cli.exit_code = 1;
}

}  // namespace

void register_verify(Cli& cli) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* verify = cli.command("verify", "Run a model on recorded inputs and compare with recorded outputs",
                                 [&cli, options] { verify_model(cli, *options); });
  verify
      ->add_option("model", options->model,
                   "folder of the model, with inputs-K.safetensors and outputs-K.safetensors (K = 0, 1, ...)")
      ->required()
      ->type_name("MODEL");
  verify
      ->add_option("--graph", options->graph,
                   "whose graph: auto, native or captured; by default captured, or a skill's own")
      ->type_name("KIND");
  verify->add_option("--tolerance", options->tolerance, "largest max|a-b|/max|b| of an output")
      ->type_name("R")
      ->check(CLI::Range(0.0, 1.0));
  verify->add_flag("!--no-locate", options->locate, "do not search for what makes outputs differ");
  verify->add_flag("--json", cli.json, "print JSON");
  options->device.add_to(*verify);
}

}  // namespace accelerate::cli
