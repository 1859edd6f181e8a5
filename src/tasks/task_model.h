#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "import/open.h"
#include "preprocess/audio/feature_extractor.h"
#include "preprocess/image/image_processor.h"
#include "preprocess/text/tokenizer.h"
#include "preprocess/video/video_processor.h"
#include "runtime/session.h"
#include "tasks/task.h"

namespace accelerate::tasks {

/// What one call shares among its steps.
struct RunContext {
  const CallOptions& options;
  double preprocess_ms = 0;
  double execute_ms = 0;
  std::vector<size_t> truncated_inputs = {};
};

/// The outputs of one input of a batch.
struct OutputRow {
  std::span<const Tensor> outputs;
  int64_t row = 0;
  /// Where the input's own tokens are along axis 1 of outputs [B,T,...]; the rest is padding.
  int64_t first_token = 0;
  int64_t num_tokens = 0;

  /// Everything of output i that belongs to this input; outputs are f32.
  std::span<const float> values(size_t i) const;
  /// The vector of each own token of output i [B,T,n], one after another.
  std::span<const float> token_values(size_t i) const;
};

/// Everything that a task works with. Immutable once opened.
struct TaskModel {
  import::OpenedModel opened;
  std::shared_ptr<InferenceSession> session;
  Model compiled;
  /// The other graphs of the definition, in its order.
  std::vector<Model> others;
  /// Null for tasks without texts.
  std::shared_ptr<const Tokenizer> tokenizer;
  std::optional<ImageProcessor> processor;
  std::optional<AudioFeatureExtractor> extractor;
  std::optional<VideoProcessor> video_processor;
  /// Most tokens of a text, special ones included; nothing: unlimited.
  std::optional<size_t> max_tokens;

  const std::vector<std::string>& labels() const { return opened.folder->labels(); }

  /// Tokens of each input, cut to max_tokens; inputs that had to be cut are noted. Errors: those of Tokenizer::encode,
  /// invalid_argument for a text without any token; both name the number of the text.
  std::vector<TokenEncoding> encode(std::span<const TextInput> inputs, Truncation truncation,
                                    RunContext& context) const;

  /// Adds what further graph inputs need: called with the encodings of a batch and the padded length.
  using ExtraInputs = std::function<Tensor(std::string_view name, std::span<const size_t> batch, int64_t length,
                                           std::span<const int64_t> first_token)>;
  /// Executes in batches of similar length and hands each result over, in no particular order. model: null for
  /// `compiled`.
  void run_texts(std::span<const TokenEncoding> encodings, RunContext& context,
                 const std::function<void(size_t index, const OutputRow&)>& take, const ExtraInputs& extra = {},
                 const Model* model = nullptr) const;
  /// Pictures through the processor and the model, in batches of one size.
  void run_images(std::span<const Image> images, RunContext& context,
                  const std::function<void(size_t index, const OutputRow&)>& take) const;
  /// Inputs one after another, each with what `prepare` makes of it; an attention mask that the graph asks for and the
  /// processor does not make is all ones. `what` names an input in errors ("clip").
  void run_each(size_t count, std::string_view what, RunContext& context,
                const std::function<ModelInputs(size_t index)>& prepare,
                const std::function<void(size_t index, const OutputRow&)>& take) const;
  /// One execution with inputs by name, timed. Outputs are f32.
  std::vector<Tensor> execute(const Model& model, const std::map<std::string, Tensor>& inputs,
                              RunContext& context) const;
  /// Pixel values of pictures that come out at one size [B,3,H,W]. Errors name the number of the picture.
  Tensor pixel_values(std::span<const Image> images, std::span<const size_t> which, RunContext& context) const;
};

/// The texts, each with its context where there are contexts. Views of `inputs`.
std::vector<TextInput> text_pairs(const TaskInputs& inputs);

/// Token ids and masks of a batch as the graph's inputs of these names.
/// first_token receives where each row's own tokens begin.
std::map<std::string, Tensor> text_tensors(const Graph& graph, const Tokenizer& tokenizer,
                                           std::span<const TokenEncoding> encodings, std::span<const size_t> batch,
                                           std::vector<int64_t>& first_token);

}  // namespace accelerate::tasks
