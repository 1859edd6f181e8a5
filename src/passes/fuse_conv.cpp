#include <set>

#include "accelerate/ops.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

struct Parts {
  Value x, weight, bias, residual;
};

class Fusion {
 public:
  explicit Fusion(Patch& patch) : patch_(patch), index_(patch.base()) {}

  void run() {
    for (const Node& conv : index_.graph().nodes())
      if (conv.op->name == "conv" && index_.is_constant(conv.operands[1])) fuse(conv);
  }

 private:
  void fuse(const Node& conv) {
    ValueId end = conv.results[0];
    if (index_.is_constant(end)) return;
    patch_.set_location(conv.location);
    Parts parts{patch_.value(conv.operands[0]),
                patch_.value(conv.operands[1]),
                conv.operands.size() > 2 ? patch_.value(conv.operands[2]) : Value(),
                {}};
    bool folded = false;
    if (const Node* norm = index_.sole_user(end); norm != nullptr && is_foldable(*norm, conv)) {
      fold(*norm, parts, index_.type(end).dtype);
      end = norm->results[0];
      folded = true;
    }
    std::string activation = "none";
    bool after_residual = false;
    auto take_activation = [&] {
      const Node* user = index_.sole_user(end);
      auto name = user == nullptr ? std::nullopt : activation_of(*user);
      if (!name) return false;
      activation = *name;
      end = user->results[0];
      return true;
    };
    bool active = take_activation();
    bool added = take_residual(end, parts);
    if (added && !active) {
      active = take_activation();
      after_residual = active;
    }
    if (active || added) {
      Attrs attrs = conv.attrs;
      attrs.set("activation", activation);
      attrs.set("activation_after_residual", after_residual);
      attrs.set("has_bias", static_cast<bool>(parts.bias));
      attrs.set("has_residual", static_cast<bool>(parts.residual));
      patch_.replace(end, build("fused_conv", parts, std::move(attrs)));
    } else if (folded) {
      patch_.replace(end, build("conv", parts, conv.attrs));
    }
  }

  Value build(std::string_view op, const Parts& parts, Attrs attrs) {
    std::vector<Value> operands = {parts.x, parts.weight};
    if (parts.bias) operands.push_back(parts.bias);
    if (parts.residual) operands.push_back(parts.residual);
    return patch_.add(ops::registry().get(op), operands, std::move(attrs)).at(0);
  }

  bool is_foldable(const Node& norm, const Node& conv) const {
    if (norm.op->name != "batch_norm") return false;
    int64_t channels = conv.attrs.string("layout") == "NCHW" ? 1 : index_.type(conv.results[0]).rank() - 1;
    if (norm.attrs.integer("axis") != channels || index_.type(conv.results[0]).dtype != DType::f32) return false;
    for (size_t i = 1; i < norm.operands.size(); ++i)
      if (!index_.is_constant(norm.operands[i])) return false;
    return conv.operands.size() < 3 || index_.is_constant(conv.operands[2]);
  }

  /// Scale into the weights, the rest into the bias: constants, computed once when the model is loaded.
  void fold(const Node& norm, Parts& parts, DType dtype) {
    auto as = [&](Value v) { return v.dtype() == dtype ? v : ops::cast(v, dtype); };
    auto parameter = [&](size_t i) { return as(patch_.value(norm.operands[i])); };
    Value variance = ops::add(parameter(4), ops::scalar(patch_, dtype, norm.attrs.number("eps")));
    Value scale = ops::mul(parameter(1), ops::rsqrt(variance));
    Value offset = parts.bias ? ops::sub(as(parts.bias), parameter(3)) : ops::neg(parameter(3));
    Shape along(static_cast<size_t>(parts.weight.rank()), Dim(1));
    along[0] = parts.weight.dim(0);
    parts.weight = ops::mul(as(parts.weight), ops::reshape(scale, along));
    parts.bias = ops::add(ops::mul(offset, scale), parameter(2));
  }

  bool take_residual(ValueId& end, Parts& parts) {
    const Node* add = index_.sole_user(end);
    if (add == nullptr || add->op->name != "add" || add->operands[0] == add->operands[1]) return false;
    ValueId other = add->operands[0] == end ? add->operands[1] : add->operands[0];
    if (!(index_.type(other) == index_.type(end)) || !(index_.type(add->results[0]) == index_.type(end))) return false;
    if (!taken_.insert(add).second) return false;
    parts.residual = patch_.value(other);
    end = add->results[0];
    return true;
  }

  Patch& patch_;
  GraphIndex index_;
  std::set<const Node*> taken_;
};

}  // namespace

Pass fuse_conv() {
  Pass pass;
  pass.name = "fuse_conv";
  pass.doc = "batch_norm after conv goes into its weights; conv with activation and residual becomes fused_conv";
  pass.max_rounds = 1;
  pass.run = [](Patch& patch) { Fusion(patch).run(); };
  return pass;
}

}  // namespace accelerate::passes
