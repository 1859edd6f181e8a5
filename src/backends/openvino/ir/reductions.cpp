// Reductions, running sums, softmax, positions of extremes.
#include <limits>

#include "backends/openvino/ir/ops.h"

namespace accelerate::openvino_engine {
namespace {

std::vector<int64_t> axes_of(const EmitSite& s) {
  std::vector<int64_t> out = s.attrs().integers("axes");
  for (int64_t& axis : out)
    if (axis < 0) axis += s.in[0].type.rank();
  return out;
}

IrOp plain(const char* name) {
  return {[name](IrBuilder& b, const EmitSite& s) -> IrValues {
            auto axes = axes_of(s);
            if (axes.empty()) return {s.in[0]};
            return {b.reduce(name, s.in[0], axes, s.attrs().boolean("keepdims"))};
          },
          some_f32};
}

/// The engine's maxima pass over NaN: where there is one, it is the answer.
IrOp reduced_extreme(const char* name) {
  return {[name](IrBuilder& b, const EmitSite& s) -> IrValues {
            auto axes = axes_of(s);
            if (axes.empty()) return {s.in[0]};
            bool keep = s.attrs().boolean("keepdims");
            IrValue out = b.reduce(name, s.in[0], axes, keep);
            IrValue any = b.reduce("ReduceLogicalOr", b.is_nan(s.in[0]), axes, keep);
            return {b.select(any, b.scalar(DType::f32, std::numeric_limits<double>::quiet_NaN()), out)};
          },
          some_f32};
}

IrOp truth(const char* name) {
  return {[name](IrBuilder& b, const EmitSite& s) -> IrValues {
            IrValue x = b.to_bool(s.in[0]);
            auto axes = axes_of(s);
            if (axes.empty()) return {x};
            return {b.reduce(name, x, axes, s.attrs().boolean("keepdims"))};
          },
          [](const Graph& graph, const Node& node) -> std::optional<std::string> {
            if (has_nothing(graph, node)) return fmt::format("{} of nothing", node.op->name);
            return only_compared(graph, node);
          }};
}

/// The place of the first NaN, else of the first extreme element.
IrOp arg_extreme(const char* name) {
  return {[name](IrBuilder& b, const EmitSite& s) -> IrValues {
            const IrValue& x = s.in[0];
            int64_t axis = s.axis();
            std::vector<int64_t> axes = {axis};
            IrValue nan = b.is_nan(x);
            IrValue any_nan = b.reduce("ReduceLogicalOr", nan, axes, true);
            IrValue hit = b.binary("Equal", x, b.reduce(name, x, axes, true), DType::boolean);
            hit = b.select(any_nan, nan, hit);
            Shape line(x.type.shape.size(), Dim(1));
            const Dim& extent = x.type.shape[static_cast<size_t>(axis)];
            line[static_cast<size_t>(axis)] = extent;
            IrValue numbers =
                b.op("Range", "opset4",
                     {b.integer(DType::i32, 0), b.cast(b.extent(extent), DType::i32), b.integer(DType::i32, 1)},
                     {DType::i32, {extent}}, {{"output_type", "i32"}});
            IrValue last = b.integer(DType::i32, std::numeric_limits<int32_t>::max());
            IrValue places = b.select(hit, b.reshape(numbers, line), last);
            return {b.cast(b.reduce("ReduceMin", places, axes, s.attrs().boolean("keepdims")), DType::i64)};
          },
          [](const Graph& graph, const Node& node) -> std::optional<std::string> {
            if (graph.type_of(node.operands[0]).dtype != DType::f32)
              return fmt::format("{} other than of f32", node.op->name);
            if (has_nothing(graph, node)) return fmt::format("{} of nothing", node.op->name);
            return std::nullopt;
          }};
}

/// The engine gives numbers where a line has no softmax: it holds NaN or infinity, or nothing but -infinity.
IrOp along_axis(const char* name, const char* opset) {
  return {[=](IrBuilder& b, const EmitSite& s) -> IrValues {
            const IrValue& x = s.in[0];
            std::vector<int64_t> axes = {s.axis()};
            constexpr double kInfinity = std::numeric_limits<double>::infinity();
            IrValue none = b.reduce("ReduceLogicalOr", b.is_nan(x), axes, true);
            IrValue top = b.reduce("ReduceMax", x, axes, true);
            for (double end : {kInfinity, -kInfinity})
              none = b.binary("LogicalOr", none, b.binary("Equal", top, b.scalar(DType::f32, end), DType::boolean),
                              DType::boolean);
            IrValue out = b.unary(name, x, opset, {{"axis", std::to_string(s.axis())}});
            return {b.select(none, b.scalar(DType::f32, std::numeric_limits<double>::quiet_NaN()), out)};
          },
          [](const Graph& graph, const Node& node) -> std::optional<std::string> {
            if (graph.type_of(node.operands[0]).rank() == 0) return fmt::format("{} of a scalar", node.op->name);
            return some_f32(graph, node);
          }};
}

IrValues cumsum(IrBuilder& b, const EmitSite& s) {
  auto flag = [&](const char* name) { return std::string(s.attrs().boolean(name) ? "true" : "false"); };
  return {b.op("CumSum", "opset3", {s.in[0], b.integer(DType::i64, s.axis())}, s.out[0],
               {{"exclusive", flag("exclusive")}, {"reverse", flag("reverse")}})};
}

}  // namespace

void add_reductions(IrTable& table) {
  table["reduce_sum"] = plain("ReduceSum");
  table["reduce_mean"] = plain("ReduceMean");
  table["reduce_prod"] = plain("ReduceProd");
  table["reduce_max"] = reduced_extreme("ReduceMax");
  table["reduce_min"] = reduced_extreme("ReduceMin");
  table["reduce_any"] = truth("ReduceLogicalOr");
  table["reduce_all"] = truth("ReduceLogicalAnd");
  table["arg_max"] = arg_extreme("ReduceMax");
  table["arg_min"] = arg_extreme("ReduceMin");
  table["softmax"] = along_axis("Softmax", "opset8");
  table["log_softmax"] = along_axis("LogSoftmax", "opset5");
  table["cumsum"] = {cumsum, some_f32};
}

}  // namespace accelerate::openvino_engine
