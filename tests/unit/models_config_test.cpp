// Configurations: every class builds from its defaults, and bad values give errors that name them.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "models/registry.h"
#include "models/relative_position.h"
#include "ops/evaluate.h"

namespace accelerate::models {
namespace {

Program build(const ModelBuilder& builder, const std::string& architecture, const Json& config,
              DType stored = DType::f32) {
  const BuildContext context{.config = config,
                             .architecture = architecture,
                             .stored_dtype = [stored](std::string_view) { return stored; },
                             .has_weight = [](std::string_view) { return true; }};
  return builder.build(context);
}

Program build(const std::string& architecture, const Json& config, DType stored = DType::f32) {
  const ModelBuilder* builder = registry().find(architecture, "");
  if (builder == nullptr) fail(ErrorCode::unsupported_model, "no class {}", architecture);
  return build(*builder, architecture, config, stored);
}

/// Small enough to build fast, for every family at once: unknown keys are ignored.
Json small_config() {
  return {{"vocab_size", 50},
          {"hidden_size", 12},
          {"num_hidden_layers", 1},
          {"num_attention_heads", 3},
          {"intermediate_size", 8},
          {"embedding_size", 8},
          {"max_position_embeddings", 30},
          {"type_vocab_size", 2},
          {"image_size", 12},
          {"patch_size", 4},
          {"encoder_stride", 4},
          {"relative_attention", true},
          {"pos_att_type", "c2p|p2c"},
          {"position_buckets", 8},
          {"hidden_sizes", {8, 12}},
          {"depths", {1, 1}},
          {"text_config", {{"hidden_size", 12}, {"num_attention_heads", 3}, {"num_hidden_layers", 1}}},
          {"vision_config",
           {{"hidden_size", 12}, {"num_attention_heads", 3}, {"num_hidden_layers", 1}, {"image_size", 32}}}};
}

TEST(ModelConfig, EveryClassBuildsFromItsDefaults) {
  std::set<std::string> classes;
  for (const ModelBuilder& builder : registry().all()) {
    for (const std::string& architecture : builder.architectures) {
      SCOPED_TRACE(architecture);
      EXPECT_TRUE(classes.insert(architecture).second) << "registered twice";
      const Json config = Json::object();
      const Program program = build(builder, architecture, config);
      verify(program);
      EXPECT_FALSE(program.main().outputs().empty());
      EXPECT_EQ(program.metadata.at("architecture"), architecture);
      EXPECT_EQ(identity_hash(program), identity_hash(build(builder, architecture, config)));
    }
  }
  EXPECT_GE(classes.size(), 79U);
}

TEST(ModelConfig, BuildsByModelTypeAlone) {
  for (const ModelBuilder& builder : registry().all()) {
    SCOPED_TRACE(builder.model_type);
    EXPECT_EQ(registry().find("", builder.model_type), &builder);
    EXPECT_EQ(build(builder, "", small_config()).metadata.at("architecture"), builder.architectures.front());
  }
}

TEST(ModelConfig, StoredTypesAreKept) {
  const Program program = build("BertModel", small_config(), DType::bf16);
  verify(program);
  for (const Node& node : program.main().nodes()) {
    if (node.op->name == "weight") {
      EXPECT_EQ(node.attrs.dtype("dtype"), DType::bf16);
    }
  }
  for (const auto& output : program.main().outputs()) EXPECT_EQ(program.main().type_of(output.value).dtype, DType::f32);
}

TEST(ModelConfig, BadValuesAreNamed) {
  struct Case {
    const char* architecture;
    const char* key;
    Json value;
  };
  const std::vector<Case> cases = {
      {"BertModel", "hidden_size", 0},
      {"BertModel", "hidden_size", -4},
      {"BertModel", "hidden_size", 9223372036854775808ULL},
      {"BertModel", "hidden_size", "768"},
      {"BertModel", "hidden_size", 1.5},
      {"BertModel", "num_hidden_layers", 1'000'000},
      {"BertModel", "vocab_size", 0},
      {"BertModel", "type_vocab_size", -1},
      {"BertModel", "layer_norm_eps", -1e-5},
      {"BertModel", "layer_norm_eps", "tiny"},
      {"BertModel", "hidden_act", 3},
      {"BertModel", "is_decoder", "yes"},
      {"BertForTokenClassification", "id2label", Json::array({1, 2})},
      {"RobertaModel", "pad_token_id", 5000},
      {"MPNetModel", "relative_attention_num_buckets", 8},
      {"AlbertModel", "num_hidden_groups", 0},
      {"DebertaV2Model", "position_buckets", 7},
      {"DebertaV2Model", "position_buckets", 1000},
      {"DebertaV2Model", "conv_kernel_size", 4},
      {"DebertaV2Model", "pos_att_type", Json::array({1})},
      {"ViTModel", "image_size", Json::array({1, 2, 3})},
      {"ViTModel", "patch_size", 50},
      {"ViTModel", "num_channels", 0},
      {"CLIPModel", "text_config", "none"},
      {"CLIPModel", "projection_dim", 0},
      {"ResNetModel", "depths", Json::array({1})},
      {"ResNetModel", "hidden_sizes", Json::array({2, 2})},
      {"ResNetModel", "layer_type", "wide"},
      {"ResNetBackbone", "out_features", Json::array({"stage9"})},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(fmt::format("{} with {} = {}", c.architecture, c.key, c.value.dump()));
    Json config = small_config();
    config[c.key] = c.value;
    try {
      build(c.architecture, config);
      ADD_FAILURE() << "was built";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::invalid_model);
      EXPECT_NE(e.message().find(c.key), std::string::npos) << e.what();
    }
  }
}

TEST(ModelConfig, HeadsMustDivideTheWidth) {
  Json config = small_config();
  config["num_attention_heads"] = 5;
  for (const char* architecture : {"BertModel", "DebertaV2Model", "ViTModel"}) {
    try {
      build(architecture, config);
      ADD_FAILURE() << architecture << " was built";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::invalid_model) << e.what();
    }
  }
}

TEST(ModelConfig, OptionsThatAreNotBuiltInAreRefused) {
  for (const auto& [key, value] : std::vector<std::pair<const char*, Json>>{
           {"hidden_act", "xielu"}, {"position_embedding_type", "relative_key"}, {"add_cross_attention", true}}) {
    Json config = small_config();
    config[key] = value;
    try {
      build("BertModel", config);
      ADD_FAILURE() << key << " was ignored";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::unsupported_model) << e.what();
    }
  }
}

TEST(ModelConfig, AnyValueOfAnyKeyBuildsOrIsAnError) {
  const std::vector<Json> values = {-1,
                                    0,
                                    1,
                                    7,
                                    9223372036854775807LL,
                                    18446744073709551615ULL,
                                    1e30,
                                    0.5,
                                    "",
                                    "x|",
                                    true,
                                    nullptr,
                                    Json::array(),
                                    Json::array({3, 5}),
                                    Json::object(),
                                    Json::array({"stem", "stem"})};
  int built = 0;
  int refused = 0;
  for (const ModelBuilder& builder : registry().all()) {
    const Json base = small_config();
    for (const auto& [key, unused] : base.items()) {
      for (const Json& value : values) {
        Json config = base;
        config[key] = value;
        try {
          verify(build(builder, builder.architectures.front(), config));
          ++built;
        } catch (const Error&) {
          ++refused;
        }
      }
    }
  }
  EXPECT_GT(built, 500);
  EXPECT_GT(refused, 500);
}

TEST(ModelRun, TextBeyondTheLastPositionIsAnError) {
  const Program program = build("BertModel", small_config());
  EXPECT_EQ(program.metadata.at("max_positions"), "30");
  MemoryWeights weights;
  for (const Node& node : program.main().nodes()) {
    if (node.op->name != "weight") continue;
    weights.add(node.attrs.string("name"),
                Tensor::zeros(node.attrs.dtype("dtype"), *static_extents(node.attrs.dims("shape"))));
  }
  const auto run = [&](int64_t length) {
    const Tensor zeros = Tensor::zeros(DType::i64, {1, length});
    const std::vector<Tensor> inputs(program.main().inputs().size(), zeros);
    return ops::evaluate(program.main(), inputs, &weights);
  };
  EXPECT_EQ(run(30).front().shape(), (std::vector<int64_t>{1, 30, 12}));
  try {
    run(31);
    ADD_FAILURE() << "was computed";
  } catch (const Error& e) {
    EXPECT_NE(e.message().find("30"), std::string::npos) << e.what();
  }
}

TEST(RelativePosition, MpnetBucketsSaturate) {
  const DistanceTable table = mpnet_buckets(32, 128);
  const auto at = [&](int64_t distance) { return table.values.at(static_cast<size_t>(distance + table.limit)); };
  // Values of transformers' MPNetEncoder.relative_position_bucket(-distance).
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(7), 7);
  EXPECT_EQ(at(8), 8);
  EXPECT_EQ(at(16), 10);
  EXPECT_EQ(at(64), 14);
  EXPECT_EQ(at(128), 15);
  EXPECT_EQ(at(-1), 17);
  EXPECT_EQ(at(-128), 31);
}

TEST(RelativePosition, DebertaBucketsAreOddAndMonotonic) {
  const DistanceTable table = deberta_buckets(256, 512, 256);
  ASSERT_EQ(table.values.size(), static_cast<size_t>(2 * table.limit + 1));
  for (int64_t d = 0; d <= table.limit; ++d) {
    const int64_t value = table.values[static_cast<size_t>(table.limit + d)];
    EXPECT_EQ(table.values[static_cast<size_t>(table.limit - d)], -value);
    if (d <= 128) {
      EXPECT_EQ(value, d);
    }
    if (d > 0) {
      EXPECT_GE(value, table.values[static_cast<size_t>(table.limit + d - 1)]);
    }
  }
  // make_log_bucket_position(511, 256, 512) and (512, 256, 512) of transformers.
  EXPECT_EQ(table.values[static_cast<size_t>(table.limit + 511)], 255);
  EXPECT_EQ(table.values[static_cast<size_t>(table.limit + 512)], 256);
}

}  // namespace
}  // namespace accelerate::models
