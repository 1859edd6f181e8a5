#include "tasks/synthetic.h"

#include <algorithm>
#include <random>

#include "base/error.h"

namespace accelerate::tasks {
namespace {

constexpr int64_t kDefaultImage = 224;

double product(const std::vector<int64_t>& extents) {
  double out = 1;
  for (const int64_t extent : extents) out *= static_cast<double>(extent);
  return out;
}

/// Mean extent of a picture through the processor.
ImageSize image_size(const TaskModel& model, int64_t asked) {
  if (asked > 0) return {asked, asked};
  if (model.processor) return model.processor->output_size(480, 640);
  return {kDefaultImage, kDefaultImage};
}

}  // namespace

DimBindings synthetic_dims(const TaskModel& model, const Graph& graph, const SyntheticSize& size) {
  std::vector<std::string> symbols;
  for (const ValueId id : graph.inputs()) {
    for (const Dim& dim : graph.type_of(id).shape) dim.collect_symbols(symbols);
  }
  const ImageSize image = image_size(model, size.image);
  int64_t sequence = size.sequence;
  if (model.max_tokens) sequence = std::min(sequence, static_cast<int64_t>(*model.max_tokens));
  DimBindings dims;
  for (const std::string& symbol : symbols) {
    if (symbol == "batch" || symbol == "image_batch" || symbol == "masks") {
      dims[symbol] = size.batch;
    } else if (symbol == "sequence") {
      dims[symbol] = sequence;
    } else if (symbol == "height") {
      dims[symbol] = image.height;
    } else if (symbol == "width") {
      dims[symbol] = image.width;
    } else {
      fail(ErrorCode::unsupported_task, "the graph has inputs of the extent '{}', for which there is no size",
           printable(symbol));
    }
  }
  return dims;
}

std::vector<Tensor> synthetic_inputs(const TaskModel& model, const Graph& graph, const DimBindings& dims) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): measurements repeat
  std::vector<Tensor> out;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const std::string& name = graph.input_name(i);
    const TensorType& type = graph.type_of(graph.inputs()[i]);
    Tensor tensor = Tensor::zeros(type.dtype, evaluate(type.shape, dims));
    const int64_t size = tensor.num_elements();
    if (name == "mask_positions") {
      for (int64_t row = 0; row < tensor.dim(0); ++row) tensor.set_int(2 * row, row);
    } else if (name == "input_ids") {
      // Ids from the middle of the vocabulary: special tokens are usually at its ends.
      const auto vocabulary = model.tokenizer ? static_cast<int64_t>(model.tokenizer->vocab_size()) : int64_t{1};
      std::uniform_int_distribution<int64_t> ids(vocabulary / 4, std::max(vocabulary / 4, vocabulary / 2));
      for (int64_t e = 0; e < size; ++e) tensor.set_int(e, ids(random));
    } else if (name == "attention_mask" || name == "pooling_mask") {
      for (int64_t e = 0; e < size; ++e) tensor.set_int(e, 1);
    } else if (is_float(type.dtype)) {
      std::normal_distribution<double> values;
      for (int64_t e = 0; e < size; ++e) tensor.set(e, values(random));
    }
    out.push_back(std::move(tensor));
  }
  return out;
}

double count_flops(const Graph& graph, const DimBindings& dims) {
  double sum = 0;
  for (const Node& node : graph.nodes()) {
    const auto extents = [&](ValueId id) { return evaluate(graph.type_of(id).shape, dims); };
    const std::string& op = node.op->name;
    if (op == "linear" || op == "matmul") {
      sum += 2 * product(extents(node.results[0])) * static_cast<double>(extents(node.operands[0]).back());
    } else if (op == "conv") {
      // weight [out channels, in channels a group, kernel...]
      const auto weight = extents(node.operands[1]);
      sum += 2 * product(extents(node.results[0])) * product({weight.begin() + 1, weight.end()});
    } else if (op == "scaled_dot_product_attention") {
      const auto key = extents(node.operands[1]);
      const double length = static_cast<double>(node.attrs.string("layout") == "BTHD" ? key[1] : key[2]);
      sum += 4 * product(extents(node.results[0])) * length;
    }
  }
  return sum;
}

}  // namespace accelerate::tasks
