// Mojo: groups of elementwise ops, reductions and normalisations as kernels that the real `mojo` compiles.
#include "backend/backend.h"

#include "backends/mojo/region.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "codegen/lower.h"

namespace accelerate {
namespace {

class MojoBackend : public Backend {
 public:
  std::string_view name() const override { return "mojo"; }

  ProbeResult probe() const override {
    ProbeResult out;
    out.needs = fmt::format(
        "Mojo {}.x: the Python packages mojo-compiler and mojo-compiler-mojo-libs, or a folder named by MOJO_HOME, and "
        "a "
        "C compiler `cc` on PATH, which links",
        mojo::kSupportedVersion);
    try {
      const mojo::Toolchain& toolchain = mojo::Toolchain::instance();
      out.available = true;
      out.version = toolchain.version();
      DeviceInfo device;
      device.name = "cpu";
      device.description = fmt::format("{} through kernels of {} ({})", cpu_model_name(), toolchain.program().string(),
                                       toolchain.found_by());
      device.features = {"elementwise ops, reductions and normalisations", "dynamic shapes"};
      if (!toolchain.note().empty()) device.features.push_back(toolchain.note());
      out.devices.push_back(std::move(device));
    } catch (const Error& error) {
      out.reason = error.message();
    }
    return out;
  }

  /// By name only: compiling takes seconds for each new group.
  int preference() const override { return -1; }
  bool takes_regions() const override { return true; }
  /// A kernel of a normalisation is worth it however large the products beside it are.
  double min_region_share() const override { return 0; }
  std::vector<std::string> passes() const override {
    return {"attention_layout", "fuse_linear",     "group_linear",    "fuse_add_norm",   "fuse_conv",
            "channels_last",    "patch_embedding", "fuse_embeddings", "fuse_elementwise"};
  }
  std::optional<std::string> why_not_in_region(const NodeSite& site) const override {
    return codegen::why_no_loops(site.graph, site.node);
  }
  CompiledRegion compile_region(const Region& region, const RegionContext& context) const override {
    return mojo::compile_region(mojo::Toolchain::instance(), region, context);
  }
};

}  // namespace

std::unique_ptr<Backend> make_mojo_backend() {
  return std::make_unique<MojoBackend>();
}

}  // namespace accelerate
