// Modular MAX: whole regions of a graph as `mo` text, compiled and run by the engine's own library.
#include "backend/backend.h"

#include "backend/exporter.h"
#include "backends/max/engine.h"
#include "backends/max/mo/ops.h"
#include "backends/max/mo/writer.h"
#include "backends/max/region.h"
#include "base/cpu_features.h"
#include "base/error.h"

namespace accelerate {
namespace {

/// What another program has to know about the text, as comments above it.
std::string heading(const Graph& graph, const max_engine::MoText& text) {
  std::string out =
      fmt::format("// Graph \"{}\" for MAX {}.x.\n", printable(graph.name()), max_engine::kSupportedVersion);
  out += "// Constants named below are bound to the tensors of that name in the model's weight files.\n";
  for (const auto& carrier : text.carriers) {
    std::string dims;
    for (const Dim& d : carrier.dims) dims += d.to_string() + ", ";
    out += fmt::format("// Argument \"{}\" has no elements: its extents tell the graph the values of [{}0].\n",
                       carrier.name, dims);
  }
  return out;
}

class MaxBackend : public Backend, public GraphExporter {
 public:
  std::string_view name() const override { return "max"; }

  ProbeResult probe() const override {
    ProbeResult out;
    out.needs = fmt::format(
        "Modular MAX {}.x: the Python packages max-core, max-mojo-libs, mojo-compiler and mojo-compiler-mojo-libs, or "
        "a "
        "folder named by MAX_HOME; its licence is accepted by installing it",
        max_engine::kSupportedVersion);
    try {
      const max_engine::Engine& engine = max_engine::Engine::instance();
      out.available = true;
      out.version = engine.identity().version;
      DeviceInfo device;
      device.name = engine.device_label();
      device.description = fmt::format("{} through {} ({})", cpu_model_name(), engine.installation().root.string(),
                                       engine.installation().found_by);
      device.features = {"regions", "dynamic shapes"};
      if (!engine.cache().note.empty()) device.features.push_back(engine.cache().note);
      out.devices.push_back(std::move(device));
    } catch (const Error& error) {
      out.reason = error.message();
    }
    return out;
  }

  /// By name only: compiling takes the engine up to minutes.
  int preference() const override { return -1; }
  bool takes_regions() const override { return true; }
  std::optional<std::string> why_not_in_region(const NodeSite& site) const override {
    if (site.compute != ComputeType::f32) return "products in narrower types than f32";
    return max_engine::why_not(site.graph, site.node);
  }
  std::vector<std::string> export_formats() const override { return {"max-mlir", "mef"}; }
  std::string export_graph(const Graph& graph, std::string_view format) const override {
    if (format != "max-mlir" && format != "mef")
      fail(ErrorCode::invalid_argument, "MAX has no format \"{}\"", printable(format));
    max_engine::MoText text = max_engine::write_mo(max_engine::expanded_for_mo(graph), {.names_of_graph = true});
    if (format == "mef") return max_engine::compiled_file(max_engine::Engine::instance(), text.text);
    return heading(graph, text) + text.text;
  }
  CompiledRegion compile_region(const Region& region, const RegionContext& context) const override {
    return max_engine::compile_region(max_engine::Engine::instance(), region, context);
  }
};

}  // namespace

std::unique_ptr<Backend> make_max_backend() {
  return std::make_unique<MaxBackend>();
}

}  // namespace accelerate
