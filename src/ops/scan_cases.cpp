#include "accelerate/ops.h"
#include "ops/op_case.h"
#include "ops/support.h"

namespace accelerate::ops {
namespace {

// carried h becomes h * w + x; y is the new h, negated.
std::vector<Value> weighted_sums(const Value& h, const Value& x, const Value& w) {
  TensorType slice = x.type();
  slice.shape.erase(slice.shape.begin());
  auto body = std::make_shared<Graph>("body", std::vector<TensorType>{h.type(), slice, w.type()});
  Value next = add(mul(body->input(0), body->input(2)), body->input(1));
  body->output(next);
  body->output(neg(next));
  return scan(body, {h}, {x}, {w});
}

}  // namespace

void cases_scan(OpCases& cases) {
  cases.add("scan", "known")
      .values(DType::f32, {2}, {1, 10})
      .values(DType::f32, {3, 2}, {1, 2, 3, 4, 5, 6})
      .values(DType::f32, {2}, {2, 0.5})
      .graph_multi([](auto in) { return weighted_sums(in[0], in[1], in[2]); })
      .expect({23, 9.75})
      .expect({-3, -7, -9, -7.5, -23, -9.75});
  cases.add("scan", "symbolic_steps")
      .input(DType::f32, {"b", 3}, {2, 3})
      .input(DType::f32, {"t", "b", 3}, {5, 2, 3})
      .input(DType::f32, {3}, {3}, -1, 1)
      .graph_multi([](auto in) { return weighted_sums(in[0], in[1], in[2]); })
      .reduction(5);
  cases.add("scan", "no_steps")
      .values(DType::f32, {2}, {1, 10})
      .input(DType::f32, {"t", 2}, {0, 2})
      .values(DType::f32, {2}, {2, 0.5})
      .graph_multi([](auto in) { return weighted_sums(in[0], in[1], in[2]); })
      .expect({1, 10});
  cases.add("scan", "two_xs_nothing_carried")
      .values(DType::i64, {2, 2}, {1, 2, 3, 4})
      .values(DType::i64, {2}, {10, 20})
      .graph_multi([](auto in) {
        auto body = std::make_shared<Graph>("body", std::vector<TensorType>{{DType::i64, {2}}, {DType::i64, {}}});
        body->output(mul(body->input(0), body->input(1)));
        return scan(body, {}, {in[0], in[1]});
      })
      .expect({10, 20, 60, 80});
}

}  // namespace accelerate::ops
