#include "accelerate/ops.h"
#include "ops/op_case.h"
#include "ops/support.h"

namespace accelerate::ops {
namespace {

// condition -> (x + x, x) or (x * x, -x).
std::vector<Value> branches(const Value& condition, const Value& x) {
  auto yes = std::make_shared<Graph>("yes", std::vector<TensorType>{x.type()});
  yes->output(add(yes->input(0), yes->input(0)));
  yes->output(yes->input(0));
  auto no = std::make_shared<Graph>("no", std::vector<TensorType>{x.type()});
  no->output(mul(no->input(0), no->input(0)));
  no->output(neg(no->input(0)));
  return if_(condition, yes, no, {x});
}

}  // namespace

void cases_if(OpCases& cases) {
  cases.add("if", "holds")
      .values(DType::boolean, {}, {1})
      .values(DType::f32, {3}, {1, -2, 3})
      .graph_multi([](auto in) { return branches(in[0], in[1]); })
      .expect({2, -4, 6})
      .expect({1, -2, 3});
  cases.add("if", "holds_not")
      .values(DType::boolean, {}, {0})
      .values(DType::f32, {3}, {1, -2, 3})
      .graph_multi([](auto in) { return branches(in[0], in[1]); })
      .expect({1, 4, 9})
      .expect({-1, 2, -3});
  cases.add("if", "computed_condition").input(DType::f32, {"n", 3}, {4, 3}, 1, 2).graph_multi([](auto in) {
    Value total = reduce_sum(in[0], {0, 1});
    return branches(greater(total, scalar_like(total, 0)), in[0]);
  });
}

}  // namespace accelerate::ops
