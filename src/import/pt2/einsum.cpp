#include "import/pt2/einsum.h"

#include <algorithm>
#include <map>

#include "accelerate/ops.h"
#include "import/pt2/call.h"

namespace accelerate::import::pt2 {
namespace {

/// A tensor with a label for each axis. The axes of an ellipsis have the labels '0', '1', ... counted from the back.
struct Labelled {
  Value value;
  std::string labels;
};

bool has(const std::string& labels, char label) {
  return labels.find(label) != std::string::npos;
}

/// x with its axes in the order of `labels`; those that it lacks are put in with the extent 1.
Value arranged(const Labelled& x, const std::string& labels) {
  std::vector<int64_t> order;
  Shape shape;
  for (const char label : labels) {
    const size_t axis = x.labels.find(label);
    if (axis == std::string::npos) {
      shape.emplace_back(1);
      continue;
    }
    order.push_back(static_cast<int64_t>(axis));
    shape.push_back(x.value.dim(static_cast<int>(axis)));
  }
  const Value moved = std::is_sorted(order.begin(), order.end()) ? x.value : ops::transpose(x.value, order);
  return with_shape(moved, shape);
}

/// x summed over the labels that are not in `keep`.
Labelled summed(const Labelled& x, const std::string& keep) {
  std::vector<int64_t> axes;
  std::string labels;
  for (size_t i = 0; i < x.labels.size(); ++i) {
    if (has(keep, x.labels[i])) {
      labels += x.labels[i];
    } else {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  if (axes.empty()) return x;
  return {ops::reduce_sum(x.value, axes, false), labels};
}

/// The product of two, summed over the labels that neither the result nor a later operand has.
Labelled contracted(const Labelled& left, const Labelled& right, const std::string& keep) {
  const Labelled a = summed(left, right.labels + keep);
  const Labelled b = summed(right, left.labels + keep);
  std::string batch;
  std::string rows;
  std::string sums;
  std::string columns;
  for (const char label : a.labels) {
    if (!has(b.labels, label))
      rows += label;
    else if (has(keep, label))
      batch += label;
    else
      sums += label;
  }
  for (const char label : b.labels)
    if (!has(a.labels, label)) columns += label;
  const auto extent = [](const Labelled& x, char label) { return x.value.dim(static_cast<int>(x.labels.find(label))); };
  // The extent of a label that both have: 1 broadcasts.
  const auto joint = [&](char label) {
    const Dim d = extent(a, label);
    return d == Dim(1) || (!d.is_constant() && extent(b, label).is_constant() && extent(b, label) != Dim(1))
               ? extent(b, label)
               : d;
  };
  const auto dims_of = [&](const std::string& labels) {
    Shape shape;
    for (const char label : labels)
      shape.push_back(has(a.labels, label) && has(b.labels, label) ? joint(label)
                      : has(a.labels, label)                       ? extent(a, label)
                                                                   : extent(b, label));
    return shape;
  };
  const auto broadcast = [&](Value x, const std::string& labels) {
    Shape same = x.shape();
    const Shape wanted = dims_of(labels);
    for (size_t i = 0; i < same.size(); ++i)
      if (same[i] != Dim(1)) same[i] = wanted[i];
    return ops::expand(with_shape(x, same), wanted);
  };
  if (sums.empty()) {
    const std::string labels = batch + rows + columns;
    std::vector<Value> both = {arranged(a, labels), arranged(b, labels)};
    align_shapes(both, std::nullopt);
    return {ops::mul(both[0], both[1]), labels};
  }
  const Shape batch_dims = dims_of(batch);
  const auto matrix = [&](const Labelled& x, const std::string& first, const std::string& second) {
    const Value full = broadcast(arranged(x, batch + first + second), batch + first + second);
    Shape shape = batch_dims;
    shape.push_back(num_elements(dims_of(first)));
    shape.push_back(num_elements(dims_of(second)));
    return with_shape(full, shape);
  };
  const Value product = ops::matmul(matrix(a, rows, sums), matrix(b, sums, columns));
  const std::string labels = batch + rows + columns;
  return {with_shape(product, dims_of(labels)), labels};
}

}  // namespace

Value einsum(const std::string& equation, std::vector<Value> operands) {
  const auto bad = [&](std::string_view why) {
    fail(ErrorCode::invalid_model, "the einsum equation '{}' {}", printable(equation), why);
  };
  std::string text;
  for (const char ch : equation)
    if (ch != ' ') text += ch;
  const size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  std::vector<std::string> terms = {""};
  for (const char ch : left) {
    if (ch == ',')
      terms.emplace_back();
    else
      terms.back() += ch;
  }
  if (terms.size() != operands.size()) bad("does not have one term for each operand");
  DType dtype = DType::boolean;
  for (const Value& v : operands) dtype = promote(dtype, v.dtype());

  std::string ellipsis;  // labels of the widest one
  const auto labels_of = [&](const std::string& term, int rank) {
    std::string out;
    const size_t dots = term.find("...");
    for (size_t i = 0; i < term.size(); ++i) {
      if (i == dots) {
        const int count = rank - static_cast<int>(term.size() - 3);
        if (count < 0 || count > 9) bad("has a term that does not fit its operand");
        std::string axes;
        for (int j = count; j-- > 0;) axes += static_cast<char>('0' + j);
        if (axes.size() > ellipsis.size()) ellipsis = axes;
        out += axes;
        i += 2;
      } else if ((term[i] >= 'a' && term[i] <= 'z') || (term[i] >= 'A' && term[i] <= 'Z')) {
        out += term[i];
      } else {
        bad("holds a character that is no label");
      }
    }
    return out;
  };
  std::vector<Labelled> inputs;
  std::map<char, int> uses;
  for (size_t i = 0; i < operands.size(); ++i) {
    const std::string labels = labels_of(terms[i], operands[i].rank());
    if (labels.size() != static_cast<size_t>(operands[i].rank())) bad("has a term that does not fit its operand");
    for (const char label : labels) {
      ++uses[label];
      if (std::count(labels.begin(), labels.end(), label) > 1)
        fail(ErrorCode::unsupported_model, "the einsum equation '{}' takes a diagonal", printable(equation));
    }
    inputs.push_back({to_dtype(operands[i], dtype), labels});
  }
  std::string result;
  if (arrow != std::string::npos) {
    const std::string term = text.substr(arrow + 2);
    const size_t dots = term.find("...");
    for (size_t i = 0; i < term.size(); ++i) {
      if (i == dots) {
        result += ellipsis;
        i += 2;
      } else {
        result += term[i];
      }
    }
  } else {
    result = ellipsis;
    for (const auto& [label, count] : uses)
      if (count == 1 && (label < '0' || label > '9')) result += label;
  }
  for (const char label : result)
    if (!uses.contains(label) || std::count(result.begin(), result.end(), label) > 1) bad("has an impossible result");
  if (inputs.empty()) bad("has no operand");

  Labelled out = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    std::string keep = result;
    for (size_t j = i + 1; j < inputs.size(); ++j) keep += inputs[j].labels;
    out = contracted(out, inputs[i], keep);
  }
  return arranged(summed(out, result), result);
}

}  // namespace accelerate::import::pt2
