#include <gtest/gtest.h>

#include "import/hf/hf_folder.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::import {
namespace {

using test::TemporaryFolder;
using test::throws_error;

HfFolder open(const TemporaryFolder& folder) {
  return HfFolder::open(open_folder(folder.path()));
}

HfFolder open_config(const std::string& config) {
  const TemporaryFolder folder;
  folder.write("config.json", config);
  return open(folder);
}

testing::AssertionResult refused(const std::string& config, std::initializer_list<std::string> fragments) {
  return throws_error(ErrorCode::invalid_model, fragments, [&] { open_config(config); });
}

TEST(HfFolder, ReadsTheConfiguration) {
  const HfFolder folder = open_config(R"({"architectures": ["BertForSequenceClassification"], "model_type": "bert",
      "torch_dtype": "bfloat16", "id2label": {"0": "bad", "1": "good"}, "label2id": {"bad": 0, "good": 1},
      "problem_type": "multi_label_classification", "hidden_size": 384, "max_position_embeddings": null})");
  EXPECT_EQ(folder.model_type(), "bert");
  EXPECT_EQ(folder.architectures(), std::vector<std::string>{"BertForSequenceClassification"});
  EXPECT_EQ(folder.dtype(), DType::bf16);
  EXPECT_EQ(folder.labels(), (std::vector<std::string>{"bad", "good"}));
  EXPECT_EQ(folder.label_ids().at("good"), 1);
  EXPECT_EQ(folder.problem_type(), "multi_label_classification");
  EXPECT_EQ(folder.config()["hidden_size"].get<int>(), 384);
  EXPECT_EQ(folder.task_hints(), std::vector<std::string>{"text-classification"});
  EXPECT_TRUE(folder.generation_config().empty());
  EXPECT_FALSE(folder.has_custom_code());
  EXPECT_FALSE(folder.sentence_transformers().has_value());
}

TEST(HfFolder, LabelsAreFilledIn) {
  EXPECT_EQ(open_config("{}").labels(), (std::vector<std::string>{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(open_config(R"({"num_labels": 1})").labels(), std::vector<std::string>{"LABEL_0"});
  const HfFolder folder = open_config(R"({"id2label": {"10": "c", "2": "b", "0": 7}})");
  EXPECT_EQ(folder.labels().size(), 11U);
  EXPECT_EQ(folder.labels()[0], "7");
  EXPECT_EQ(folder.labels()[1], "LABEL_1");
  EXPECT_EQ(folder.labels()[2], "b");
  EXPECT_EQ(folder.label_ids().at("c"), 10);
  EXPECT_TRUE(refused(R"({"id2label": {"-1": "a"}})", {"id2label", "-1"}));
  EXPECT_TRUE(refused(R"({"id2label": {"x": "a"}})", {"id2label", "'x'"}));
  EXPECT_TRUE(refused(R"({"id2label": {"9223372036854775807": "a"}})", {"id2label"}));
  EXPECT_TRUE(refused(R"({"id2label": ["a"]})", {"id2label"}));
  EXPECT_TRUE(refused(R"({"label2id": {"a": -1}})", {"'a'", "-1"}));
}

TEST(HfFolder, OptionalFilesAndHints) {
  const TemporaryFolder folder;
  folder.write("config.json", R"({"architectures": ["CLIPModel"], "text_config": {}, "vision_config": {},
      "auto_map": {"AutoModel": "modeling_x.X"}, "quantization_config": {"quant_method": "gptq"}})");
  folder.write("generation_config.json", R"({"max_new_tokens": 5})");
  folder.write("README.md", "---\nlicense: mit\npipeline_tag: image-classification\n---\npipeline_tag: no\n");
  const HfFolder hf = open(folder);
  EXPECT_TRUE(hf.has_custom_code());
  EXPECT_EQ(hf.quantization(), "gptq");
  EXPECT_EQ(hf.generation_config()["max_new_tokens"].get<int>(), 5);
  EXPECT_EQ(hf.task_hints(), (std::vector<std::string>{"zero-shot-image-classification", "image-classification"}));
  EXPECT_EQ(open_config(R"({"architectures": ["ViTModel"], "image_size": 224})").task_hints(),
            std::vector<std::string>{"image-feature-extraction"});
  EXPECT_EQ(open_config(R"({"architectures": ["BartForSequenceClassification"],
                            "label2id": {"contradiction": 0, "entailment": 1}})")
                .task_hints(),
            (std::vector<std::string>{"text-classification", "zero-shot-classification"}));
  EXPECT_TRUE(open_config(R"({"architectures": ["Nothing"]})").task_hints().empty());
}

TEST(HfFolder, RefusesAbsurdValuesNamingKeyValueAndRange) {
  EXPECT_TRUE(refused(R"({"hidden_size": -1})", {"'hidden_size' is -1", "[1, 16777216]", "config.json"}));
  EXPECT_TRUE(refused(R"({"hidden_size": 0})", {"'hidden_size' is 0"}));
  EXPECT_TRUE(refused(R"({"hidden_size": 9223372036854775808})", {"'hidden_size' is 9223372036854775808"}));
  EXPECT_TRUE(refused(R"({"hidden_size": "384"})", {"'hidden_size' is \"384\""}));
  EXPECT_TRUE(refused(R"({"hidden_size": 384.5})", {"'hidden_size' is 384.5"}));
  EXPECT_TRUE(refused(R"({"num_hidden_layers": 1000000000})", {"'num_hidden_layers' is 1000000000"}));
  EXPECT_TRUE(refused(R"({"num_attention_heads": [8, 0]})", {"'num_attention_heads' is 0"}));
  EXPECT_TRUE(refused(R"({"vision_config": {"patch_size": -16}})", {"'patch_size' is -16", "vision_config"}));
  EXPECT_TRUE(refused(R"({"layer_norm_eps": -1e-5})", {"'layer_norm_eps'"}));
  EXPECT_TRUE(refused(R"({"layer_norm_eps": "small"})", {"'layer_norm_eps'"}));
  EXPECT_TRUE(refused(R"({"architectures": "BertModel"})", {"'architectures'"}));
  EXPECT_TRUE(refused(R"({"architectures": [1]})", {"'architectures'"}));
  EXPECT_TRUE(refused(R"({"model_type": 5})", {"'model_type' is 5"}));
  EXPECT_TRUE(refused(R"({"dtype": "int3"})", {"int3", "bfloat16"}));
  EXPECT_TRUE(refused(R"({"problem_type": "x"})", {"'problem_type'"}));
  EXPECT_TRUE(refused(R"({"num_labels": 0})", {"'num_labels' is 0"}));
  EXPECT_TRUE(refused(R"([1])", {"JSON object"}));
  EXPECT_TRUE(refused("{", {"config.json", "JSON"}));
  EXPECT_TRUE(refused(R"({"a":)" + std::string(1'000'000, '['), {"deeper than 64"}));
  EXPECT_TRUE(refused(R"({"hidden_size": 1, "hidden_size": 2})", {"twice"}));
}

TEST(HfFolder, WithoutConfig) {
  const TemporaryFolder folder;
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"config.json"}, [&] { open(folder); }));
}

class SentenceFolder {
 public:
  SentenceFolder() {
    write("modules.json", R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
        {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
        {"idx":2,"name":"2","path":"2_Dense","type":"sentence_transformers.models.Dense"},
        {"idx":3,"name":"3","path":"3_Normalize","type":"sentence_transformers.models.Normalize"}])");
    write("config.json", "{}");
    write("sentence_bert_config.json", R"({"max_seq_length": 256, "do_lower_case": true})");
    write("1_Pooling/config.json", R"({"word_embedding_dimension": 8, "pooling_mode_cls_token": true,
        "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false, "include_prompt": false})");
    write("2_Dense/config.json", R"({"in_features": 16, "out_features": 4, "bias": true,
        "activation_function": "torch.nn.modules.activation.Tanh"})");
    write("config_sentence_transformers.json", R"({"prompts": {"query": "query: "}, "default_prompt_name": "query",
        "similarity_fn_name": "dot"})");
  }
  void write(const std::string& name, const std::string& text) { folder_.write(name, text); }
  SentenceTransformers read() const { return *read_sentence_transformers(*open_folder(folder_.path())); }
  testing::AssertionResult refused(ErrorCode code, std::initializer_list<std::string> fragments) const {
    return throws_error(code, fragments, [&] { (void)read(); });
  }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

TEST(SentenceTransformers, ReadsAllModules) {
  const SentenceFolder folder;
  const SentenceTransformers read = folder.read();
  EXPECT_EQ(read.max_seq_length, 256);
  EXPECT_TRUE(read.do_lower_case);
  ASSERT_EQ(read.modules.size(), 3U);
  EXPECT_EQ(read.modules[0].pooling.modes, (std::vector<PoolingMode>{PoolingMode::cls, PoolingMode::mean}));
  EXPECT_EQ(read.modules[0].pooling.embedding_size, 8);
  EXPECT_FALSE(read.modules[0].pooling.include_prompt);
  EXPECT_EQ(read.modules[1].dense.folder, "2_Dense");
  EXPECT_EQ(read.modules[1].dense.in_features, 16);
  EXPECT_EQ(read.modules[1].dense.out_features, 4);
  EXPECT_EQ(read.modules[1].dense.activation, DenseModule::Activation::tanh);
  EXPECT_EQ(read.modules[2].kind, SentenceModule::Kind::normalize);
  EXPECT_EQ(read.prompts.at("query"), "query: ");
  EXPECT_EQ(read.default_prompt_name, "query");
  EXPECT_EQ(read.similarity_fn_name, "dot");
  EXPECT_EQ(open(folder.folder()).task_hints(),
            (std::vector<std::string>{"sentence-similarity", "feature-extraction"}));
}

TEST(SentenceTransformers, TransformerInAFolderOfItsOwn) {
  const TemporaryFolder folder;
  folder.write("modules.json", R"([{"path":"0_Transformer","type":"sentence_transformers.models.Transformer"},
      {"path":"1_Pooling","type":"sentence_transformers.models.Pooling"}])");
  folder.write("1_Pooling/config.json", R"({"embedding_dimension": 8, "pooling_mode": "lasttoken"})");
  folder.write("0_Transformer/config.json", R"({"model_type": "bert"})");
  folder.write("0_Transformer/sentence_bert_config.json", R"({"max_seq_length": null})");
  const HfFolder hf = open(folder);
  EXPECT_EQ(hf.model_type(), "bert");
  EXPECT_TRUE(hf.files()->contains("config.json"));
  EXPECT_FALSE(hf.root()->contains("config.json"));
  EXPECT_EQ(hf.sentence_transformers()->modules.at(0).pooling.modes, std::vector<PoolingMode>{PoolingMode::last_token});
  EXPECT_FALSE(hf.sentence_transformers()->max_seq_length.has_value());
}

TEST(SentenceTransformers, RefusesWhatItCannotDo) {
  const std::string transformer = R"({"path":"","type":"sentence_transformers.models.Transformer"})";
  const std::string pooling = R"({"path":"1_Pooling","type":"sentence_transformers.models.Pooling"})";
  SentenceFolder folder;
  const auto with_modules = [&](const std::string& modules) { folder.write("modules.json", modules); };
  with_modules("{}");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"modules.json", "array"}));
  with_modules("[]");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"modules.json"}));
  with_modules("[1]");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"modules.json"}));
  with_modules("[" + pooling + "]");
  EXPECT_TRUE(folder.refused(ErrorCode::unsupported_model, {"first module"}));
  with_modules("[" + transformer + "]");
  EXPECT_TRUE(folder.refused(ErrorCode::unsupported_model, {"no Pooling"}));
  with_modules("[" + transformer + "," + pooling + "," + pooling + "]");
  EXPECT_TRUE(folder.refused(ErrorCode::unsupported_model, {"second Pooling"}));
  with_modules("[" + transformer + R"(,{"path":"1","type":"sentence_transformers.models.LSTM"}])");
  EXPECT_TRUE(folder.refused(ErrorCode::unsupported_model, {"LSTM", "Pooling"}));
  with_modules("[" + transformer + R"(,{"path":"../1","type":"sentence_transformers.models.Pooling"}])");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'..'"}));
  with_modules("[" + transformer + R"(,{"path":"none","type":"sentence_transformers.models.Pooling"}])");
  EXPECT_TRUE(folder.refused(ErrorCode::not_found, {"none/config.json"}));
  with_modules("[" + transformer + "," + pooling + "]");
  EXPECT_EQ(folder.read().modules.size(), 1U);
  folder.write("1_Pooling/config.json", R"({"word_embedding_dimension": 8, "pooling_mode_mean_tokens": false})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"no pooling mode"}));
  folder.write("1_Pooling/config.json", R"({"word_embedding_dimension": 8, "pooling_mode": "attention"})");
  EXPECT_TRUE(folder.refused(ErrorCode::unsupported_model, {"attention", "lasttoken"}));
  folder.write("1_Pooling/config.json", R"({"word_embedding_dimension": -8})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'word_embedding_dimension' is -8", "1_Pooling/config.json"}));
}

TEST(SentenceTransformers, RefusesBadDenseAndOptions) {
  SentenceFolder folder;
  folder.write("2_Dense/config.json", R"({"in_features": 8, "out_features": 4})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'in_features' is 8", "16 features"}));
  folder.write("2_Dense/config.json", R"({"in_features": 16, "out_features": 4, "activation_function": "os.system"})");
  EXPECT_TRUE(folder.refused(ErrorCode::unsupported_model, {"system", "Tanh"}));
  folder.write("2_Dense/config.json", R"({"in_features": 16, "out_features": 0})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'out_features' is 0"}));
  folder.write("2_Dense/config.json", R"({"in_features": 16, "out_features": 4})");
  folder.write("config_sentence_transformers.json", R"({"similarity_fn_name": "magic"})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"magic", "cosine"}));
  folder.write("config_sentence_transformers.json", R"({"prompts": {"q": 1}})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'q' is 1"}));
  folder.write("config_sentence_transformers.json", R"({"prompts": {}, "default_prompt_name": "q"})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'q'"}));
  folder.write("config_sentence_transformers.json", "{}");
  folder.write("sentence_bert_config.json", R"({"max_seq_length": 0})");
  EXPECT_TRUE(folder.refused(ErrorCode::invalid_model, {"'max_seq_length' is 0"}));
}

}  // namespace
}  // namespace accelerate::import
