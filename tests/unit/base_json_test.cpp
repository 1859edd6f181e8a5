#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/unit/error_matchers.h"

namespace accelerate {
namespace {

using test::throws_error;

TEST(ParseJson, ReadsPlainValues) {
  const Json value = parse_json(R"({"a": [1, 2.5, "x", null, true], "b": {"a": 1}})", "config.json");
  EXPECT_EQ(value["a"][1].get<double>(), 2.5);
  EXPECT_EQ(value["b"]["a"].get<int>(), 1);
}

TEST(ParseJson, RefusesWithThePlace) {
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"config.json", "byte 7"},
                           [] { parse_json("{\"a\": ]}", "config.json"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json("", "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json("{} {}", "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json("[NaN]", "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json("[Infinity]", "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json("[1e999]", "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json("\"\xff\"", "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"c"}, [] { parse_json(std::string("\"a\0b\"", 5), "c"); }));
}

TEST(ParseJson, RefusesDuplicateKeysOfOneObjectOnly) {
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'a'", "twice"},
                           [] { parse_json(R"({"a": 1, "b": {"a": 2}, "a": 3})", "c"); }));
  EXPECT_EQ(parse_json(R"([{"a": 1}, {"a": {"a": 2}}])", "c").size(), 2U);
}

TEST(ParseJson, LimitsDepth) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']');
  };
  EXPECT_NO_THROW(parse_json(nested(64), "c"));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"deeper than 64"}, [&] { parse_json(nested(65), "c"); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"deeper than 64"},
                           [&] { parse_json(std::string(5'000'000, '['), "c"); }));
}

TEST(JsonInt, TypesAndRange) {
  const Json object = parse_json(R"({"n": 7, "f": 512.0, "h": 0.5, "s": "7", "big": 9223372036854775808,
                                     "huge": 100000000000000000000000, "neg": -1, "none": null, "t": true})",
                                 "c");
  EXPECT_EQ(json_int(object, "n", {}, 1, 10), 7);
  EXPECT_EQ(json_int(object, "f", {}, 1, 1000), 512);
  EXPECT_EQ(json_int(object, "none", 3, 1, 10), 3);
  EXPECT_EQ(json_int(object, "absent", 3, 1, 10), 3);
  for (const char* key : {"h", "s", "big", "huge", "neg", "t"}) {
    EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {std::string("'") + key + "'", "[0, 100]"},
                             [&] { json_int(object, key, 3, 0, 100); }));
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"9223372036854775808"},
                           [&] { json_int(object, "big", {}, INT64_MIN, INT64_MAX); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_model, {"'absent' is missing"}, [&] { json_int(object, "absent", {}, 0, 1); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_model, {"expected a JSON object"}, [&] { json_int(object["n"], "x", 3, 0, 1); }));
}

TEST(JsonScalars, TypesAreChecked) {
  const Json object = parse_json(R"({"d": 0.25, "i": 2, "b": true, "s": "text"})", "c");
  EXPECT_EQ(json_double(object, "d", {}), 0.25);
  EXPECT_EQ(json_double(object, "i", {}), 2.0);
  EXPECT_EQ(json_double(object, "x", 1.5), 1.5);
  EXPECT_TRUE(json_bool(object, "b", {}));
  EXPECT_EQ(json_string(object, "s", {}), "text");
  EXPECT_EQ(json_string(object, "x", "y"), "y");
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'s'", "number"}, [&] { json_double(object, "s", {}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'i'", "true or false"}, [&] { json_bool(object, "i", {}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"'i'", "string"}, [&] { json_string(object, "i", {}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_model, {"missing"}, [&] { json_string(object, "x", {}); }));
}

}  // namespace
}  // namespace accelerate
