#include "accelerate/ops.h"
#include "ops/op_case.h"
#include "ops/support.h"

namespace accelerate::ops {
namespace {

// (a, b) becomes (b, a + b) until b reaches the limit.
std::vector<Value> fibonacci(const Value& trips, const Value& condition, const Value& a, const Value& b, double limit) {
  auto body = std::make_shared<Graph>("body", std::vector<TensorType>{{DType::i64, {}}, a.type(), b.type()});
  Value sum = add(body->input(1), body->input(2));
  body->output(less(reduce_max(sum, {0}), scalar_like(sum, limit)));
  body->output(body->input(2));
  body->output(sum);
  return loop(trips, condition, body, {a, b});
}

}  // namespace

void cases_loop(OpCases& cases) {
  auto add_case = [&](const char* name, double trips, double condition, double limit, std::vector<double> a,
                      std::vector<double> b) {
    cases.add("loop", name)
        .values(DType::i64, {}, {trips})
        .values(DType::boolean, {}, {condition})
        .values(DType::i64, {1}, {0})
        .values(DType::i64, {1}, {1})
        .graph_multi([limit](auto in) { return fibonacci(in[0], in[1], in[2], in[3], limit); })
        .expect(std::move(a))
        .expect(std::move(b));
  };
  add_case("by_count", 6, 1, 1000, {8}, {13});
  add_case("by_condition", 1000, 1, 50, {34}, {55});
  add_case("no_trips", 0, 1, 1000, {0}, {1});
  add_case("condition_false_at_first", 5, 0, 1000, {0}, {1});
  cases.add("loop", "trip_number")
      .values(DType::i64, {}, {4})
      .values(DType::boolean, {}, {1})
      .input(DType::f32, {"n"}, {3})
      .graph_multi([](auto in) {
        auto body = std::make_shared<Graph>("body", std::vector<TensorType>{{DType::i64, {}}, in[2].type()});
        body->output(constant(*body, Tensor::scalar(DType::boolean, 1)));
        body->output(add(body->input(1), cast(body->input(0), DType::f32)));
        return loop(in[0], in[1], body, {in[2]});
      });
}

}  // namespace accelerate::ops
