#include "backends/cpu/cpu_kernel.h"

namespace accelerate::cpu {
namespace {

/// layer_norm, rms_norm and fused_add_norm over rows of the last axis.
struct NormSite {
  bool rms = false;
  std::optional<size_t> residual;
  std::optional<size_t> weight;
  std::optional<size_t> bias;
};

NormSite read_site(const NodeSite& site) {
  NormSite out;
  const std::string& op = site.node.op->name;
  size_t next = 1;
  if (op == "fused_add_norm") {
    out.rms = site.node.attrs.string("kind") == "rms_norm";
    out.residual = next++;
  } else {
    out.rms = op == "rms_norm";
  }
  if (next < site.num_in()) out.weight = next++;
  if (next < site.num_in()) out.bias = next++;
  return out;
}

std::optional<std::string> why_not(const NodeSite& site) {
  return require_f32(site, {0, 1, 2, 3});
}

void add_norm(Entries& entries, const KernelTable& table, const std::string& op) {
  entries.push_back({op, "rows", why_not, [&table](const NodeSite& site, CompileContext&) {
                       NormSite s = read_site(site);
                       auto eps = static_cast<float>(site.node.attrs.number("eps"));
                       return make_kernel([s, eps, &table](const ConcreteNode& node) {
                         const auto& x = node.inputs[0];
                         NormArgs a;
                         a.cols = x.back();
                         a.rows = product(std::span(x).first(x.size() - 1));
                         a.x_stride = a.residual_stride = a.sum_stride = a.y_stride = a.cols;
                         a.eps = eps;
                         Prepared out;
                         out.run = [a, s, &table](Executor& executor, const LaunchArgs& args) {
                           NormArgs call = a;
                           call.x = static_cast<const float*>(args.inputs[0]);
                           if (s.residual) {
                             call.residual = static_cast<const float*>(args.inputs[*s.residual]);
                             call.sum = static_cast<float*>(args.outputs[1]);
                           }
                           if (s.weight) call.weight = static_cast<const float*>(args.inputs[*s.weight]);
                           if (s.bias) call.bias = static_cast<const float*>(args.inputs[*s.bias]);
                           call.y = static_cast<float*>(args.outputs[0]);
                           if (call.rows * call.cols == 0) return;
                           if (s.rms) {
                             table.rms_norm(call, executor);
                           } else {
                             table.layer_norm(call, executor);
                           }
                         };
                         return out;
                       });
                     }});
}

void add_softmax(Entries& entries, const KernelTable& table, const std::string& op, bool log) {
  entries.push_back({op, "rows",
                     [](const NodeSite& site) -> std::optional<std::string> {
                       if (site.node.attrs.integer("axis") != site.in(0).rank() - 1)
                         return "an axis that is not the last";
                       return require_f32(site, {0});
                     },
                     [log, &table](const NodeSite&, CompileContext&) {
                       return make_kernel([log, &table](const ConcreteNode& node) {
                         const auto& x = node.inputs[0];
                         SoftmaxArgs a;
                         a.cols = x.back();
                         a.rows = product(std::span(x).first(x.size() - 1));
                         a.x_stride = a.y_stride = a.cols;
                         a.log = log;
                         Prepared out;
                         out.run = [a, &table](Executor& executor, const LaunchArgs& args) {
                           SoftmaxArgs call = a;
                           call.x = static_cast<const float*>(args.inputs[0]);
                           call.y = static_cast<float*>(args.outputs[0]);
                           if (call.rows * call.cols > 0) table.softmax(call, executor);
                         };
                         return out;
                       });
                     }});
}

}  // namespace

void add_norm_kernels(Entries& entries, const KernelTable& table) {
  add_norm(entries, table, "layer_norm");
  add_norm(entries, table, "rms_norm");
  add_norm(entries, table, "fused_add_norm");
  add_softmax(entries, table, "softmax", false);
  add_softmax(entries, table, "log_softmax", true);
  entries.push_back({"group_norm", "groups", [](const NodeSite& site) { return require_f32(site, {0, 1, 2}); },
                     [&table](const NodeSite& site, CompileContext&) {
                       const Attrs& attrs = site.node.attrs;
                       GroupNormArgs fixed;
                       fixed.groups = attrs.integer("groups");
                       fixed.eps = static_cast<float>(attrs.number("eps"));
                       fixed.channels_last = attrs.string("layout") == "NHWC";
                       return make_kernel([fixed, &table](const ConcreteNode& node) {
                         std::span<const int64_t> x = node.inputs[0];
                         GroupNormArgs a = fixed;
                         a.batch = x[0];
                         a.channels = a.channels_last ? x.back() : x[1];
                         a.spatial = a.channels_last ? product(x.subspan(1, x.size() - 2)) : product(x.subspan(2));
                         size_t given = node.inputs.size();
                         Prepared out;
                         out.run = [a, given, &table](Executor& executor, const LaunchArgs& args) {
                           GroupNormArgs call = a;
                           call.x = static_cast<const float*>(args.inputs[0]);
                           if (given > 1) call.weight = static_cast<const float*>(args.inputs[1]);
                           if (given > 2) call.bias = static_cast<const float*>(args.inputs[2]);
                           call.y = static_cast<float*>(args.outputs[0]);
                           if (call.batch * call.channels * call.spatial > 0) table.group_norm(call, executor);
                         };
                         return out;
                       });
                     }});
}

}  // namespace accelerate::cpu
