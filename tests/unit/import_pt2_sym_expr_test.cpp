#include <gtest/gtest.h>

#include "base/error.h"
#include "import/pt2/sym_expr.h"
#include "tests/unit/error_matchers.h"

namespace accelerate::import::pt2 {
namespace {

std::optional<Dim> known(std::string_view name) {
  if (name == "s0" || name == "s1") return Dim::symbol(name);
  if (name == "u0") return Dim::unbacked(name);
  return std::nullopt;
}

Dim parsed(std::string_view text) {
  const auto value = parse_sym_expr(text, known);
  EXPECT_TRUE(value.has_value()) << text;
  EXPECT_TRUE(value && value->is_whole()) << text;
  return value ? value->numerator : Dim(-999);
}

int64_t at(std::string_view text, int64_t s0, int64_t s1 = 3) {
  return parsed(text).evaluate({{"s0", s0}, {"s1", s1}});
}

TEST(SymExpr, Infix) {
  const Dim s0 = "s0";
  const Dim s1 = "s1";
  EXPECT_EQ(parsed("7"), Dim(7));
  EXPECT_EQ(parsed("s0 + 1"), s0 + 1);
  EXPECT_EQ(parsed("-s0 + 2*s1"), s1 * 2 - s0);
  EXPECT_EQ(parsed("2*(s0 - 1)**2"), (s0 - 1) * (s0 - 1) * 2);
  EXPECT_EQ(parsed("((s0//2))"), floordiv(s0, 2));
  EXPECT_EQ(parsed("s0 // 2 * 2"), floordiv(s0, 2) * 2);
  EXPECT_EQ(parsed("Mod(s0, 4)"), mod(s0, 4));
  EXPECT_EQ(parsed("s0 % 4"), mod(s0, 4));
  EXPECT_EQ(parsed("Max(1, s0, s1)"), max(max(Dim(1), s0), s1));
  EXPECT_EQ(parsed("u0 * 2"), Dim::unbacked("u0") * 2);
}

TEST(SymExpr, Srepr) {
  const Dim s0 = "s0";
  EXPECT_EQ(parsed("Symbol('s0', positive=True, integer=True)"), s0);
  EXPECT_EQ(parsed("Add(Mul(Integer(2), Symbol('s0', integer=True)), Integer(-1))"), s0 * 2 - 1);
  EXPECT_EQ(parsed("FloorDiv(Symbol('s0'), Integer(2))"), floordiv(s0, 2));
  EXPECT_EQ(parsed("Pow(Symbol('s0'), Integer(2))"), s0 * s0);
  EXPECT_EQ(parsed("CeilToInt(FloatTrueDiv(Add(ToFloat(Mul(Integer(-1), Symbol('s0'))), Mul(Integer(-1), "
                   "ToFloat(Symbol('s0')))), Float('-1.0', precision=53)))"),
            s0 * 2);
}

TEST(SymExpr, FractionsAreRoundedWhereTheTextSaysSo) {
  EXPECT_EQ(at("FloorToInt(Mul(Float('0.5', precision=53), ToFloat(Symbol('s0'))))", 7), 3);
  EXPECT_EQ(at("ceiling(s0/2)", 7), 4);
  EXPECT_EQ(at("floor(s0/s1)", 7), 2);
  EXPECT_EQ(at("TruncToInt(IntTrueDiv(s0, 2))", 7), 3);
  EXPECT_EQ(at("ModularIndexing(s0, 2, 3)", 11), 2);
  EXPECT_FALSE(parse_sym_expr("s0/2", known)->is_whole());
}

TEST(SymExpr, ConditionsAreOneOrZero) {
  for (int64_t s0 = 0; s0 < 6; ++s0) {
    EXPECT_EQ(at("s0 > s1", s0), s0 > 3 ? 1 : 0);
    EXPECT_EQ(at("s0 >= s1", s0), s0 >= 3 ? 1 : 0);
    EXPECT_EQ(at("Eq(s0, s1)", s0), s0 == 3 ? 1 : 0);
    EXPECT_EQ(at("Where(StrictLessThan(s0, s1), s0, Integer(9))", s0), s0 < 3 ? s0 : 9);
    EXPECT_EQ(at("Not(Or(Equality(s0, Integer(1)), And(s0 > 3, s0 < 5)))", s0), s0 == 1 || s0 == 4 ? 0 : 1);
  }
}

TEST(SymExpr, WhatHasNoValueIsNothing) {
  EXPECT_FALSE(parse_sym_expr("s9 + 1", known));
  EXPECT_FALSE(parse_sym_expr("OpaqueUnaryFn_sqrt(s0)", known));
  EXPECT_FALSE(parse_sym_expr("s0**s1", known));
}

TEST(SymExpr, MalformedTextIsRefused) {
  for (const std::string_view text : {"", "(", "s0 +", "s0 s1", "Symbol(s0)", "Symbol('s0", "Integer(1", "Max(,)",
                                      "1.2.3", "s0 @ 2", "99999999999999999999999x"}) {
    EXPECT_TRUE(test::throws_error(ErrorCode::invalid_model, {"malformed"}, [&] { parse_sym_expr(text, known); }))
        << text;
  }
  EXPECT_TRUE(test::throws_error(ErrorCode::invalid_model, {"deeply"},
                                 [] { parse_sym_expr(std::string(100000, '('), known); }));
  EXPECT_TRUE(test::throws_error(ErrorCode::invalid_shape, {"zero"}, [] { parse_sym_expr("s0//0", known); }));
}

}  // namespace
}  // namespace accelerate::import::pt2
