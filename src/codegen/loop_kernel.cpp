#include "codegen/loop_kernel.h"

#include <algorithm>

#include "base/error.h"

namespace accelerate::codegen {

std::string_view name_of(LoopOp op) {
  static constexpr std::string_view kNames[] = {"load",
                                                "constant",
                                                "extent",
                                                "copy",
                                                "neg",
                                                "abs",
                                                "sqrt",
                                                "exp",
                                                "exp2",
                                                "expm1",
                                                "log",
                                                "log2",
                                                "log1p",
                                                "sin",
                                                "cos",
                                                "tanh",
                                                "erf",
                                                "floor",
                                                "ceil",
                                                "round",
                                                "trunc",
                                                "logical_not",
                                                "is_nan",
                                                "convert",
                                                "add",
                                                "sub",
                                                "mul",
                                                "div",
                                                "pow",
                                                "maximum",
                                                "minimum",
                                                "equal",
                                                "not_equal",
                                                "less",
                                                "less_equal",
                                                "logical_and",
                                                "logical_or",
                                                "logical_xor",
                                                "select",
                                                "reduce_sum",
                                                "reduce_product",
                                                "reduce_max",
                                                "reduce_min"};
  return kNames[static_cast<size_t>(op)];
}

int num_operands(LoopOp op) {
  if (op <= LoopOp::extent) return 0;
  if (op <= LoopOp::convert || is_reduction(op)) return 1;
  return op == LoopOp::select ? 3 : 2;
}

bool is_costly(LoopOp op) {
  switch (op) {
    case LoopOp::sqrt:
    case LoopOp::exp:
    case LoopOp::exp2:
    case LoopOp::expm1:
    case LoopOp::log:
    case LoopOp::log2:
    case LoopOp::log1p:
    case LoopOp::sin:
    case LoopOp::cos:
    case LoopOp::tanh:
    case LoopOp::erf:
    case LoopOp::pow: return true;
    default: return false;
  }
}

bool LoopKernel::reduces() const {
  return std::any_of(values.begin(), values.end(), [](const LoopValue& v) { return is_reduction(v.op); });
}

namespace {

class PassMaker {
 public:
  explicit PassMaker(const LoopKernel& kernel) : k_(kernel) {
    for (const LoopValue& v : k_.values) {
      int stage = 0;
      for (int o = 0; o < num_operands(v.op); ++o) stage = std::max(stage, stage_.at(static_cast<size_t>(in(v, o))));
      stage_.push_back(stage + (is_reduction(v.op) ? 1 : 0));
    }
  }

  std::vector<LoopPass> run() {
    int last = 0;
    for (int s : stage_) last = std::max(last, s);
    passes_.resize(static_cast<size_t>(last) + 1);
    for (size_t v = 0; v < k_.values.size(); ++v) {
      const LoopValue& value = k_.values[v];
      auto stage = static_cast<size_t>(stage_[v]);
      if (is_reduction(value.op)) {
        passes_[stage - 1].reductions.push_back(static_cast<int>(v));
      } else if (value.row) {
        passes_[stage].rows.push_back(static_cast<int>(v));
      }
    }
    for (const LoopKernel::Store& store : k_.stores) {
      LoopPass& pass = passes_[static_cast<size_t>(stage_[static_cast<size_t>(store.value)])];
      (at(store.value).row && k_.buffers[static_cast<size_t>(store.buffer)].row ? pass.row_stores : pass.stores)
          .push_back(store);
    }
    keep_costly();
    for (size_t p = 0; p < passes_.size(); ++p) passes_[p].elements = needed(p);
    return std::move(passes_);
  }

 private:
  const LoopValue& at(int v) const { return k_.values[static_cast<size_t>(v)]; }
  static int in(const LoopValue& v, int o) { return v.in[static_cast<size_t>(o)]; }

  std::vector<int> roots(size_t p) const {
    std::vector<int> out;
    for (int r : passes_[p].reductions) out.push_back(in(at(r), 0));
    for (const auto& store : passes_[p].stores) out.push_back(store.value);
    return out;
  }

  /// Element values that pass p has to compute, in order.
  std::vector<int> needed(size_t p) const {
    std::vector<bool> marked(k_.values.size(), false);
    for (int r : roots(p)) marked[static_cast<size_t>(r)] = true;
    for (const auto& reload : passes_[p].reloads) marked[static_cast<size_t>(reload.value)] = false;
    std::vector<int> out;
    for (size_t v = k_.values.size(); v-- > 0;) {
      const LoopValue& value = k_.values[v];
      bool reloaded = std::any_of(passes_[p].reloads.begin(), passes_[p].reloads.end(),
                                  [&](const auto& reload) { return reload.value == static_cast<int>(v); });
      if (!marked[v] || value.row || reloaded) continue;
      out.push_back(static_cast<int>(v));
      for (int o = 0; o < num_operands(value.op); ++o) marked[static_cast<size_t>(in(value, o))] = true;
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  /// What an earlier pass stores in full is read again; what is costly is put into the memory of a later result.
  void keep_costly() {
    std::vector<bool> taken(k_.buffers.size(), false);
    for (size_t p = 0; p + 1 < passes_.size(); ++p) {
      for (const auto& store : passes_[p].stores) {
        if (at(store.value).row) continue;
        taken[static_cast<size_t>(store.buffer)] = true;
        for (size_t later = p + 1; later < passes_.size(); ++later) reload_if_needed(store, later);
      }
      for (int v : needed(p)) {
        if (!is_costly(at(v).op)) continue;
        auto later = needed_after(p, v);
        if (later.empty()) continue;
        auto place = free_place(v, later.back(), taken);
        if (place < 0) continue;
        taken[static_cast<size_t>(place)] = true;
        passes_[p].stores.push_back({v, place});
        for (size_t pass : later) passes_[pass].reloads.push_back({v, place});
      }
    }
  }

  void reload_if_needed(const LoopKernel::Store& store, size_t later) {
    auto list = needed(later);
    if (at(store.value).op != LoopOp::load && std::find(list.begin(), list.end(), store.value) != list.end())
      passes_[later].reloads.push_back(store);
  }

  std::vector<size_t> needed_after(size_t p, int v) const {
    std::vector<size_t> out;
    for (size_t later = p + 1; later < passes_.size(); ++later) {
      auto list = needed(later);
      if (std::find(list.begin(), list.end(), v) != list.end()) out.push_back(later);
    }
    return out;
  }

  /// A result of the value's type that no earlier pass than the last use writes; -1 if there is none.
  int free_place(int v, size_t last_use, const std::vector<bool>& taken) const {
    for (size_t p = last_use; p < passes_.size(); ++p)
      for (const auto& store : passes_[p].stores) {
        const LoopBuffer& buffer = k_.buffers[static_cast<size_t>(store.buffer)];
        if (!taken[static_cast<size_t>(store.buffer)] && !buffer.row && buffer.type == at(v).type) return store.buffer;
      }
    return -1;
  }

  const LoopKernel& k_;
  std::vector<int> stage_;
  std::vector<LoopPass> passes_;
};

}  // namespace

std::vector<LoopPass> passes_of(const LoopKernel& kernel) {
  return PassMaker(kernel).run();
}

}  // namespace accelerate::codegen
