// Every build of the bulk kernels gives the bytes of the scalar definitions. Those are proven in
// fp8_test and scale_test; here they are what to expect.
#include "quant/bulk.h"

#include <Random123/philox.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "quant/float16.h"

namespace wavefuzz::quant {
namespace {

// 32 random bits for (seed, index), the same on every machine.
uint32_t random_bits(uint32_t seed, uint64_t index) {
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0}};
  return r123::Philox4x32()(counter, {{seed, 0}})[0];
}

class EachSimd : public testing::TestWithParam<Simd> {
 protected:
  void SetUp() override {
    if (!supported(GetParam())) GTEST_SKIP() << "this CPU has no " << name(GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Simd, EachSimd, testing::ValuesIn(kAllSimd),
                         [](const auto& info) { return std::string(name(info.param)); });

std::vector<CastPolicy> all_policies() {
  std::vector<CastPolicy> policies;
  for (Overflow overflow : {Overflow::kNan, Overflow::kSaturate, Overflow::kInfinity})
    for (InfInput inf : {InfInput::kNan, InfInput::kSaturate, InfInput::kInfinity})
      for (NanInput nan : {NanInput::kSignedNan, NanInput::kPositiveNan, NanInput::kMaxFinite})
        for (ZeroSign zero : {ZeroSign::kWhereRepresentable, ZeroSign::kAlways})
          policies.push_back({overflow, inf, nan, zero});
  return policies;
}

// Random bit patterns; the patterns around each code's value and each midpoint; specials.
std::vector<float> cast_inputs(Fp8 fp8) {
  std::vector<float> inputs;
  const auto add = [&](uint32_t bits) { inputs.push_back(__builtin_bit_cast(float, bits)); };
  for (uint64_t i = 0; i < 4096; ++i) add(random_bits(1, i));
  for (int code = 0; code < 256; ++code) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, decode(fp8, static_cast<uint8_t>(code)));
    for (uint32_t half : {0u, 1u << 18, 1u << 19, 1u << 20, 1u << 21})
      for (uint32_t delta : {0u, 1u, ~0u}) add(bits + half + delta);
  }
  for (uint32_t bits : {0u, 1u, 0x007FFFFFu, 0x00800000u, 0x7F7FFFFFu, 0x7F800000u, 0x7F800001u,
                        0x7FC00000u, 0x7FFFFFFFu})
    for (uint32_t sign : {0u, 0x80000000u}) add(bits | sign);
  return inputs;
}

TEST_P(EachSimd, EncodesAsTheDefinitionUnderEveryPolicy) {
  for (Fp8 fp8 : kAllFp8) {
    const std::vector<float> inputs = cast_inputs(fp8);
    for (const CastPolicy& policy : all_policies()) {
      std::vector<uint8_t> got(inputs.size());
      bulk_encode(fp8, policy, inputs, got.data(), {.threads = 1, .simd = GetParam()});
      for (size_t i = 0; i < inputs.size(); ++i)
        ASSERT_EQ(int(got[i]), int(encode(fp8, inputs[i], policy)))
            << name(fp8) << " " << std::hexfloat << inputs[i];
    }
  }
}

TEST_P(EachSimd, EncodesAnyLengthAndNothingBeyond) {
  const std::vector<float> inputs = cast_inputs(Fp8::kE4m3fn);
  for (size_t count : {0, 1, 7, 8, 15, 16, 17, 31, 33, 4097}) {
    std::vector<uint8_t> got(count + 64, 0xAB);
    bulk_encode(Fp8::kE4m3fn, kCastPyTorch, {inputs.data(), count}, got.data(),
                {.threads = 2, .simd = GetParam()});
    for (size_t i = 0; i < count; ++i)
      ASSERT_EQ(got[i], encode(Fp8::kE4m3fn, inputs[i], kCastPyTorch));
    for (size_t i = count; i < got.size(); ++i) ASSERT_EQ(got[i], 0xAB) << "of " << count;
  }
}

TEST(BulkDecode, IsTheDefinition) {
  std::vector<uint8_t> codes(1000);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(i);
  for (Fp8 fp8 : kAllFp8) {
    std::vector<float> got(codes.size());
    bulk_decode(fp8, codes, got.data(), {.threads = 2});
    for (size_t i = 0; i < codes.size(); ++i)
      ASSERT_EQ(__builtin_bit_cast(uint32_t, got[i]),
                __builtin_bit_cast(uint32_t, decode(fp8, codes[i])));
  }
}

// --- Rows ---------------------------------------------------------------------------------------

constexpr uint8_t kUntouched = 0xA5;

// What RowWriter promises, word for word, one value at a time.
void write_by_definition(const RowWriter& writer, const uint16_t* rows, uint64_t tokens,
                         uint64_t row_stride, const int64_t* slots, uint8_t* cache) {
  const uint32_t length = writer.page.head_dim / writer.page.groups;
  for (uint64_t i = 0; i < tokens; ++i) {
    const int64_t slot = slots ? slots[i] : static_cast<int64_t>(i);
    if (slot < 0) continue;
    uint8_t* page = cache + slot / writer.page.page_size * writer.page_stride;
    const uint32_t t = slot % writer.page.page_size;
    for (uint32_t g = 0; g < writer.page.groups; ++g) {
      const uint16_t* group = rows + i * row_stride + g * length;
      const float scale = scale_from_amax(amax_bf16(group, length), writer.rule);
      std::memcpy(page + writer.page.scale_offset(t, g), &scale, sizeof(scale));
      for (uint32_t d = 0; d < length; ++d)
        page[writer.page.value_offset(t, g * length + d)] =
            quantise(decode_bf16(group[d]), scale, writer.rule);
    }
  }
}

// Rows of every kind a writer meets, by turns: ordinary, zero, tiny, huge, one spike, with Inf,
// with NaN, all NaN, powers of two, raw bit patterns.
std::vector<uint16_t> test_rows(uint64_t tokens, uint64_t row_stride, uint32_t head_dim) {
  std::vector<uint16_t> rows(tokens * row_stride, 0x7FC1);  // gaps hold NaN
  for (uint64_t t = 0; t < tokens; ++t) {
    const int kind = t % 12;
    for (uint32_t d = 0; d < head_dim; ++d) {
      const uint32_t random = random_bits(2, t * row_stride + d);
      const uint16_t sign_and_mantissa = random & 0x807F;
      const auto with_exponent = [&](uint32_t base, uint32_t range) {
        return static_cast<uint16_t>(sign_and_mantissa | ((base + (random >> 16) % range) << 7));
      };
      uint16_t value = with_exponent(115, 14);
      if (kind == 1) value = random & 0x8000;
      if (kind == 2) value = with_exponent(0, 20);
      if (kind == 3) value = with_exponent(225, 30);
      if (kind == 4 && d == head_dim / 2) value = with_exponent(200, 1);
      if (kind == 5 && d == head_dim - 1) value = 0xFF80;
      if (kind == 6 && d == 0) value = 0xFFC0;
      if (kind == 7) value = 0x7FFF;
      if (kind == 8) value &= 0xFF80;
      if (kind == 9) value = random & 0xFFFF;
      if (kind == 10) value = with_exponent(100, 2);  // below most floors
      rows[t * row_stride + d] = value;
    }
  }
  return rows;
}

struct NamedRule {
  const char* name;
  ScaleRule rule;
};

std::vector<NamedRule> rules() {
  ScaleRule e5m2 = kVllmIndexerTritonFn;
  e5m2.format = Fp8::kE5m2;
  e5m2.divisor = 57344.0f;
  ScaleRule e5m2fnuz = e5m2;
  e5m2fnuz.format = Fp8::kE5m2fnuz;
  ScaleRule zero_bug = kVllmIndexerTritonFnuz;
  zero_bug.cast = kCastTriton3997;
  ScaleRule overflowing = kVllmIndexerTritonFn;  // a divisor beyond the format
  overflowing.divisor = 500.0f;
  ScaleRule clamped = kVllmV4MlaFnuz;  // a clamp between two codes
  clamped.divisor = 232.0f;
  return {
      {"kVllmIndexerTritonFn", kVllmIndexerTritonFn},
      {"kVllmIndexerTritonFnuz, ue8m0", with_ue8m0(kVllmIndexerTritonFnuz)},
      {"kVllmIndexerHipFnuz, f16", with_f16_quotient(kVllmIndexerHipFnuz)},
      {"kAiterIndexerFn, ue8m0", with_ue8m0(kAiterIndexerFn)},
      {"kAiterIndexerFnuz", kAiterIndexerFnuz},
      {"kAiterIndexerTestFnuz", kAiterIndexerTestFnuz},
      {"kAiterIndexerQueryFn", kAiterIndexerQueryFn},
      {"kDeepGemmTest", kDeepGemmTest},
      {"kVllmMlaFn", kVllmMlaFn},
      {"kVllmMlaFnuz", kVllmMlaFnuz},
      {"kVllmMla49435", kVllmMla49435},
      {"kVllmV4MlaFnuz", kVllmV4MlaFnuz},
      {"e5m2", e5m2},
      {"e5m2fnuz", e5m2fnuz},
      {"signed zero in fnuz", zero_bug},
      {"divisor 500", overflowing},
      {"clamp at 232", clamped},
  };
}

TEST_P(EachSimd, WritesRowsAsTheDefinition) {
  const IndexerPage pages[] = {
      {64, 128, PageLayout::kShuffle},    {64, 128, PageLayout::kNormal},
      {16, 16, PageLayout::kShuffle},     {1, 128, PageLayout::kNormal},
      {16, 48, PageLayout::kShuffle},     {3, 37, PageLayout::kNormal},
      {32, 256, PageLayout::kShuffle, 2}, {16, 96, PageLayout::kShuffle, 12},
      {5, 100, PageLayout::kNormal, 4},
  };
  for (const IndexerPage& page : pages) {
    ASSERT_TRUE(page.valid());
    const uint64_t tokens = 150;
    const uint64_t row_stride = page.head_dim + 5;
    const std::vector<uint16_t> rows = test_rows(tokens, row_stride, page.head_dim);
    // A permutation with gaps: 7i mod 151 visits each slot once; every ninth token is dropped.
    std::vector<int64_t> slots(tokens);
    for (uint64_t i = 0; i < tokens; ++i)
      slots[i] = i % 9 == 4 ? -1 - int64_t(i) : int64_t(7 * i % 151);
    for (const NamedRule& named : rules()) {
      const RowWriter writer = {named.rule, page, page.bytes() + 3};
      const size_t bytes = (151 / page.page_size + 1) * writer.page_stride;
      std::vector<uint8_t> expected(bytes, kUntouched), got(bytes, kUntouched);
      write_by_definition(writer, rows.data(), tokens, row_stride, slots.data(), expected.data());
      writer.write(rows.data(), tokens, row_stride, slots.data(), got.data(),
                   {.threads = 2, .simd = GetParam()});
      for (size_t i = 0; i < bytes; ++i)
        ASSERT_EQ(int(got[i]), int(expected[i]))
            << named.name << ", page " << page.page_size << " x " << page.head_dim << " x "
            << page.groups << (page.layout == PageLayout::kShuffle ? " shuffled" : " normal")
            << ", byte " << i;
    }
  }
}

// All bf16 bit patterns, as the members of rows with each of many amax: where a short cut in the
// kernels would show.
TEST_P(EachSimd, QuantisesEveryBf16ValueAsTheDefinition) {
  const IndexerPage page = {16, 256, PageLayout::kShuffle};
  const uint64_t tokens = 4096;
  std::vector<uint16_t> rows(tokens * page.head_dim);
  for (const NamedRule& named : {NamedRule{"448", kVllmIndexerTritonFn},
                                 NamedRule{"ue8m0", with_ue8m0(kVllmIndexerTritonFnuz)},
                                 NamedRule{"reciprocal", kAiterIndexerFnuz}}) {
    for (uint32_t exponent : {100u, 127u, 253u}) {
      // Row t holds 255 consecutive magnitudes, of both signs, below a cap that makes amax.
      for (uint64_t i = 0; i < rows.size(); ++i) {
        const uint16_t cap = exponent << 7 | (i / page.head_dim & 0x7F);
        const uint16_t bits = static_cast<uint16_t>(i * 257);
        rows[i] = (bits & 0x7FFF) > cap ? (bits & 0x8000) | (bits & 0x7FFF) % (cap + 1) : bits;
        if (i % page.head_dim == 0) rows[i] = cap;
      }
      const RowWriter writer = {named.rule, page, page.bytes()};
      std::vector<uint8_t> expected(tokens / 16 * page.bytes()), got(expected.size());
      write_by_definition(writer, rows.data(), tokens, page.head_dim, nullptr, expected.data());
      writer.write(rows.data(), tokens, page.head_dim, nullptr, got.data(), {.simd = GetParam()});
      ASSERT_TRUE(got == expected) << named.name << " " << exponent;
    }
  }
}

TEST_P(EachSimd, WritesNothingForNoTokens) {
  const RowWriter writer = {kVllmIndexerTritonFn, {16, 128, PageLayout::kShuffle}, 16 * 132};
  writer.write(nullptr, 0, 128, nullptr, nullptr, {.simd = GetParam()});
}

TEST(Simd, ScalarIsAlwaysThere) {
  EXPECT_TRUE(supported(Simd::kScalar));
  EXPECT_TRUE(supported(best_simd()));
}

}  // namespace
}  // namespace wavefuzz::quant
