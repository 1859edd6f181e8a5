#include <limits>
#include <random>

#include "tensor/dim.h"
#include "tests/unit/error_matchers.h"

namespace accelerate::test {
namespace {

const Dim kN = "n";
const Dim kM = "m";

TEST(Dim, EqualExpressionsCompareEqual) {
  EXPECT_EQ(kN + kM, kM + kN);
  EXPECT_EQ(kN + kN, 2 * kN);
  EXPECT_EQ(kN - kN, Dim(0));
  EXPECT_EQ((kN + 1) * (kN - 1), kN * kN - 1);
  EXPECT_EQ(kN * 0, Dim(0));
  EXPECT_EQ(kN + 3 - kN, Dim(3));
  EXPECT_NE(kN, kM);
  EXPECT_NE(kN, kN + 1);
  EXPECT_NE(kN, Dim::unbacked("n"));
}

TEST(Dim, FloorDivisionIsExactWhereItCanBe) {
  EXPECT_EQ(floordiv(6 * kN + 4, 2), 3 * kN + 2);
  EXPECT_EQ(floordiv(6 * kN * kM, 2 * kN), 3 * kM);
  EXPECT_EQ(floordiv(kN * kM + kN, kN), kM + 1);
  EXPECT_EQ(floordiv(kN, kN), Dim(1));
  EXPECT_EQ(floordiv(kN, 1), kN);
  EXPECT_EQ(floordiv(Dim(-7), 2), Dim(-4));
  EXPECT_EQ(ceildiv(Dim(7), 2), Dim(4));
  EXPECT_EQ(floordiv(4 * kN + 3, 4), kN);
  EXPECT_EQ(floordiv(4 * kN + 5, 4), kN + 1);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"zero"}, [] { floordiv(kN, 0); }));
}

TEST(Dim, ModMaxMin) {
  EXPECT_EQ(mod(Dim(-7), 3), Dim(2));
  EXPECT_EQ(mod(6 * kN, 3), Dim(0));
  EXPECT_EQ(mod(kN, 1), Dim(0));
  EXPECT_EQ(max(kN, kN + 2), kN + 2);
  EXPECT_EQ(min(kN, kN + 2), kN);
  EXPECT_EQ(max(kN, kM), max(kM, kN));
  EXPECT_EQ(max(kN, 1).evaluate({{"n", 0}}), 1);
  EXPECT_EQ(min(kN, kM).evaluate({{"n", 4}, {"m", 3}}), 3);
}

TEST(Dim, EvaluatesAndNamesWhatIsMissing) {
  Dim d = floordiv(kN + 2 - 3, 2) + 1;
  EXPECT_EQ(d.evaluate({{"n", 8}}), 4);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"\"m\""}, [] { (kN + kM).evaluate({{"n", 1}}); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_shape, {"overflow"}, [] { (kN * kN).evaluate({{"n", int64_t{1} << 40}}); }));
  EXPECT_TRUE(
      throws_error(ErrorCode::invalid_shape, {"zero"}, [] { floordiv(kN, kM).evaluate({{"n", 1}, {"m", 0}}); }));
}

TEST(Dim, ExtremesDoNotTrap) {
  Dim smallest = Dim(std::numeric_limits<int64_t>::min());
  EXPECT_THROW(floordiv(smallest, -1), Error);
  EXPECT_EQ(floordiv(smallest, 1), smallest);
  EXPECT_THROW(smallest - 1, Error);
  EXPECT_THROW(smallest * kN * -1, Error);
  EXPECT_THROW(floordiv(smallest * kN, -1), Error);
  EXPECT_EQ(mod(smallest * kN, -1), Dim(0));
  EXPECT_THROW((kN * -1).solve(std::numeric_limits<int64_t>::min(), {}), Error);
}

TEST(Dim, SolvesOneUnknown) {
  auto solved = (kN + kM).solve(7, {{"m", 3}});
  ASSERT_TRUE(solved);
  EXPECT_EQ(*solved, std::make_pair(std::string("n"), int64_t{4}));
  EXPECT_EQ((2 * kN + 1).solve(7, {})->second, 3);
  EXPECT_EQ((kN + floordiv(kM, 2)).solve(7, {{"m", 5}})->second, 5);
  EXPECT_FALSE((2 * kN).solve(7, {}));   // no integer does it
  EXPECT_FALSE((kN + kM).solve(7, {}));  // two unknowns
  EXPECT_FALSE((kN * kM).solve(6, {{"m", 2}}));
  EXPECT_FALSE(floordiv(kN, 2).solve(3, {}));  // several values do it
  EXPECT_FALSE(Dim(3).solve(3, {}));
}

TEST(Dim, Substitutes) {
  auto value = [](const std::string& name) -> std::optional<Dim> {
    if (name == "n") return Dim(4);
    return std::nullopt;
  };
  EXPECT_EQ((kN * kM + floordiv(kN, 2)).substitute(value), 4 * kM + 2);
  EXPECT_EQ(max(kN, 9).substitute(value), Dim(9));
}

TEST(Dim, SymbolsAndUnbacked) {
  std::vector<std::string> symbols;
  (floordiv(kN, 2) + kM * kN + Dim::unbacked("u")).collect_symbols(symbols);
  EXPECT_EQ(symbols.size(), 3U);
  EXPECT_TRUE(Dim::unbacked("u").has_unbacked());
  EXPECT_FALSE(kN.has_unbacked());
  EXPECT_EQ(kN.as_symbol(), "n");
  EXPECT_FALSE((2 * kN).as_symbol());
  for (const char* bad : {"", "1n", "a b", "a-b", "?", "n\n"}) EXPECT_THROW(Dim::symbol(bad), Error) << bad;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"the width is n"}, [] { kN.as_constant("the width"); }));
}

TEST(Dim, TextForm) {
  EXPECT_EQ((kN + 3).to_string(), "n + 3");
  EXPECT_EQ((kN - kM * 2).to_string().size(), std::string("-2*m + n").size());
  EXPECT_EQ(floordiv(kN, 16).to_string(), "floordiv(n, 16)");
  EXPECT_EQ(Dim(-4).to_string(), "-4");
  EXPECT_EQ(Dim::parse("(n + 1)*(n - 1)"), kN * kN - 1);
  EXPECT_EQ(Dim::parse("-n + 2"), 2 - kN);
  EXPECT_EQ(Dim::parse("?seen"), Dim::unbacked("seen"));
  for (const char* bad :
       {"", "n +", "n n", "2n", "floordiv(n)", "power(n, 2)", "(n", "n)", "n + ,", "99999999999999999999"})
    EXPECT_THROW(Dim::parse(bad), Error) << bad;
  EXPECT_THROW(Dim::parse(std::string(100, '(') + "n" + std::string(100, ')')), Error);
}

TEST(Dim, ExpansionIsBounded) {
  std::string sum = "(a0";
  for (int i = 1; i < 60; ++i) sum += " + a" + std::to_string(i);
  sum += ")";
  std::string product = sum;
  for (int i = 0; i < 20; ++i) product += "*" + sum;
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"terms"}, [&] { Dim::parse(product); }));
  std::string power = "a";
  for (int i = 0; i < 200; ++i) power += "*a";
  EXPECT_THROW(Dim::parse(power), Error);
}

/// Random expressions, with the values that plain integer arithmetic gives them.
class RandomDims {
 public:
  std::pair<Dim, int64_t> make(int depth) {
    int kind = depth == 0 ? pick(3) : pick(10);
    if (kind == 0) return {Dim(pick(7) - 3), last_ - 3};
    if (kind <= 2) {
      const char* name = kind == 1 ? "n" : "m";
      return {name, bindings_.at(name)};
    }
    auto [a, x] = make(depth - 1);
    auto [b, y] = make(depth - 1);
    switch (kind) {
      case 3:
      case 4: return {a + b, x + y};
      case 5: return {a - b, x - y};
      case 6: return {a * b, x * y};
      case 7: return {max(a, b), std::max(x, y)};
      case 8: return {min(a, b), std::min(x, y)};
      default: {
        int64_t divisor = 1 + pick(5);
        int64_t floored = x >= 0 ? x / divisor : -((-x + divisor - 1) / divisor);
        if (pick(2) == 0) return {floordiv(a, divisor), floored};
        return {mod(a, divisor), x - floored * divisor};
      }
    }
  }
  const DimBindings& bindings() const { return bindings_; }

 private:
  int64_t pick(int64_t n) { return last_ = static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  std::mt19937_64 random_{7};
  int64_t last_ = 0;
  DimBindings bindings_{{"n", 5}, {"m", 11}};
};

TEST(Dim, RandomExpressionsKeepTheirValueAndText) {
  RandomDims random;
  for (int i = 0; i < 3000; ++i) {
    auto [dim, value] = random.make(4);
    ASSERT_EQ(dim.evaluate(random.bindings()), value) << dim.to_string();
    Dim again = Dim::parse(dim.to_string());
    ASSERT_EQ(again, dim) << dim.to_string();
    ASSERT_EQ(again.to_string(), dim.to_string());
  }
}

TEST(Shape, Functions) {
  Shape shape = {kN, 3, kM};
  EXPECT_EQ(num_elements(shape), 3 * kN * kM);
  EXPECT_EQ(num_elements({}), Dim(1));
  EXPECT_EQ(to_string(shape), "[n, 3, m]");
  EXPECT_FALSE(is_static(shape));
  EXPECT_EQ(evaluate(shape, {{"n", 2}, {"m", 0}}), (std::vector<int64_t>{2, 3, 0}));
  EXPECT_FALSE(static_extents(shape));
  EXPECT_EQ(static_extents({2, 3}), (std::vector<int64_t>{2, 3}));
}

}  // namespace
}  // namespace accelerate::test
