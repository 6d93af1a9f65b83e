#include "fuzz/case/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

using quant::Fp8;

constexpr uint32_t kColumns = 4096;

std::vector<float> row(const std::string& fill, int64_t exponent = 0, Dtype dtype = Dtype::kBf16,
                       Fp8 format = Fp8::kE4m3fn) {
  std::vector<float> out;
  for (const uint32_t bits : fill_row({fill, exponent, {}}, dtype, format, kColumns, {1, "k", 0})) {
    out.push_back(decode(dtype, bits));
  }
  return out;
}

TEST(FillRow, IsAFunctionOfCaseTensorRowAndColumnOnly) {
  const auto bits = [](uint64_t seed, const char* tensor, uint64_t r, uint32_t columns) {
    return fill_row({"normal", 0, {}}, Dtype::kBf16, Fp8::kE4m3fn, columns, {seed, tensor, r});
  };
  const auto whole = bits(1, "k", 0, 64);
  const auto part = bits(1, "k", 0, 16);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()))
      << "a narrower row must be a prefix";
  EXPECT_NE(whole, bits(2, "k", 0, 64));
  EXPECT_NE(whole, bits(1, "q", 0, 64));
  EXPECT_NE(whole, bits(1, "k", 1, 64));
}

// Worked out by hand from Philox4x32-10 and a sum of eight uniforms: a change of the generator
// would change every stored case.
TEST(FillRow, KeepsItsBitsForEver) {
  const std::vector<uint32_t> expected = {0xbf3d, 0x3faf, 0xbec8, 0x3ff0, 0xc005, 0xc005};
  EXPECT_EQ(fill_row({"normal", 0, {}}, Dtype::kBf16, Fp8::kE4m3fn, 6, {1, "k", 0}), expected);
}

TEST(FillRow, NormalHasUnitVariance) {
  double sum = 0;
  double squares = 0;
  for (const float x : row("normal")) {
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kColumns, 0, 0.08);  // five standard errors
  EXPECT_NEAR(squares / kColumns, 1, 0.12);
}

TEST(FillRow, ScalesByAPowerOfTwo) {
  const auto plain = row("normal");
  const auto scaled = row("normal", -5);
  for (uint32_t i = 0; i < kColumns; ++i) ASSERT_EQ(scaled[i], plain[i] / 32);
}

TEST(FillRow, HalfwayHoldsEveryValueAndMidpointBelowTheDivisor) {
  for (const Fp8 format : {Fp8::kE4m3fn, Fp8::kE4m3fnuz}) {
    const auto values = row("halfway", 0, Dtype::kBf16, format);
    const std::set<float> seen(values.begin(), values.end());
    const float divisor = format == Fp8::kE4m3fn ? 448.0f : 224.0f;
    EXPECT_TRUE(seen.contains(divisor));  // the amax that makes the scale one
    size_t missing = 0;
    for (int code = 0; code < quant::format(format).max_finite; ++code) {
      const float low = quant::decode(format, static_cast<uint8_t>(code));
      const float high = quant::decode(format, static_cast<uint8_t>(code + 1));
      missing += !seen.contains(low) && !seen.contains(-low);
      missing += !seen.contains((low + high) / 2) && !seen.contains(-(low + high) / 2);
    }
    EXPECT_EQ(missing, 0u) << quant::name(format);
  }
}

TEST(FillRow, SpikeHasOneLargeElement) {
  const auto values = row("spike");
  EXPECT_EQ(std::count_if(values.begin(), values.end(), [](float x) { return std::abs(x) >= 1; }),
            1);
}

TEST(FillRow, BitsAreFiniteAndAnyAreNot) {
  for (const Dtype dtype : {Dtype::kBf16, Dtype::kF16}) {
    const auto finite = row("bits", 0, dtype);
    EXPECT_TRUE(
        std::all_of(finite.begin(), finite.end(), [](float x) { return std::isfinite(x); }));
    const auto any = row("any", 0, dtype);
    EXPECT_TRUE(std::any_of(any.begin(), any.end(), [](float x) { return std::isnan(x); }));
  }
}

TEST(FillRow, SetsSingleElementsOverThePattern) {
  const auto bits = fill_row({"one", 0, {{2, 0x7F80}}}, Dtype::kBf16, Fp8::kE4m3fn, 4, {1, "k", 0});
  EXPECT_EQ(bits, (std::vector<uint32_t>{0x3F80, 0x3F80, 0x7F80, 0x3F80}));
}

TEST(FillRow, RefusesBitsWiderThanTheDtype) {
  try {
    fill_row({"zero", 0, {{0, 0x18000}}}, Dtype::kBf16, Fp8::kE4m3fn, 4, {1, "k", 0});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "row 0 of k: set bits 0x18000 do not fit bf16");
  }
}

// Every dtype: what is encoded decodes to itself, and random finite patterns are finite.
TEST(Dtypes, DecodeWhatTheyEncode) {
  for (const char* text : {"bf16", "f16", "f32", "e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "i8"}) {
    const Dtype dtype = parse_dtype(text);
    EXPECT_STREQ(name(dtype), text);
    // Integers have no fractions.
    const float unit = dtype == Dtype::kI8 ? 4 : 1;
    for (const float x : {0.0f, unit, -1.5f * unit, 0.25f * unit})
      EXPECT_EQ(decode(dtype, encode(dtype, x)), x);
    const auto bits = fill_row({"bits", 0, {}}, dtype, Fp8::kE4m3fn, 512, {1, "k", 0});
    for (const uint32_t b : bits) ASSERT_TRUE(std::isfinite(decode(dtype, b))) << text;
    const std::vector<uint8_t> bytes = pack(dtype, bits);
    ASSERT_EQ(bytes.size(), 512 * bytes_of(dtype));
    EXPECT_EQ(load_bits(dtype, &bytes[7 * bytes_of(dtype)]), bits[7]);
  }
  EXPECT_THROW(parse_dtype("fp9"), Error);
  EXPECT_EQ(encode(Dtype::kI8, 2.5f), 2u);        // ties to even
  EXPECT_EQ(encode(Dtype::kI8, -200.0f), 0x81u);  // symmetric: -127
  EXPECT_EQ(encode(Dtype::kI32, -2.5f), 0xFFFFFFFEu);
  EXPECT_EQ(encode(Dtype::kI32, 1e20f), 0x7FFFFFFFu);  // saturates
  EXPECT_EQ(decode(Dtype::kI32, 0xFFFFFFFFu), -1.0f);
}

TEST(TensorRow, RepeatsRecipesAndTakesSpecialOnes) {
  Case c;
  c.rows["k"] = {{"one", 0, {}}, {"one", 1, {}}};
  c.special["k"][4] = {"zero", 0, {}};
  const auto first = [&](uint64_t row) {
    return decode(Dtype::kF32, tensor_row(c, "k", row, Dtype::kF32, 1)[0]);
  };
  EXPECT_EQ(first(0), 1);
  EXPECT_EQ(first(3), 2);
  EXPECT_EQ(first(4), 0);
  EXPECT_THROW(tensor_row(c, "q", 0, Dtype::kF32, 1), Error);
}

TEST(FillRow, RefusesAnUnknownPatternAndAColumnBeyondTheRow) {
  const auto fill = [](const RowRecipe& recipe) {
    fill_row(recipe, Dtype::kBf16, Fp8::kE4m3fn, 4, {1, "k", 3});
  };
  EXPECT_THROW(fill({"nromal", 0, {}}), Error);
  try {
    fill({"zero", 0, {{4, 1}}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "row 3 of k: set column 4 is outside 0..3");
  }
}

}  // namespace
}  // namespace wavefuzz
