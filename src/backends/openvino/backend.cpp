// Intel OpenVINO: whole regions of a graph as OpenVINO IR, compiled and run by the engine's own library.
#include "backend/backend.h"

#include "backends/openvino/engine.h"
#include "backends/openvino/ir/ops.h"
#include "backends/openvino/region.h"
#include "base/error.h"

namespace accelerate {
namespace {

class OpenvinoBackend : public Backend {
 public:
  std::string_view name() const override { return "openvino"; }

  ProbeResult probe() const override {
    ProbeResult out;
    out.needs = fmt::format(
        "OpenVINO {} to {}: the Python package openvino, a folder named by OPENVINO_DIR, or libopenvino_c.so on the "
        "library path",
        openvino_engine::kFirstRelease, openvino_engine::kLastRelease);
    try {
      const openvino_engine::Engine& engine = openvino_engine::Engine::instance();
      out.devices = engine.devices();
      out.version = engine.version();
      out.available = !out.devices.empty();
      if (!out.available) out.reason = "OpenVINO " + out.version + " reports no device";
    } catch (const Error& error) {
      out.reason = error.message();
    }
    return out;
  }

  /// By name only: the native kernels need no other library.
  int preference() const override { return -1; }
  bool takes_regions() const override { return true; }
  std::optional<std::string> why_not_in_region(const NodeSite& site) const override {
    return openvino_engine::why_not(site.graph, site.node);
  }
  CompiledRegion compile_region(const Region& region, const RegionContext& context) const override {
    return openvino_engine::compile_region(openvino_engine::Engine::instance(), region, context);
  }
};

}  // namespace

std::unique_ptr<Backend> make_openvino_backend() {
  return std::make_unique<OpenvinoBackend>();
}

}  // namespace accelerate
