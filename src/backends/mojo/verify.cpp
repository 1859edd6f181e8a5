#include "backends/mojo/verify.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

#include "base/error.h"
#include "ops/evaluate.h"

namespace accelerate::mojo {
namespace {

/// Every symbol gets an extent that is no multiple of a vector.
DimBindings small_extents(const Graph& graph) {
  std::vector<std::string> symbols;
  for (size_t v = 0; v < graph.num_values(); ++v)
    for (const Dim& d : graph.type_of(static_cast<ValueId>(v)).shape) d.collect_symbols(symbols);
  for (const Node& node : graph.nodes())
    for (const auto& [name, attr] : node.attrs.map())
      if (const auto* dims = std::get_if<Shape>(&attr))
        for (const Dim& d : *dims) d.collect_symbols(symbols);
  DimBindings out;
  int64_t next = 3;
  for (const std::string& symbol : symbols)
    if (out.emplace(symbol, next).second) next = next == 7 ? 3 : next + 2;
  return out;
}

Tensor random_tensor(const TensorType& type, const DimBindings& dims, std::minstd_rand& random) {
  Tensor out(type.dtype, evaluate(type.shape, dims));
  std::uniform_real_distribution<double> real(-3, 3);
  for (int64_t i = 0, n = out.num_elements(); i < n; ++i)
    out.set(i, is_float(type.dtype) ? real(random)
                                    : static_cast<double>(random() % (type.dtype == DType::boolean ? 2 : 9)));
  return out;
}

void compare(const Tensor& actual, const Tensor& expected, size_t output) {
  constexpr double kTolerance = 1e-4;
  double largest = 0;
  for (int64_t i = 0, n = expected.num_elements(); i < n; ++i)
    if (std::isfinite(expected.get(i))) largest = std::max(largest, std::fabs(expected.get(i)));
  for (int64_t i = 0, n = expected.num_elements(); i < n; ++i) {
    double a = actual.get(i);
    double e = expected.get(i);
    bool fine = a == e || (std::isnan(a) && std::isnan(e));
    if (is_float(expected.dtype())) fine = fine || std::fabs(a - e) <= kTolerance * (1 + largest);
    if (!fine)
      fail(ErrorCode::compile_failed,
           "the compiled kernels compute wrong: element {} of result {} is {:.9g}; the reference gives {:.9g}", i,
           output, a, e);
  }
}

}  // namespace

void verify_kernel(const Kernel& kernel, const Region& region, Executor& executor) {
  const Graph& graph = region.graph;
  DimBindings dims = small_extents(graph);
  std::minstd_rand random(1);
  std::vector<Tensor> values(graph.num_values());
  std::vector<std::vector<int64_t>> in;
  std::vector<std::vector<int64_t>> out;
  std::vector<const void*> in_pointers;
  std::vector<void*> out_pointers;
  std::vector<Tensor> results;
  for (ValueId id : graph.inputs()) {
    values[id] = random_tensor(graph.type_of(id), dims, random);
    in.push_back(values[id].shape());
    in_pointers.push_back(values[id].data());
  }
  for (const Node& node : graph.nodes()) {
    std::vector<Tensor> operands;
    for (ValueId id : node.operands) operands.push_back(values[id]);
    auto made = ops::evaluate_node(graph, node, operands, dims, region.constants.get());
    for (size_t r = 0; r < made.size(); ++r) values[node.results[r]] = made[r];
  }
  for (const auto& output : graph.outputs()) {
    const Tensor& expected = values[output.value];
    results.emplace_back(expected.dtype(), expected.shape());
    out.push_back(expected.shape());
    out_pointers.push_back(results.back().data());
  }
  auto launch = kernel.specialize({in, out, dims, executor.num_threads()});
  std::vector<std::max_align_t> scratch(launch->scratch_bytes() / sizeof(std::max_align_t) + 1);
  HostStream stream(executor);
  launch->record(stream, {in_pointers, out_pointers, scratch.data()});
  for (size_t o = 0; o < results.size(); ++o) compare(results[o], values[graph.outputs()[o].value], o);
}

}  // namespace accelerate::mojo
