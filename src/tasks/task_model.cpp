#include "tasks/task_model.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/error.h"

namespace accelerate::tasks {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kDefaultBatch = 32;
/// Where no batch size is asked for, a batch holds at most this many tokens, padding included.
constexpr size_t kTokensPerBatch = 16384;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Adds the time that it lives to a sum.
class Timed {
 public:
  explicit Timed(double& sum_ms) : sum_ms_(sum_ms) {}
  ~Timed() { sum_ms_ += milliseconds_since(start_); }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  double& sum_ms_;
  Clock::time_point start_ = Clock::now();
};

/// Indices cut into batches, the longest encodings first, so that little is padded.
std::vector<std::vector<size_t>> batches_by_length(std::span<const TokenEncoding> encodings, size_t batch_size) {
  std::vector<size_t> order(encodings.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return encodings[a].size() > encodings[b].size(); });
  std::vector<std::vector<size_t>> out;
  for (size_t begin = 0; begin < order.size();) {
    const size_t longest = std::max<size_t>(encodings[order[begin]].size(), 1);
    const size_t most = batch_size > 0 ? batch_size : std::clamp<size_t>(kTokensPerBatch / longest, 1, kDefaultBatch);
    const size_t end = std::min(begin + most, order.size());
    out.emplace_back(order.begin() + static_cast<ptrdiff_t>(begin), order.begin() + static_cast<ptrdiff_t>(end));
    begin = end;
  }
  return out;
}

}  // namespace

std::span<const float> OutputRow::values(size_t i) const {
  const Tensor& tensor = outputs[i];
  const auto size = static_cast<size_t>(tensor.num_elements() / tensor.dim(0));
  return tensor.values<float>().subspan(static_cast<size_t>(row) * size, size);
}

std::span<const float> OutputRow::token_values(size_t i) const {
  const auto all = values(i);
  const size_t width = all.size() / static_cast<size_t>(outputs[i].dim(1));
  return all.subspan(static_cast<size_t>(first_token) * width, static_cast<size_t>(num_tokens) * width);
}

std::vector<TextInput> text_pairs(const TaskInputs& inputs) {
  std::vector<TextInput> out;
  for (size_t i = 0; i < inputs.texts.size(); ++i) {
    TextInput input{inputs.texts[i], std::nullopt};
    if (!inputs.contexts.empty()) input.second = inputs.contexts[inputs.contexts.size() == 1 ? 0 : i];
    out.push_back(input);
  }
  return out;
}

std::map<std::string, Tensor> text_tensors(const Graph& graph, const Tokenizer& tokenizer,
                                           std::span<const TokenEncoding> encodings, std::span<const size_t> batch,
                                           std::vector<int64_t>& first_token) {
  size_t length = 0;
  size_t shortest = SIZE_MAX;
  for (const size_t i : batch) {
    length = std::max(length, encodings[i].size());
    shortest = std::min(shortest, encodings[i].size());
  }
  PaddingOptions padding;
  if (shortest < length) padding = tokenizer.padding();
  first_token.clear();
  for (const size_t i : batch) {
    const bool left = padding.side == Side::left;
    first_token.push_back(left ? static_cast<int64_t>(length - encodings[i].size()) : 0);
  }
  std::map<std::string, Tensor> out;
  const auto add = [&](const std::string& name, std::vector<int64_t> TokenEncoding::* values, int64_t filler) {
    if (!graph.find_input(name)) return;
    Tensor tensor(DType::i64, {static_cast<int64_t>(batch.size()), static_cast<int64_t>(length)});
    int64_t* row = tensor.as<int64_t>();
    for (size_t r = 0; r < batch.size(); ++r, row += length) {
      std::fill(row, row + length, filler);
      const auto& from = encodings[batch[r]].*values;
      std::copy(from.begin(), from.end(), row + first_token[r]);
    }
    out.emplace(name, std::move(tensor));
  };
  add("input_ids", &TokenEncoding::ids, padding.pad_id);
  add("attention_mask", &TokenEncoding::attention_mask, 0);
  add("token_type_ids", &TokenEncoding::token_type_ids, padding.pad_type_id);
  return out;
}

std::vector<TokenEncoding> TaskModel::encode(std::span<const TextInput> inputs, Truncation truncation,
                                             RunContext& context) const {
  const Timed timed(context.preprocess_ms);
  context.options.limits.check();
  EncodeOptions options;
  if (max_tokens) {
    // One token more than fits tells which texts must be cut.
    options.truncation = truncation;
    options.max_length = *max_tokens + 1;
  }
  std::vector<TokenEncoding> encodings = tokenizer->encode_batch(inputs, options, &session->executor());
  for (size_t i = 0; i < encodings.size(); ++i) {
    if (max_tokens && encodings[i].size() > *max_tokens) {
      options.max_length = *max_tokens;
      encodings[i] = tokenizer->encode(inputs[i], options);
      encodings[i].sample = i;
      context.truncated_inputs.push_back(i);
    }
    if (encodings[i].size() == 0)
      fail(ErrorCode::invalid_argument, "text {} has no tokens, and this tokenizer adds none; give a text", i);
  }
  return encodings;
}

std::vector<Tensor> TaskModel::execute(const Model& model, const std::map<std::string, Tensor>& inputs,
                                       RunContext& context) const {
  const Timed timed(context.execute_ms);
  const Graph& graph = model.graph();
  std::vector<Tensor> ordered;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const auto found = inputs.find(graph.input_name(i));
    if (found == inputs.end())
      fail(ErrorCode::unsupported_task, "the model's graph needs the input '{}', which this task does not have",
           graph.input_name(i));
    ordered.push_back(found->second);
  }
  std::vector<Tensor> outputs =
      model.execute(ordered, {.limits = context.options.limits, .profile = context.options.profile});
  for (Tensor& output : outputs) {
    if (output.dtype() != DType::f32) output = output.cast(DType::f32);
  }
  return outputs;
}

void TaskModel::run_texts(std::span<const TokenEncoding> encodings, RunContext& context,
                          const std::function<void(size_t, const OutputRow&)>& take, const ExtraInputs& extra,
                          const Model* model) const {
  if (model == nullptr) model = &compiled;
  const Graph& graph = model->graph();
  size_t done = 0;
  for (const std::vector<size_t>& batch : batches_by_length(encodings, context.options.batch_size)) {
    std::vector<int64_t> first_token;
    std::map<std::string, Tensor> inputs;
    {
      const Timed timed(context.preprocess_ms);
      inputs = text_tensors(graph, *tokenizer, encodings, batch, first_token);
      if (extra) {
        const auto length = static_cast<int64_t>(encodings[batch.front()].size());
        for (size_t i = 0; i < graph.inputs().size(); ++i) {
          const std::string& name = graph.input_name(i);
          if (!inputs.contains(name)) inputs.emplace(name, extra(name, batch, length, first_token));
        }
      }
    }
    const std::vector<Tensor> outputs = execute(*model, inputs, context);
    for (size_t r = 0; r < batch.size(); ++r) {
      take(batch[r], {.outputs = outputs,
                      .row = static_cast<int64_t>(r),
                      .first_token = first_token[r],
                      .num_tokens = static_cast<int64_t>(encodings[batch[r]].size())});
    }
    done += batch.size();
    if (context.options.progress) context.options.progress(done, encodings.size());
  }
}

Tensor TaskModel::pixel_values(std::span<const Image> images, std::span<const size_t> which,
                               RunContext& context) const {
  const Timed timed(context.preprocess_ms);
  context.options.limits.check();
  const Image& first = images[which.front()];
  const ImageSize size = processor->output_size(first.height, first.width);
  Tensor out(DType::f32, {static_cast<int64_t>(which.size()), 3, size.height, size.width});
  const auto plane = static_cast<size_t>(3 * size.height * size.width);
  session->executor().parallel_for(static_cast<int64_t>(which.size()), [&](int64_t i, int) {
    const auto index = static_cast<size_t>(i);
    try {
      processor->process(images[which[index]], {out.as<float>() + index * plane, plane});
    } catch (Error& e) {
      throw std::move(e.in(fmt::format("image {}", which[index])));
    }
  });
  return out;
}

void TaskModel::run_images(std::span<const Image> images, RunContext& context,
                           const std::function<void(size_t, const OutputRow&)>& take) const {
  // Pictures that come out at one size go together.
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> by_size;
  for (size_t i = 0; i < images.size(); ++i) {
    try {
      const ImageSize size = processor->output_size(images[i].height, images[i].width);
      by_size[{size.height, size.width}].push_back(i);
    } catch (Error& e) {
      throw std::move(e.in(fmt::format("image {}", i)));
    }
  }
  const size_t most = context.options.batch_size > 0 ? context.options.batch_size : kDefaultBatch / 4;
  size_t done = 0;
  for (const auto& [size, indices] : by_size) {
    for (size_t begin = 0; begin < indices.size(); begin += most) {
      const auto batch = std::span(indices).subspan(begin, std::min(most, indices.size() - begin));
      const std::vector<Tensor> outputs =
          execute(compiled, {{"pixel_values", pixel_values(images, batch, context)}}, context);
      for (size_t r = 0; r < batch.size(); ++r) take(batch[r], {.outputs = outputs, .row = static_cast<int64_t>(r)});
      done += batch.size();
      if (context.options.progress) context.options.progress(done, images.size());
    }
  }
}

void TaskModel::run_each(size_t count, std::string_view what, RunContext& context,
                         const std::function<ModelInputs(size_t)>& prepare,
                         const std::function<void(size_t, const OutputRow&)>& take) const {
  constexpr std::string_view kMask = "attention_mask";
  const Graph& graph = compiled.graph();
  for (size_t i = 0; i < count; ++i) {
    std::map<std::string, Tensor> inputs;
    {
      const Timed timed(context.preprocess_ms);
      context.options.limits.check();
      try {
        for (auto& [name, tensor] : prepare(i).tensors) inputs.emplace(name, std::move(tensor));
      } catch (Error& e) {
        throw std::move(e.in(fmt::format("{} {}", what, i)));
      }
      const auto mask = graph.find_input(kMask);
      if (mask && !inputs.contains(std::string(kMask)) && !inputs.empty()) {
        std::vector<int64_t> shape = inputs.begin()->second.shape();
        shape.resize(std::min<size_t>(shape.size(), 2));
        Tensor ones(DType::i64, shape);
        std::fill_n(ones.as<int64_t>(), ones.num_elements(), 1);
        inputs.emplace(kMask, std::move(ones));
      }
    }
    const std::vector<Tensor> outputs = execute(compiled, inputs, context);
    take(i, {.outputs = outputs, .row = 0});
    if (context.options.progress) context.options.progress(i + 1, count);
  }
}

}  // namespace accelerate::tasks
