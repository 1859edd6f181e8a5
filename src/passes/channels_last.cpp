#include <algorithm>
#include <map>

#include "accelerate/ops.h"
#include "passes/graph_index.h"
#include "passes/rewrites.h"

namespace accelerate::passes {
namespace {

/// Walks the graph in order and keeps, for values between convolutions, a version whose channels are the last axis.
class Converter {
 public:
  explicit Converter(Patch& patch)
      : patch_(patch), index_(patch.base()), converted_(patch.base().nodes().size(), false) {}

  void run() {
    for (const Node& node : index_.graph().nodes()) {
      if (node.results.size() != 1 || node.op->has_effects || index_.is_constant(node.results[0])) continue;
      patch_.set_location(node.location);
      if (convert(node)) converted_[static_cast<size_t>(index_.index_of(node))] = true;
    }
  }

  /// Fewer transposes remain than if each window op exchanged the axes of its operand and result by itself.
  bool pays() const {
    int borders = entries_;
    for (const auto& [id, value] : last_) {
      if (entered_.contains(id)) continue;
      bool read = index_.is_output(id);
      for (int user : index_.users(id)) read |= !converted_[static_cast<size_t>(user)];
      borders += read ? 1 : 0;
    }
    return windows_ > 0 && borders < 2 * windows_;
  }

 private:
  const TensorType& type(ValueId id) const { return index_.type(id); }
  bool is_last(ValueId id) const { return last_.contains(id); }

  bool convert(const Node& node) {
    const std::string& op = node.op->name;
    if (op == "conv" || op == "fused_conv" || op == "max_pool" || op == "avg_pool") return window_op(node);
    if (std::none_of(node.operands.begin(), node.operands.end(), [&](ValueId id) { return is_last(id); })) return false;
    if (node.op->is_elementwise) return elementwise(node);
    if (op == "batch_norm") return batch_norm(node);
    if (op == "concat") return concat(node);
    if (op.starts_with("reduce_")) return reduce(node);
    if (op == "reshape") return reshape(node);
    if (op == "transpose") return transpose(node);
    // What keeps the axes, such as pools and resize; im2col, which merges them, knows one layout only.
    if (node.attrs.has("layout") && node.operands.size() == 1 && node.attrs.string("layout") == "NCHW" &&
        type(node.results[0]).rank() == type(node.operands[0]).rank())
      return window_op(node);
    return false;
  }

  /// The version with channels last; constants and values from outside are transposed.
  Value entered(ValueId id) {
    if (auto it = last_.find(id); it != last_.end()) return it->second;
    if (Value source = already_last(id)) return source;
    Value out = ops::transpose(patch_.value(id), channels_to_last(type(id).rank()));
    if (!index_.is_constant(id)) {
      ++entries_;
      last_.emplace(id, out);
      entered_.emplace(id, true);
    }
    return out;
  }

  /// What a transpose to channels first (perhaps of flattened positions, split afterwards) was made from.
  Value already_last(ValueId id) {
    int rank = type(id).rank();
    if (const Node* transpose = index_.made_by(id, "transpose");
        transpose != nullptr && is_permutation(transpose, channels_to_front(rank)))
      return patch_.value(transpose->operands[0]);
    const Node* split = index_.made_by(id, "reshape");
    const Node* transpose = split == nullptr ? nullptr : index_.made_by(split->operands[0], "transpose");
    if (transpose == nullptr || !is_permutation(transpose, channels_to_front(3)) ||
        !splits_positions(type(split->operands[0]).shape, type(id).shape))
      return {};
    return ops::reshape(patch_.value(transpose->operands[0]), last_shape(type(id).shape));
  }

  /// flat [B,C,n] and full [B,C,spatial...] of the same elements.
  static bool splits_positions(const Shape& flat, const Shape& full) {
    return flat.size() == 3 && full.size() >= 3 && flat[0] == full[0] && flat[1] == full[1];
  }

  static Shape last_shape(const Shape& first) {
    Shape out = {first[0]};
    out.insert(out.end(), first.begin() + 2, first.end());
    out.push_back(first[1]);
    return out;
  }

  bool finish(const Node& node, Value last) {
    ValueId id = node.results[0];
    last_.emplace(id, last);
    patch_.replace(id, ops::transpose(last, channels_to_front(type(id).rank())));
    return true;
  }

  bool window_op(const Node& node) {
    int rank = type(node.operands[0]).rank();
    if (rank < 3 || node.attrs.string("layout") != "NCHW" || type(node.results[0]).dtype != DType::f32) return false;
    bool convolution = node.op->name == "conv" || node.op->name == "fused_conv";
    // A pool by itself gains nothing.
    if (!convolution && !is_last(node.operands[0])) return false;
    std::vector<Value> operands;
    for (size_t i = 0; i < node.operands.size(); ++i) {
      // Operand 0 and a residual have the layout; weight (1) and bias do not. fused_conv: x, weight, bias?, residual?.
      bool residual = i >= 2 && type(node.operands[i]).rank() == rank;
      operands.push_back(i == 0 || residual ? entered(node.operands[i]) : patch_.value(node.operands[i]));
    }
    Attrs attrs = node.attrs;
    attrs.set("layout", std::string("NHWC"));
    if (convolution) ++windows_;
    return finish(node, patch_.add(*node.op, operands, std::move(attrs)).at(0));
  }

  bool elementwise(const Node& node) {
    int rank = type(node.results[0]).rank();
    if (std::any_of(node.operands.begin(), node.operands.end(),
                    [&](ValueId id) { return is_last(id) && type(id).rank() != rank; }))
      return false;
    std::vector<Value> operands;
    for (ValueId id : node.operands) {
      const TensorType& t = type(id);
      if (t.rank() == 0 || (t.rank() == 1 && t.shape[0] == Dim(1))) {
        operands.push_back(patch_.value(id));
      } else if (t.rank() == rank) {
        operands.push_back(entered(id));
      } else {
        // Broadcast from the right: leading axes of 1 come first.
        Shape padded(static_cast<size_t>(rank - t.rank()), Dim(1));
        padded.insert(padded.end(), t.shape.begin(), t.shape.end());
        operands.push_back(ops::transpose(ops::reshape(patch_.value(id), padded), channels_to_last(rank)));
      }
    }
    return finish(node, patch_.add(*node.op, operands, node.attrs).at(0));
  }

  bool batch_norm(const Node& node) {
    if (node.attrs.integer("axis") != 1 || !is_last(node.operands[0])) return false;
    std::vector<Value> operands = {entered(node.operands[0])};
    for (size_t i = 1; i < node.operands.size(); ++i) operands.push_back(patch_.value(node.operands[i]));
    Attrs attrs = node.attrs;
    attrs.set("axis", static_cast<int64_t>(type(node.operands[0]).rank() - 1));
    return finish(node, patch_.add(*node.op, operands, std::move(attrs)).at(0));
  }

  /// Axis of the channels-last version that axis `axis` becomes.
  static int64_t axis_of_last(int64_t axis, int rank) { return axis == 0 ? 0 : axis == 1 ? rank - 1 : axis - 1; }

  bool concat(const Node& node) {
    int rank = type(node.results[0]).rank();
    std::vector<Value> operands;
    for (ValueId id : node.operands) operands.push_back(entered(id));
    Attrs attrs{{"axis", axis_of_last(node.attrs.integer("axis"), rank)}};
    return finish(node, patch_.add(*node.op, operands, std::move(attrs)).at(0));
  }

  bool reduce(const Node& node) {
    int rank = type(node.operands[0]).rank();
    std::vector<int64_t> axes;
    for (int64_t axis : node.attrs.integers("axes")) axes.push_back(axis_of_last(axis, rank));
    std::sort(axes.begin(), axes.end());
    bool keepdims = node.attrs.boolean("keepdims");
    // Without kept axes the result has the same order only if no spatial axis remains beside the channels.
    bool channels_gone = std::find(axes.begin(), axes.end(), rank - 1) != axes.end();
    auto spatial =
        static_cast<int>(std::count_if(axes.begin(), axes.end(), [&](int64_t a) { return a != 0 && a != rank - 1; }));
    if (!keepdims && !channels_gone && spatial != rank - 2) return false;
    Attrs attrs = node.attrs;
    attrs.set("axes", axes);
    std::vector<Value> operands = {entered(node.operands[0])};
    Value out = patch_.add(*node.op, operands, std::move(attrs)).at(0);
    if (keepdims) return finish(node, out);
    patch_.replace(node.results[0], out);
    return true;
  }

  /// [B,C,spatial...] -> [B,C,n] is a reshape in both layouts; so is any reshape of [B,C,1,...].
  bool reshape(const Node& node) {
    const Shape& from = type(node.operands[0]).shape;
    const Shape& to = type(node.results[0]).shape;
    if (splits_positions(to, from)) return finish(node, ops::reshape(entered(node.operands[0]), last_shape(to)));
    if (!std::all_of(from.begin() + 2, from.end(), [](const Dim& d) { return d == Dim(1); })) return false;
    patch_.replace(node.results[0], ops::reshape(entered(node.operands[0]), to));
    return true;
  }

  /// A transpose that brings the channels to the back is done already.
  bool transpose(const Node& node) {
    int rank = type(node.operands[0]).rank();
    if (!is_permutation(&node, channels_to_last(rank))) return false;
    patch_.replace(node.results[0], entered(node.operands[0]));
    return true;
  }

  Patch& patch_;
  GraphIndex index_;
  std::vector<bool> converted_;
  std::map<ValueId, Value> last_;
  std::map<ValueId, bool> entered_;
  int entries_ = 0;
  int windows_ = 0;
};

}  // namespace

Pass channels_last() {
  Pass pass;
  pass.name = "channels_last";
  pass.doc =
      "convolutions and what lies between them work on [batch, spatial..., channels], with transposes at the borders "
      "only";
  pass.max_rounds = 1;
  pass.run = [](Patch& patch) {
    Patch trial(patch.base());
    Converter attempt(trial);
    attempt.run();
    if (attempt.pays()) Converter(patch).run();
  };
  return pass;
}

}  // namespace accelerate::passes
