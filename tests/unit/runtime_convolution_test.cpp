#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/runtime_support.h"

namespace accelerate {
namespace {

using test::random_tensor;

/// relu(conv3x3(x) + bias) with 40 channels in and 36 out; the extents of the image as given.
struct SmallConvolution {
  Graph graph{"convolution"};
  std::shared_ptr<MemoryWeights> weights = std::make_shared<MemoryWeights>();

  SmallConvolution(Dim height, Dim width, DType weight_dtype) {
    weights->add("kernel", random_tensor({36, 40, 3, 3}, 1, 0.1F).cast(weight_dtype));
    weights->add("bias", random_tensor({36}, 2));
    Value x = graph.add_input("x", {DType::f32, {"batch", 40, height, width}});
    ops::ConvOptions options;
    options.padding_begin = {1, 1};
    options.padding_end = {1, 1};
    Value kernel = ops::weight(graph, "kernel", TensorType(weight_dtype, {36, 40, 3, 3}));
    if (weight_dtype != DType::f32) kernel = ops::cast(kernel, DType::f32);
    graph.output(ops::relu(ops::conv(x, kernel, ops::weight(graph, "bias", TensorType(DType::f32, {36})), options)));
  }
};

Model load(const SmallConvolution& source, const std::string& device) {
  SessionOptions options;
  options.device = device;
  options.threads.num_threads = 2;
  return InferenceSession(options).load(source.graph, source.weights);
}

bool has_kernel(const Model& model, const std::string& kernel) {
  const auto& placement = model.report().placement;
  return std::any_of(placement.begin(), placement.end(),
                     [&](const PlacementReport& p) { return p.op.ends_with("conv") && p.kernel == kernel; });
}

TEST(Convolution, LargeOnesUseWinogradAndAgreeWithTheReference) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    for (const bool known : {true, false}) {
      SmallConvolution source(known ? Dim(17) : Dim("h"), known ? Dim(22) : Dim("w"), dtype);
      Model fast = load(source, "cpu");
      Model exact = load(source, "reference");
      EXPECT_TRUE(has_kernel(fast, "winograd"));
      for (const int64_t batch : {1, 3}) {
        for (const int64_t extra : {0, known ? 0 : 11}) {
          const std::vector<Tensor> x = {random_tensor({batch, 40, 17 + extra, 22}, 5)};
          const Tensor a = fast.execute(x)[0], b = exact.execute(x)[0];
          ASSERT_EQ(a.shape(), b.shape());
          EXPECT_LT(test::max_difference(a, b), 2e-5) << "batch " << batch;
        }
      }
    }
  }
}

TEST(Convolution, SmallImagesUseTheProduct) {
  SmallConvolution source(Dim(4), Dim(6), DType::f32);
  Model fast = load(source, "cpu");
  EXPECT_TRUE(has_kernel(fast, "indirect_gemm"));
  const std::vector<Tensor> x = {random_tensor({2, 40, 4, 6}, 5)};
  EXPECT_LT(test::max_difference(fast.execute(x)[0], load(source, "reference").execute(x)[0]), 2e-5);
}

}  // namespace
}  // namespace accelerate
