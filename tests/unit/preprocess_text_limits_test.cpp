// Tokenizers on bad folders, bad requests and very long texts; padding and code-point positions.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "preprocess/text/sentencepiece.h"
#include "preprocess/text/tokenizer.h"
#include "preprocess/text/utf8.h"

namespace accelerate {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(ACCELERATE_SOURCE_DIR) / "tests/golden/data/tokenizers";

std::shared_ptr<const Tokenizer> golden(const std::string& name) {
  return Tokenizer::load(*open_folder(kData / name));
}

/// A folder that lives as long as the test.
class Folder {
 public:
  Folder() {
    static std::atomic<int> count = 0;
    path_ = fs::temp_directory_path() / fmt::format("accelerate_text_{}_{}", ::getpid(), count++);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder& write(const std::string& name, std::string_view content) {
    std::ofstream(path_ / name, std::ios::binary) << content;
    return *this;
  }
  Folder& copy(const fs::path& from, const std::string& name) {
    fs::copy_file(from / name, path_ / name, fs::copy_options::overwrite_existing);
    return *this;
  }
  std::shared_ptr<const Tokenizer> load() const { return Tokenizer::load(*open_folder(path_)); }

 private:
  fs::path path_;
};

void expect_error(ErrorCode code, std::string_view part, const std::function<void()>& body) {
  try {
    body();
    ADD_FAILURE() << "expected an error with \"" << part << '"';
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.what();
  }
}

TEST(Texts, InvalidUtf8IsAnErrorThatNamesTheByte) {
  const auto tokenizer = golden("bert_uncased");
  for (const std::string bad : {"abc\xff", "abc\xc3", "abc\xed\xa0\x80", "abc\xf5\x80\x80\x80", "abc\xc0\x80"}) {
    expect_error(ErrorCode::invalid_argument, "not valid UTF-8 at byte 3", [&] { tokenizer->encode(bad); });
    EXPECT_EQ(find_invalid_utf8(bad), 3U);
  }
  EXPECT_EQ(find_invalid_utf8("aé€😀"), std::string_view::npos);
}

TEST(Texts, EmptyAndZeroBytesWork) {
  const auto tokenizer = golden("bert_uncased");
  EXPECT_EQ(tokenizer->encode("").size(), 2U);
  EXPECT_EQ(tokenizer->encode(std::string_view("\0\0", 2)).size(), 2U);
  EXPECT_TRUE(tokenizer->encode("", {.add_special_tokens = false}).ids.empty());
  EXPECT_EQ(tokenizer->decode({}), "");
}

TEST(Texts, TooLongIsAnError) {
  const auto tokenizer = Tokenizer::load(*open_folder(kData / "bert_uncased"), {.max_text_bytes = 100});
  EXPECT_NO_THROW(tokenizer->encode(std::string(100, 'a')));
  expect_error(ErrorCode::invalid_argument, "101 bytes, expected at most 100",
               [&] { tokenizer->encode(std::string(101, 'a')); });
}

/// The beginning of a long text gives the same tokens as the whole text.
TEST(Texts, TruncationOfLongTextsEqualsTheWhole) {
  std::string text;
  for (int i = 0; text.size() < 200'000; ++i) {
    text += fmt::format("The people of city {}, naïve e\u0301 café 北京 Привет ﬁ  two\n\nwe'll \"quote\" ``x'' ", i);
  }
  for (const char* name : {"bert_uncased", "roberta", "gpt2", "clip", "deberta", "xlm_roberta", "albert", "deberta_v2",
                           "t5", "llama", "gemma", "json_file"}) {
    const auto tokenizer = golden(name);
    const TokenEncoding whole = tokenizer->encode(text, {.add_special_tokens = false});
    const EncodeOptions options = {.add_special_tokens = false, .truncation = Truncation::longest_first};
    for (const size_t length : {size_t{1}, size_t{77}, size_t{512}, size_t{5000}}) {
      EncodeOptions cut = options;
      cut.max_length = length;
      const TokenEncoding part = tokenizer->encode(text, cut);
      const auto count = static_cast<std::ptrdiff_t>(std::min(length, whole.size()));
      if (tokenizer->truncation_side() == Side::left) continue;
      ASSERT_EQ(part.ids, std::vector<int64_t>(whole.ids.begin(), whole.ids.begin() + count)) << name << length;
      ASSERT_EQ(part.offsets, std::vector<TextSpan>(whole.offsets.begin(), whole.offsets.begin() + count)) << name;
      ASSERT_EQ(part.word_ids, std::vector<int32_t>(whole.word_ids.begin(), whole.word_ids.begin() + count)) << name;
    }
  }
}

TEST(Texts, TenMegabytesWork) {
  std::string text;
  while (text.size() < (10U << 20)) text += "the people of the city ";
  const auto tokenizer = golden("bert_uncased");
  const TokenEncoding encoding = tokenizer->encode(text, {.truncation = Truncation::longest_first, .max_length = 512});
  EXPECT_EQ(encoding.size(), 512U);
  const std::string solid(10U << 20, 'a');
  EXPECT_EQ(tokenizer->encode(solid).size(), 3U);
}

TEST(Requests, ImpossibleLengthsSayWhatWouldDo) {
  const auto tokenizer = golden("bert_uncased");
  const TextInput pair = {"one two three four five", "six seven eight nine ten"};
  const auto with = [&](Truncation truncation, size_t length, bool overflow = false, size_t stride = 0) {
    return [=, &tokenizer] {
      tokenizer->encode_batch(std::vector<TextInput>{pair},
                              {.truncation = truncation, .max_length = length, .overflow = overflow, .stride = stride});
    };
  };
  expect_error(ErrorCode::invalid_argument, "special tokens alone need 3", with(Truncation::longest_first, 2));
  expect_error(ErrorCode::invalid_argument, "use longest_first", with(Truncation::only_first, 6));
  expect_error(ErrorCode::invalid_argument, "use longest_first", with(Truncation::only_second, 6));
  expect_error(ErrorCode::invalid_argument, "stride is 9", with(Truncation::longest_first, 12, true, 9));
  expect_error(ErrorCode::invalid_argument, "needs a pair",
               [&] { tokenizer->encode("a b c d e f", {.truncation = Truncation::only_second, .max_length = 4}); });
  expect_error(ErrorCode::invalid_argument, "windows", [&] {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += "a ";
    tokenizer->encode_batch(
        std::vector<TextInput>{{text, std::nullopt}},
        {.truncation = Truncation::longest_first, .max_length = 4096, .overflow = true, .stride = 4093});
  });
  EXPECT_EQ(tokenizer->encode(pair, {.truncation = Truncation::longest_first, .max_length = 3}).size(), 3U);
}

TEST(Requests, ErrorsInABatchReachTheCaller) {
  const auto tokenizer = golden("bert_uncased");
  Executor executor({.num_threads = 2});
  const std::vector<TextInput> inputs = {{"fine", std::nullopt}, {"\xff", std::nullopt}, {"fine", std::nullopt}};
  expect_error(ErrorCode::invalid_argument, "UTF-8", [&] { tokenizer->encode_batch(inputs, {}, &executor); });
}

TEST(Requests, DecodeTakesAnyIds) {
  const auto tokenizer = golden("bert_uncased");
  expect_error(ErrorCode::invalid_argument, "token id is -1", [&] { tokenizer->decode(std::vector<int64_t>{-1}); });
  EXPECT_EQ(tokenizer->decode(std::vector<int64_t>{1 << 20, INT64_MAX}), "");
  EXPECT_EQ(tokenizer->id_to_token(-1), std::nullopt);
  EXPECT_EQ(tokenizer->id_to_token(INT64_MAX), std::nullopt);
  EXPECT_EQ(tokenizer->token_to_id("no such token"), std::nullopt);
}

TEST(Vocabulary, OfAnotherModelIsAnErrorWithBothNumbers) {
  const auto tokenizer = golden("bert_uncased");
  EXPECT_NO_THROW(tokenizer->check_vocabulary(700));
  expect_error(ErrorCode::invalid_model, "up to 699, but the model has embeddings for 699",
               [&] { tokenizer->check_vocabulary(699); });
  Folder sparse;
  sparse.write("tokenizer.json",
               R"({"version":"1.0","model":{"type":"WordLevel","vocab":{"a":0,"b":9},"unk_token":"a"}})");
  expect_error(ErrorCode::invalid_model, "up to 9,", [&] { sparse.load()->check_vocabulary(9); });
  EXPECT_NO_THROW(sparse.load()->check_vocabulary(10));
}

TEST(Folders, BadFilesAreErrors) {
  const auto bad = [](const std::string& name, std::string_view content, std::string_view part) {
    SCOPED_TRACE(name);
    Folder folder;
    folder.write("config.json", R"({"model_type":"bert"})").copy(kData / "bert_uncased", "vocab.txt");
    folder.write(name, content);
    expect_error(ErrorCode::invalid_model, part, [&] { folder.load(); });
  };
  bad("tokenizer.json", "", "tokenizer.json");
  bad("tokenizer.json", "{", "tokenizer.json");
  bad("tokenizer.json", "\xff", "UTF-8");
  bad("tokenizer.json", "[]", "tokenizer.json");
  bad("tokenizer.json", R"({"version":"2.0","model":{"type":"BPE","vocab":{},"merges":[]}})", "version");
  bad("tokenizer.json", R"({"model":{"type":"Other"}})", "Other");
  bad("tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})", "model");
  bad("tokenizer.json", R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})", "model");
  bad("tokenizer.json", R"({"model":{"type":"Unigram","vocab":[],"unk_id":0}})", "model");
  bad("tokenizer.json",
      R"({"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"pre_tokenizer":)"
      R"({"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated","invert":false}})",
      "pre_tokenizer");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"type":"Sequence","normalizers":[)";
  for (int i = 0; i < 100'000; ++i) deep += "]}";
  bad("tokenizer.json", R"({"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"normalizer":)" + deep + '}',
      "recursion");
  bad("tokenizer_config.json", "[]", "expected an object");
  bad("tokenizer_config.json", R"({"model_max_length":-5})", "model_max_length");
  bad("tokenizer_config.json", R"({"padding_side":"up"})", "padding_side");
  bad("tokenizer_config.json", R"({"cls_token":7})", "cls_token");
  bad("tokenizer_config.json", R"({"added_tokens_decoder":{"x":"y"}})", "token id");
  bad("special_tokens_map.json", R"({"additional_special_tokens":3})", "additional_special_tokens");
  bad("added_tokens.json", R"({"a":-1})", "'a' is -1");
  bad("vocab.txt", "", "empty");
  bad("vocab.txt", "a\n\xff\n", "UTF-8");
}

TEST(Folders, MissingVocabularyIsNamed) {
  Folder bert;
  bert.write("config.json", R"({"model_type":"bert"})");
  expect_error(ErrorCode::not_found, "vocab.txt", [&] { bert.load(); });
  Folder gpt;
  gpt.write("config.json", R"({"model_type":"gpt2"})").copy(kData / "gpt2", "vocab.json");
  expect_error(ErrorCode::not_found, "merges.txt", [&] { gpt.load(); });
  Folder t5;
  t5.write("config.json", R"({"model_type":"t5"})");
  expect_error(ErrorCode::not_found, "spiece.model", [&] { t5.load(); });
  Folder other;
  other.write("tokenizer_config.json", R"({"tokenizer_class":"JumanTokenizer"})");
  expect_error(ErrorCode::unsupported_model, "JumanTokenizer", [&] { other.load(); });
}

TEST(Folders, CaseSettingOfTheConfigReplacesThatOfTheJson) {
  const std::string json = R"({"version":"1.0","normalizer":{"type":"BertNormalizer","clean_text":true,
    "handle_chinese_chars":true,"strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"},
    "model":{"type":"WordLevel","vocab":{"[UNK]":0,"Word":1,"word":2},"unk_token":"[UNK]"}})";
  Folder folder;
  folder.write("tokenizer.json", json);
  EXPECT_EQ(folder.load()->encode("Word").ids, std::vector<int64_t>{2});
  folder.write("tokenizer_config.json", R"({"tokenizer_class":"BertTokenizer","do_lower_case":false})");
  EXPECT_EQ(folder.load()->encode("Word").ids, std::vector<int64_t>{1});
}

TEST(SentencePiece, TruncatedAndCorruptModelsAreErrors) {
  const std::string bytes = read_file(kData / "t5" / "spiece.model");
  EXPECT_FALSE(parse_sentencepiece(bytes, "spiece.model").pieces.empty());
  for (size_t size = 0; size < bytes.size(); size += 97) {
    try {
      EXPECT_FALSE(parse_sentencepiece(bytes.substr(0, size), "spiece.model").pieces.empty());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_model);
    }
  }
  uint32_t state = 1;
  Folder folder;
  folder.write("config.json", R"({"model_type":"t5"})");
  for (int round = 0; round < 200; ++round) {
    std::string corrupt = bytes;
    for (int i = 0; i < 4; ++i) {
      state = state * 1664525U + 1013904223U;
      corrupt[(state >> 8) % corrupt.size()] = static_cast<char>(state);
    }
    folder.write("spiece.model", corrupt);
    try {
      folder.load()->encode("The people of the city ＡＢＣ ﬁ");
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
    }
  }
}

TEST(Padding, ReachesTheLongestAMultipleOrAFixedLength) {
  const auto tokenizer = golden("bert_uncased");
  const std::vector<TextInput> inputs = {{"time", std::nullopt}, {"time year people", std::nullopt}};
  std::vector<TokenEncoding> batch = tokenizer->encode_batch(inputs);
  const TokenEncoding before = batch[0];
  PaddingOptions options = tokenizer->padding();
  options.multiple_of = 8;
  pad(batch, options);
  for (const TokenEncoding& encoding : batch) {
    EXPECT_EQ(encoding.size(), 8U);
    EXPECT_EQ(encoding.word_ids.size(), 8U);
    EXPECT_EQ(encoding.offsets.size(), 8U);
    EXPECT_EQ(encoding.attention_mask.size(), 8U);
  }
  EXPECT_EQ(batch[0].ids, (std::vector<int64_t>{before.ids[0], before.ids[1], before.ids[2], 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch[0].attention_mask, (std::vector<int64_t>{1, 1, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch[0].special_tokens_mask, (std::vector<int64_t>{1, 0, 1, 1, 1, 1, 1, 1}));
  batch = tokenizer->encode_batch(inputs);
  pad(batch, {.to = PaddingOptions::Length::fixed, .length = 4, .side = Side::left, .pad_id = 7, .pad_type_id = 3});
  EXPECT_EQ(batch[0].ids, (std::vector<int64_t>{7, before.ids[0], before.ids[1], before.ids[2]}));
  EXPECT_EQ(batch[0].token_type_ids, (std::vector<int64_t>{3, 0, 0, 0}));
  EXPECT_EQ(batch[1].size(), 5U);
  expect_error(ErrorCode::invalid_argument, "smaller batches",
               [&] { pad(batch, {.to = PaddingOptions::Length::fixed, .length = size_t{1} << 31}); });
  expect_error(ErrorCode::invalid_model, "no pad token", [] { golden("gpt2")->padding(); });
}

TEST(CodePoints, CountAsPythonDoes) {
  std::string text;
  std::vector<size_t> starts;
  while (text.size() < 2000) {
    for (const std::string_view c : {"a", "é", "€", "😀"}) {
      starts.push_back(text.size());
      text += c;
    }
  }
  const CodePointIndex index(text);
  for (size_t i = 0; i < starts.size(); ++i) {
    EXPECT_EQ(index.position(starts[i]), i);
    EXPECT_EQ(index.position(starts[i] + (i % 4)), i);
  }
  EXPECT_EQ(index.position(text.size()), starts.size());
  EXPECT_EQ(index.position(text.size() + 99), starts.size());
  EXPECT_EQ(CodePointIndex("").position(0), 0U);
}

}  // namespace
}  // namespace accelerate
