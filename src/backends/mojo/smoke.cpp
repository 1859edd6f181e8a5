#include "backends/mojo/smoke.h"

#include "accelerate/ops.h"
#include "backends/mojo/region.h"

namespace accelerate::mojo {

void check_toolchain(const Toolchain& toolchain) {
  Graph graph("smoke", {TensorType(DType::f32, {"n", 9}), TensorType(DType::f32, {9})});
  graph.output(ops::softmax(ops::mul(ops::gelu(graph.input(0)), graph.input(1))));
  Executor executor({1, {}});
  compile_region(toolchain, {graph, std::make_shared<MemoryWeights>(), ComputeType::f32, "cpu"},
                 {executor, nullptr, {}});
}

}  // namespace accelerate::mojo
