#include <algorithm>
#include <numeric>

#include "accelerate/ops.h"
#include "ops/reduction.h"
#include "ops/rules.h"
#include "ops/unbacked.h"

namespace accelerate::ops {

/// The different values of x in increasing order; or, consecutive, the first of each run of equal elements.
/// Results: values [count], inverse i64 of the shape of x (which value each element is), counts i64 [count] (how often
/// each stands there). count is a new unbacked dim. As torch.unique and torch.unique_consecutive without an axis.
// api: std::vector<Value> unique(Value x, Dim count, bool consecutive = false);
std::vector<Value> unique(Value x, Dim count, bool consecutive) {
  return build_multi("unique", std::vector<Value>{x},
                     {{"count", Shape{std::move(count)}}, {"consecutive", consecutive}});
}

void register_unique(OpRegistry& registry) {
  OpDef op;
  op.name = "unique";
  op.doc = "different values of x, which of them each element is, and how often each stands there";
  op.min_operands = op.max_operands = 1;
  op.attrs = {count_attr("count", "how many there are (one dim)"),
              {"consecutive", AttrKind::boolean, Attr(false), false, "only equal neighbours are one"}};
  op.numerics = Numerics::exact;
  op.infer = [](const InferContext& c) -> std::vector<TensorType> {
    require_dtype(c, 0, [](DType t) { return is_number(t) || t == DType::boolean; }, "a real type or bool");
    Dim count = count_of(c, "count");
    return {{c.operand(0).dtype, {count}}, {DType::i64, c.operand(0).shape}, {DType::i64, {count}}};
  };
  op.reference = [](EvalContext& c) {
    const Tensor& x = c.inputs[0];
    std::vector<int64_t> all(static_cast<size_t>(x.num_elements()));
    std::iota(all.begin(), all.end(), 0);
    std::vector<size_t> order(all.begin(), all.end());
    if (!c.attrs.boolean("consecutive")) order = sorted_order(x, all, false);
    auto same = [&](int64_t i, int64_t j) {
      return is_float(x.dtype()) ? x.get(i) == x.get(j) : x.get_int(i) == x.get_int(j);
    };
    std::vector<int64_t> firsts;
    std::vector<int64_t> counts;
    Tensor inverse(DType::i64, x.shape());
    for (size_t k = 0; k < order.size(); ++k) {
      auto at = static_cast<int64_t>(order[k]);
      if (k == 0 || !same(at, static_cast<int64_t>(order[k - 1]))) {
        firsts.push_back(at);
        counts.push_back(0);
      }
      ++counts.back();
      inverse.as<int64_t>()[at] = static_cast<int64_t>(firsts.size()) - 1;
    }
    auto count = static_cast<int64_t>(firsts.size());
    Tensor values(x.dtype(), {count});
    for (int64_t i = 0; i < count; ++i) copy_element(x, firsts[static_cast<size_t>(i)], values, i);
    assign_result(c.outputs[0], std::move(values));
    assign_result(c.outputs[1], std::move(inverse));
    assign_result(c.outputs[2], Tensor::from<int64_t>(DType::i64, {count}, counts));
  };
  registry.add(std::move(op));
}

}  // namespace accelerate::ops
