#include "accelerate/ops.h"
#include "ops/case_pattern.h"
#include "ops/op_case.h"
#include "ops/support.h"

namespace accelerate::ops {
namespace {

// (a, b) -> (silu(a) * b, a + 0.5) with b broadcast.
std::shared_ptr<const Graph> gated(const Value& a, const Value& b) {
  auto region = std::make_shared<Graph>("gated", std::vector<TensorType>{a.type(), b.type()});
  region->output(mul(silu(region->input(0)), region->input(1)));
  region->output(add(region->input(0), scalar_like(region->input(0), 0.5)));
  return region;
}

}  // namespace

void cases_fused_elementwise(OpCases& cases) {
  // Known values come from PyTorch, in f64.
  cases.add("fused_elementwise", "known")
      .values(DType::f32, {2, 3}, pattern(6))
      .values(DType::f32, {3}, {2, -1, 0.5})
      .graph_multi([](auto in) { return fused_elementwise({in[0], in[1]}, gated(in[0], in[1])); })
      .expect({-0.556750347, -0.311229666, -0.0943851672, 1.94324965, -0.140544125, -0.120307988})
      .expect({-0.75, 1, 0, 1.75, 0.75, -0.25})
      .loosen(4);  // three roundings
  cases.add("fused_elementwise", "symbolic")
      .input(DType::f32, {"n", 131}, {3, 131})
      .input(DType::f32, {131}, {131})
      .graph_multi([](auto in) { return fused_elementwise({in[0], in[1]}, gated(in[0], in[1])); })
      .loosen(4);  // three roundings
  cases.add("fused_elementwise", "bf16")
      .input(DType::bf16, {"n", 17}, {3, 17})
      .input(DType::bf16, {"n", 17}, {3, 17})
      .graph_multi([](auto in) { return fused_elementwise({in[0], in[1]}, gated(in[0], in[1])); })
      .loosen(4);  // three roundings
  cases.add("fused_elementwise", "compare_and_select")
      .input(DType::f32, {"n", 5}, {3, 5})
      .input(DType::f32, {"n", 1}, {3, 1})
      .graph_multi([](auto in) {
        auto region = std::make_shared<Graph>("select", std::vector<TensorType>{in[0].type(), in[1].type()});
        Value positive = greater(region->input(0), region->input(1));
        region->output(where(positive, region->input(0), relu(neg(region->input(1)))));
        region->output(positive);
        return fused_elementwise({in[0], in[1]}, region);
      });
}

}  // namespace accelerate::ops
