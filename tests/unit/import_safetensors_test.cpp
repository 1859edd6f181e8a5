#include <gtest/gtest.h>
#include <unistd.h>

#include "import/hf/open_weights.h"
#include "import/safetensors.h"
#include "tests/unit/error_matchers.h"
#include "tests/unit/safetensors_writer.h"
#include "tests/unit/temporary_folder.h"

namespace accelerate::import {
namespace {

using test::safetensors_bytes;
using test::safetensors_of;
using test::TemporaryFolder;
using test::throws_error;

SafetensorsHeader parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), "model.safetensors");
}

testing::AssertionResult refused(const std::string& file, std::initializer_list<std::string> fragments) {
  return throws_error(ErrorCode::invalid_weights, fragments, [&] { parse(file); });
}

TEST(ParseSafetensors, ReadsEveryDTypeMetadataAndPadding) {
  const std::vector<std::pair<std::string, DType>> dtypes = {
      {"F64", DType::f64},        {"F32", DType::f32},        {"F16", DType::f16},      {"BF16", DType::bf16},
      {"F8_E4M3", DType::f8e4m3}, {"F8_E5M2", DType::f8e5m2}, {"I64", DType::i64},      {"I32", DType::i32},
      {"I16", DType::i16},        {"I8", DType::i8},          {"U64", DType::u64},      {"U32", DType::u32},
      {"U16", DType::u16},        {"U8", DType::u8},          {"BOOL", DType::boolean}, {"C64", DType::c64}};
  for (const auto& [name, dtype] : dtypes) {
    const std::string size = std::to_string(6 * size_of(dtype));
    const std::string header = R"({"__metadata__":{"format":"pt"},"a":{"dtype":")" + name +
                               R"(","shape":[2,3],"data_offsets":[0,)" + size + "]}}   ";
    const auto parsed = parse(safetensors_bytes(header, std::string(6 * size_of(dtype), '\0')));
    ASSERT_EQ(parsed.tensors.size(), 1U);
    EXPECT_EQ(parsed.tensors[0].dtype, dtype);
    EXPECT_EQ(parsed.tensors[0].shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(parsed.tensors[0].begin, 8 + header.size());
    EXPECT_EQ(parsed.metadata.at("format"), "pt");
  }
}

TEST(ParseSafetensors, OrderInTheHeaderIsFreeAndEmptyTensorsAreFine) {
  const auto parsed = parse(safetensors_bytes(R"({"b":{"data_offsets":[4,8],"dtype":"F32","shape":[]},
      "e":{"dtype":"I8","shape":[3,0],"data_offsets":[4,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                                              "01234567"));
  ASSERT_EQ(parsed.tensors.size(), 3U);
  EXPECT_EQ(parsed.tensors[0].name, "a");
  EXPECT_EQ(parsed.tensors[1].name, "e");
  EXPECT_EQ(parsed.tensors[2].name, "b");
  EXPECT_TRUE(parse(safetensors_bytes("{}", "")).tensors.empty());
}

TEST(ParseSafetensors, RefusesBadPrefixes) {
  EXPECT_TRUE(refused("", {"0 bytes"}));
  EXPECT_TRUE(refused("1234567", {"7 bytes"}));
  EXPECT_TRUE(refused(std::string(8, '\xff') + "{}", {"at most 100000000"}));
  EXPECT_TRUE(refused(std::string("\x10\0\0\0\0\0\0\0{}", 10), {"claims 16 bytes", "truncated"}));
  EXPECT_TRUE(refused(safetensors_bytes("", ""), {"begins with"}));
  EXPECT_TRUE(refused(safetensors_bytes(" {}", ""), {"begins with"}));
  EXPECT_TRUE(refused("PK\3\4" + std::string(100, 'x'), {"no safetensors file"}));
}

TEST(ParseSafetensors, RefusesBadJson) {
  EXPECT_TRUE(refused(safetensors_bytes("{", ""), {"not valid JSON"}));
  EXPECT_TRUE(refused(safetensors_bytes("{} x", ""), {"not valid JSON"}));
  EXPECT_TRUE(refused(safetensors_bytes("{\"\xff\":1}", ""), {"not valid JSON"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":5})", ""), {"'a'", "is 5"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":[]})", ""), {"'a'", "an array"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":)" + std::string(1'000'000, '{'), ""), {"'a'"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":{"shape":)" + std::string(1'000'000, '[') + "}}", ""), {"'a'"}));
}

std::string one(const std::string& fields, size_t data_bytes) {
  return safetensors_bytes(R"({"weight.a":{)" + fields + "}}", std::string(data_bytes, '\0'));
}

TEST(ParseSafetensors, RefusesBadFieldsNamingTheTensor) {
  EXPECT_TRUE(refused(one(R"("dtype":"F31","shape":[1],"data_offsets":[0,4])", 4), {"weight.a", "F31", "BF16"}));
  EXPECT_TRUE(refused(one(R"("dtype":32,"shape":[1],"data_offsets":[0,4])", 4), {"weight.a", "dtype is 32"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[NaN],"data_offsets":[0,4])", 4), {"weight.a", "byte"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[null],"data_offsets":[0,4])", 4), {"weight.a", "null"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])", 4), {"weight.a", "1.0"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":["1"],"data_offsets":[0,4])", 4), {"weight.a", "\"1\""}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", 4), {"weight.a", "-1"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[true],"data_offsets":[0,4])", 4), {"weight.a", "true"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4])", 4), {"weight.a"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1e400],"data_offsets":[0,4])", 4), {"weight.a"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":{},"data_offsets":[0,4])", 4), {"weight.a", "an object"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1])", 4), {"weight.a", "no data_offsets"}));
  EXPECT_TRUE(refused(one(R"("shape":[1],"data_offsets":[0,4])", 4), {"weight.a", "no dtype"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","data_offsets":[0,4])", 4), {"weight.a", "no shape"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[0])", 4), {"weight.a", "1 numbers"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])", 4), {"weight.a", "more than two"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,-4])", 4), {"weight.a", "-4"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1)", 4), {"weight.a", "'x'"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4])", 4), {"'dtype'", "twice"}));
  std::string ones = "1";
  for (int i = 0; i < 64; ++i) ones += ",1";
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[)" + ones + R"(],"data_offsets":[0,4])", 4), {"more than 64"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},
      "a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                                        ""),
                      {"'a'", "twice"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"__metadata__":{"a":1}})", ""), {"__metadata__", "'a' is 1"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"__metadata__":{"a":{}}})", ""), {"__metadata__", "an object"}));
}

TEST(ParseSafetensors, RefusesSizesThatDoNotFit) {
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", 4), {"weight.a", "8 bytes"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])", 4), {"weight.a", "[4, 0]"}));
  // 2^62 x 4 bytes is 2^64: 0 if it wrapped.
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0])", 0), {"overflows"}));
  EXPECT_TRUE(refused(one(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0])", 0), {"overflows"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 7), {"weight.a", "truncated"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", 5), {"last 1 bytes"}));
  EXPECT_TRUE(refused(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8), {"4 bytes before", "weight.a"}));
  EXPECT_TRUE(refused(
      one(R"("dtype":"U8","shape":[9223372036854775807],"data_offsets":[9223372036854775807,18446744073709551614])", 8),
      {"weight.a", "truncated"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
      "b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                                        "012345"),
                      {"'b'", "overlaps", "'a'"}));
  EXPECT_TRUE(refused(safetensors_bytes(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
      "b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
                                        "0123"),
                      {"overlaps"}));
}

TEST(ParseSafetensors, EveryTruncationOfAGoodFileIsRefused) {
  const std::string file = safetensors_of({{"a", {2}, {1, 2}}, {"b", {1, 1}, {3}}});
  EXPECT_EQ(parse(file).tensors.size(), 2U);
  for (size_t size = 0; size < file.size(); ++size) EXPECT_TRUE(refused(file.substr(0, size), {}));
}

TEST(SafetensorsSource, ReadsValuesAlignedOrNot) {
  const TemporaryFolder folder;
  const std::string good = safetensors_of({{"a", {2}, {1.5F, -2.0F}}, {"b", {1, 1}, {3.0F}}});
  for (size_t padding = 0; padding < 8; ++padding) {
    // The header may end in spaces, so that the data can lie at any address.
    const size_t header_size = static_cast<unsigned char>(good[0]);
    const std::string file =
        safetensors_bytes(good.substr(8, header_size) + std::string(padding, ' '), good.substr(8 + header_size));
    folder.write("model.safetensors", file);
    const auto source = open_weights(*open_folder(folder.path()));
    EXPECT_EQ(source->names(), (std::vector<std::string>{"a", "b"}));
    const Tensor a = source->read("a");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(a.data()) % 4, 0U);
    EXPECT_EQ(a.get(0), 1.5);
    EXPECT_EQ(a.get(1), -2.0);
    EXPECT_EQ(source->read("b").shape(), (std::vector<int64_t>{1, 1}));
    EXPECT_EQ(source->find("b")->size_bytes, 4U);
    EXPECT_FALSE(source->find("c").has_value());
    EXPECT_TRUE(throws_error(ErrorCode::invalid_weights, {"'c'"}, [&] { (void)source->read("c"); }));
    source->release("a", 0, 8);
    source->release("a", 100, 8);
    EXPECT_EQ(source->read("a").get(0), 1.5);
    EXPECT_NO_THROW(source->check());
  }
}

TEST(SafetensorsSource, TensorsOutliveTheSourceAndEmptyOnesHaveAShape) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", safetensors_bytes(R"({"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},)"
                                                      R"("s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}} )",
                                                      std::string("\0\0\x80\x3f", 4)));
  Tensor scalar;
  {
    const auto source = open_weights(*open_folder(folder.path()));
    EXPECT_EQ(source->read("e").shape(), (std::vector<int64_t>{0, 3}));
    scalar = source->read("s");
  }
  EXPECT_EQ(scalar.get(0), 1.0);
}

TEST(SafetensorsSource, TruncationWhileMappedIsAnErrorNotACrash) {
  const TemporaryFolder folder;
  const auto path =
      folder.write("model.safetensors", safetensors_of({{"a", {100'000}, std::vector<float>(100'000, 1)}}));
  const auto source = open_weights(*open_folder(folder.path()));
  ASSERT_EQ(truncate(path.c_str(), 4096), 0);
  const Tensor a = source->read("a");
  double sum = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) sum += a.get(i);
  EXPECT_LT(sum, 100'000);
  EXPECT_TRUE(throws_error(ErrorCode::io_error, {"model.safetensors", "truncated"}, [&] { source->check(); }));
}

TEST(ShardedWeights, AreOneSource) {
  const TemporaryFolder folder;
  folder.write("s1.safetensors", safetensors_of({{"a", {1}, {1}}, {"shared", {1}, {7}}}));
  folder.write("s2.safetensors", safetensors_of({{"b", {1}, {2}}, {"shared", {1}, {8}}, {"extra", {1}, {3}}}));
  folder.write("model.safetensors.index.json", R"({"metadata":{"total_size":8},"weight_map":
      {"a":"s1.safetensors","b":"s2.safetensors","shared":"s2.safetensors"}})");
  const auto source = open_weights(*open_folder(folder.path()));
  EXPECT_EQ(source->num_files(), 2U);
  EXPECT_EQ(source->names(), (std::vector<std::string>{"a", "b", "extra", "shared"}));
  EXPECT_EQ(source->read("a").get(0), 1.0);
  EXPECT_EQ(source->read("b").get(0), 2.0);
  EXPECT_EQ(source->read("shared").get(0), 8.0);
}

TEST(ShardedWeights, RefusesBadIndices) {
  const auto refused_index = [](const std::string& index, ErrorCode code,
                                std::initializer_list<std::string> fragments) {
    const TemporaryFolder folder;
    folder.write("s1.safetensors", safetensors_of({{"a", {1}, {1}}, {"twice", {1}, {1}}}));
    folder.write("s2.safetensors", safetensors_of({{"b", {1}, {1}}, {"twice", {1}, {1}}}));
    folder.write("model.safetensors.index.json", index);
    return throws_error(code, fragments, [&] { open_weights(*open_folder(folder.path())); });
  };
  const ErrorCode weights = ErrorCode::invalid_weights;
  EXPECT_TRUE(refused_index("[", ErrorCode::invalid_model, {"index.json"}));
  EXPECT_TRUE(refused_index("[]", weights, {"weight_map"}));
  EXPECT_TRUE(refused_index("{}", weights, {"weight_map"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{}})", weights, {"weight_map"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{"a":1}})", weights, {"'a'"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{"a":"s1.bin"}})", weights, {"s1.bin"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{"a":"../s1.safetensors"}})", ErrorCode::invalid_model, {"'..'"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{"a":"s1.safetensors","c":"s3.safetensors","d":"s4.safetensors"}})",
                            weights, {"s3.safetensors", "s4.safetensors", "missing"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{"a":"s1.safetensors","z":"s1.safetensors"}})", weights, {"'z'"}));
  EXPECT_TRUE(refused_index(R"({"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})", weights, {"'twice'"}));
}

TEST(OpenWeights, OtherFormatsNameTheConversion) {
  const auto refused_file = [](const std::string& name, std::initializer_list<std::string> fragments) {
    const TemporaryFolder folder;
    folder.write(name, "x");
    return throws_error(ErrorCode::unsupported_format, fragments, [&] { open_weights(*open_folder(folder.path())); });
  };
  EXPECT_TRUE(refused_file("pytorch_model.bin", {"pytorch_model.bin", "run code", "save_pretrained"}));
  EXPECT_TRUE(refused_file("pytorch_model.bin.index.json", {"save_pretrained"}));
  EXPECT_TRUE(refused_file("model.pt", {"model.pt", "save_pretrained"}));
  EXPECT_TRUE(refused_file("tf_model.h5", {"TensorFlow", "from_tf=True"}));
  EXPECT_TRUE(refused_file("flax_model.msgpack", {"Flax", "from_flax=True"}));
}

TEST(OpenWeights, NoWeights) {
  const TemporaryFolder folder;
  EXPECT_TRUE(
      throws_error(ErrorCode::not_found, {"model.safetensors"}, [&] { open_weights(*open_folder(folder.path())); }));
  folder.write("model-00001-of-00002.safetensors", "");
  EXPECT_TRUE(throws_error(ErrorCode::not_found, {"model-00001-of-00002.safetensors", "index"},
                           [&] { open_weights(*open_folder(folder.path())); }));
}

TEST(SafetensorsWriter, WhatIsWrittenIsReadBack) {
  std::map<std::string, Tensor> tensors;
  tensors.emplace("b.x", Tensor::from<double>(DType::bf16, {2, 3}, {1, 2, 3, -4, 5, 0.5}));
  tensors.emplace("a \"quoted\"", Tensor::from<int64_t>(DType::boolean, {3}, {1, 0, 1}));
  tensors.emplace("empty", Tensor(DType::i64, {0, 4}));
  tensors.emplace("scalar", Tensor::scalar(DType::f64, -0.25));
  TemporaryFolder folder;
  folder.write("t.safetensors", import::safetensors_bytes(tensors));
  auto back = import::read_safetensors(*open_folder(folder.path()), "t.safetensors");
  ASSERT_EQ(back.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_EQ(back.at(name).type(), tensor.type()) << name;
    for (int64_t i = 0; i < tensor.num_elements(); ++i) EXPECT_EQ(back.at(name).get(i), tensor.get(i)) << name;
  }
}

}  // namespace
}  // namespace accelerate::import
