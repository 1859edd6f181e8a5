#include "tensor/tensor.h"

#include <cmath>
#include <limits>

#include "tests/unit/error_matchers.h"

namespace accelerate::test {
namespace {

TEST(DType, NamesRoundTrip) {
  for (int i = 0; i <= static_cast<int>(DType::token); ++i) {
    auto dtype = static_cast<DType>(i);
    EXPECT_EQ(dtype_from_name(name_of(dtype)), dtype);
  }
  EXPECT_TRUE(throws_error(ErrorCode::invalid_dtype, {"f99", "bf16"}, [] { dtype_from_name("f99"); }));
}

TEST(DType, PromotionFollowsPyTorch) {
  EXPECT_EQ(promote(DType::boolean, DType::u8), DType::u8);
  EXPECT_EQ(promote(DType::i64, DType::f16), DType::f16);
  EXPECT_EQ(promote(DType::f16, DType::bf16), DType::f32);
  EXPECT_EQ(promote(DType::u8, DType::i8), DType::i16);
  EXPECT_EQ(promote(DType::u8, DType::i32), DType::i32);
  EXPECT_EQ(promote(DType::f32, DType::f64), DType::f64);
  for (int i = 0; i < static_cast<int>(DType::token); ++i)
    for (int j = 0; j < static_cast<int>(DType::token); ++j)
      EXPECT_EQ(promote(static_cast<DType>(i), static_cast<DType>(j)),
                promote(static_cast<DType>(j), static_cast<DType>(i)));
}

/// Every finite value of a narrow float comes back unchanged, and what lies between goes to the nearest, ties to even.
template <typename Bits, typename Decode, typename Encode>
void check_narrow_float(int num_codes, Decode decode, Encode encode) {
  float before = std::nanf("");
  for (int code = 0; code < num_codes; ++code) {
    float value = decode(static_cast<Bits>(code));
    if (!std::isfinite(value)) break;
    ASSERT_EQ(encode(value), static_cast<Bits>(code)) << value;
    ASSERT_EQ(decode(encode(-value)), -value);
    if (code > 0) {
      float middle = before + (value - before) / 2;
      Bits even = static_cast<Bits>(code % 2 == 0 ? code : code - 1);
      ASSERT_EQ(encode(middle), even) << middle;
      ASSERT_EQ(encode(std::nextafter(middle, HUGE_VALF)), static_cast<Bits>(code));
      ASSERT_EQ(encode(std::nextafter(middle, -HUGE_VALF)), static_cast<Bits>(code - 1));
    }
    before = value;
  }
  EXPECT_TRUE(std::isnan(decode(encode(std::nanf("")))));
}

TEST(DType, NarrowFloatsRoundToNearestEven) {
  check_narrow_float<uint16_t>(0x7c00, f16_to_f32, f32_to_f16);
  check_narrow_float<uint16_t>(0x7f80, bf16_to_f32, f32_to_bf16);
  check_narrow_float<uint8_t>(0x7f, f8e4m3_to_f32, f32_to_f8e4m3);
  check_narrow_float<uint8_t>(0x7c, f8e5m2_to_f32, f32_to_f8e5m2);
}

TEST(DType, NarrowFloatsAtTheirLimits) {
  EXPECT_EQ(f16_to_f32(f32_to_f16(65519.0F)), 65504.0F);
  EXPECT_TRUE(std::isinf(f16_to_f32(f32_to_f16(65520.0F))));
  EXPECT_TRUE(std::isinf(bf16_to_f32(f32_to_bf16(3.4e38F))));
  EXPECT_TRUE(std::isinf(f8e5m2_to_f32(f32_to_f8e5m2(61440.0F))));
  EXPECT_EQ(f8e4m3_to_f32(f32_to_f8e4m3(464.0F)), 448.0F);
  EXPECT_TRUE(std::isnan(f8e4m3_to_f32(f32_to_f8e4m3(465.0F))));
  EXPECT_TRUE(std::signbit(f16_to_f32(f32_to_f16(-0.0F))));
}

TEST(Encoding, RoundTripsAndRefuses) {
  Encoding q4{Encoding::Kind::gguf_block, "Q4_1", 32, 20, -1};
  EXPECT_EQ(Encoding::parse(q4.to_string()), q4);
  EXPECT_TRUE(Encoding::parse("").plain());
  for (const char* bad : {"x", "gguf_block", "gguf_block<Q4_1>", "gguf_block<Q4_1,32,20>", "gguf_block<Q4_1,0,20,0>",
                          "gguf_block<Q4_1,a,20,0>", "other<Q,1,1,0>", "gguf_block<Q4_1,32,20,0"})
    EXPECT_THROW(Encoding::parse(bad), Error) << bad;
}

TEST(Tensor, RefusesImpossibleShapes) {
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"negative"}, [] { Tensor(DType::f32, {2, -1}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"too large"},
                           [] { Tensor(DType::f32, {int64_t{1} << 40, int64_t{1} << 40}); }));
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"too large"}, [] { Tensor(DType::f64, {int64_t{1} << 61}); }));
}

TEST(Tensor, EmptyAndScalarTensorsHaveData) {
  Tensor none(DType::f32, {0, 3});
  EXPECT_EQ(none.num_elements(), 0);
  EXPECT_FALSE(none.empty());
  EXPECT_TRUE(Tensor().empty());
  EXPECT_EQ(Tensor::scalar(DType::bf16, 1.5).get(0), 1.5);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(none.data()) % 64, 0U);
}

TEST(Tensor, ConvertsElements) {
  Tensor x = Tensor::from(DType::f32, {6}, std::vector<double>{-2.7, 0.4, 3, std::nan(""), 0, 250});
  Tensor i = x.cast(DType::i32);
  EXPECT_EQ(std::vector<int32_t>(i.values<int32_t>().begin(), i.values<int32_t>().end()),
            (std::vector<int32_t>{-2, 0, 3, 0, 0, 250}));
  Tensor b = x.cast(DType::boolean);
  EXPECT_EQ(b.get_int(3), 1);  // NaN is not 0
  EXPECT_EQ(b.get_int(4), 0);
  int64_t big = (int64_t{1} << 62) + 1;
  Tensor l = Tensor::from(DType::i64, {1}, std::vector<int64_t>{big});
  EXPECT_EQ(l.cast(DType::u64).get_int(0), big);  // not through double
  EXPECT_EQ(Tensor::from(DType::u64, {1}, std::vector<double>{1e19}).get(0), 1e19);
}

TEST(Tensor, ReshapeSharesAndCloneCopies) {
  Tensor x = Tensor::zeros(DType::f32, {2, 3});
  Tensor y = x.reshape({3, 2});
  y.set(0, 5);
  EXPECT_EQ(x.get(0), 5);
  Tensor z = x.clone();
  z.set(0, 7);
  EXPECT_EQ(x.get(0), 5);
  EXPECT_TRUE(throws_error(ErrorCode::invalid_shape, {"[2, 3]", "[4]"}, [&] { x.reshape({4}); }));
}

TEST(Tensor, BorrowKeepsTheOwner) {
  auto owner = std::make_shared<std::vector<float>>(4, 1.0F);
  std::weak_ptr<std::vector<float>> watch = owner;
  Tensor t = Tensor::borrow(DType::f32, {4}, owner->data(), owner);
  owner.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(t.get(3), 1);
  t = Tensor();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace accelerate::test
