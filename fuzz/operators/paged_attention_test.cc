// The buffers of paged attention hold what the layouts say, and what the judge expects of them is
// plain softmax attention over the data that the case describes.
#include "fuzz/operators/paged_attention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fuzz/case/image.h"
#include "fuzz/operators/paged_attention_inputs.h"
#include "fuzz/operators/paging.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

using paged_attention::kv_row;
using paged_attention::q_row;
using paged_attention::Shape;

const PagedAttention kOperator;

Manifest manifest() { return Manifest::load("gpu/manifests/paged_attention_decode.json"); }

/// Two sequences of 19 and 3 keys in pages of 16, two kv heads, e4m3fn, gaps everywhere.
Case small_case() {
  Case c;
  c.seed = 11;
  for (const auto& [name, value] : std::map<std::string, int64_t>{{"kv_heads", 2},
                                                                  {"gqa", 3},
                                                                  {"head_dim", 32},
                                                                  {"page_size", 16},
                                                                  {"window", 0},
                                                                  {"split_tokens", 0},
                                                                  {"extra_splits", 0},
                                                                  {"q_gap", 4},
                                                                  {"o_gap", 1},
                                                                  {"k_head_gap", 16},
                                                                  {"k_page_gap", 64},
                                                                  {"v_head_gap", 32},
                                                                  {"v_page_gap", 128},
                                                                  {"scale_head_gap", 4},
                                                                  {"scale_page_gap", 8},
                                                                  {"table_gap", 1},
                                                                  {"first_page", 5},
                                                                  {"page_step", 2}})
    c.params.set(name, value);
  for (const auto& [name, value] : std::map<std::string, std::string>{{"q_dtype", "bf16"},
                                                                      {"kv_dtype", "e4m3fn"},
                                                                      {"kv_scale", "per_token"},
                                                                      {"v_layout", "plain"},
                                                                      {"sinks", "on"},
                                                                      {"page_order", "sequential"},
                                                                      {"unowned", "poison"},
                                                                      {"relation", "none"}})
    c.params.set(name, value);
  c.params.set("softmax_scale", 0.25);
  c.integers = {{"context_lens", {19, 3}},
                {"qlens", {2, 1}},
                {"sequence", {0, 1}},
                {"first_query", {0, 0}},
                {"q_heads", {0, 1, 2}}};
  for (const char* tensor : {"q", "k", "v", "sinks"}) c.rows[tensor] = {{"normal", 0, {}}};
  for (const char* tensor : {"k_scale", "v_scale"}) c.rows[tensor] = {{"positive", 0, {}}};
  kOperator.table().complete(c);
  return c;
}

const Buffer& buffer(const std::vector<Buffer>& buffers, const std::string& name) {
  for (const Buffer& b : buffers) {
    if (b.name == name) return b;
  }
  throw std::out_of_range(name);
}

/// Byte `offset` of a buffer; -1 where it is poison.
int byte(const std::vector<Buffer>& buffers, const std::string& name, uint64_t offset) {
  const uint8_t* at = ImageReader(buffer(buffers, name)).at(offset, 1);
  return at == nullptr ? -1 : *at;
}

// Key 18 of sequence 0 is token 2 of its second page, page id 7. Strides: of K a head of 32 x 16
// bytes and 16, two of these and 64; of V 512 + 32, two and 128. (ROCm/aiter, cache layouts.)
TEST(Buffers, KeysLieWhereTheLayoutsSay) {
  const int64_t page = 7, token = 2, head = 1;
  Case c = small_case();
  const auto code = [&](const char* tensor, uint32_t d) {
    return static_cast<int>(tensor_row(c, tensor, kv_row(0, head, 18), Dtype::kE4m3fn, 32)[d]);
  };
  const std::vector<Buffer> plain = kOperator.buffers(c);
  c.params.set("v_layout", "shuffled");
  const std::vector<Buffer> shuffled = kOperator.buffers(c);
  for (const uint32_t d : {0u, 5u, 15u, 16u, 31u}) {
    // K [pages, heads, D/16, 16 tokens, 16]; V [pages, heads, D, 16 tokens], shuffled
    // [pages, heads, 16 tokens / 16, D, 16].
    const uint64_t k = page * (2 * 528 + 64) + head * 528 + (d / 16 * 16 + token) * 16 + d % 16;
    const uint64_t v = page * (2 * 544 + 128) + head * 544 + d * 16 + token;
    EXPECT_EQ(byte(plain, "k_cache", k), code("k", d));
    EXPECT_EQ(byte(plain, "v_cache", v), code("v", d));
    EXPECT_EQ(byte(shuffled, "v_cache", v), code("v", d));  // the same with FP8 and pages of 16
    EXPECT_EQ(byte(plain, "k_cache", k + 16), -1) << "a token behind the context";
    EXPECT_EQ(byte(plain, "v_cache", v + 1), -1);
  }
  c.params.set("page_size", 32);
  const std::vector<Buffer> larger = kOperator.buffers(c);
  // Now token 18 of page 5, whose heads have 1024 bytes.
  EXPECT_EQ(
      byte(larger, "v_cache", 5 * (2 * 1056 + 128) + 1056 + (18 / 16 * 32 + 9) * 16 + 18 % 16),
      code("v", 9));
}

TEST(Buffers, TheBlockTableHasGapsAndPoisonBehindItsPages) {
  Case c = small_case();
  const std::vector<Buffer> buffers = kOperator.buffers(c);
  const auto entry = [&](const std::vector<Buffer>& from, uint64_t i) {
    return byte(from, "block_table", 4 * i);
  };
  EXPECT_EQ(entry(buffers, 0), 5);
  EXPECT_EQ(entry(buffers, 1), 7);
  EXPECT_EQ(entry(buffers, 2), -1) << "the gap";
  EXPECT_EQ(entry(buffers, 3), 9);
  EXPECT_EQ(entry(buffers, 4), -1) << "behind the last page of sequence 1";
  c.params.set("unowned", "nan");
  const std::vector<Buffer> filled = kOperator.buffers(c);
  EXPECT_NE(entry(filled, 4), -1);
}

TEST(Buffers, WhatBelongsToNoKeyIsNanOrHugeWhereTheCaseSaysSo) {
  Case c = small_case();
  const uint64_t tail = 7 * (2 * 528 + 64) + 3 * 16;  // key 19 of sequence 0, which has 19
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", tail), -1);
  c.params.set("unowned", "nan");
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", tail) & 0x7F, 0x7F);
  c.params.set("unowned", "huge");
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", tail) & 0x7F, 0x7E);
}

/// One output element from the case's recipes, past all buffers and layouts.
struct Naive {
  __float128 o = 0, magnitude = 0, sum = 0;
  double max = -INFINITY;

  Naive(const Case& c, const Shape& s, int64_t b, int64_t t, int64_t h, uint32_t d) {
    const int64_t kv = h / s.gqa;
    const auto values = [&](const char* tensor, int64_t row, Dtype dtype, int64_t columns) {
      std::vector<double> out;
      for (const uint32_t bits : tensor_row(c, tensor, row, dtype, columns))
        out.push_back(decode(dtype, bits));
      return out;
    };
    const auto scale = [&](const char* tensor, int64_t row) {
      if (c.params.text("kv_scale") == "none") return 1.0;
      return values(tensor, c.params.text("kv_scale") == "per_token" ? row : 0, Dtype::kF32, 1)[0];
    };
    const int64_t data = q_row(s.sequence[b], s.first_query[b] + t, kv, s.q_heads[h % s.gqa]);
    const std::vector<double> q = values("q", data, s.q_dtype, s.head_dim);
    const int64_t position = s.context[b] - s.qlen[b] + t;  // of the query token among the keys
    std::vector<std::pair<double, double>> scored;          // score and value
    for (int64_t key = 0; key < s.context[b]; ++key) {
      if (key > position || (s.window != 0 && key <= position - s.window)) continue;
      const int64_t row = kv_row(s.sequence[b], kv, key);
      const std::vector<double> k = values("k", row, s.kv_dtype, s.head_dim);
      __float128 score = 0;
      for (int64_t i = 0; i < s.head_dim; ++i) score += static_cast<__float128>(q[i]) * k[i];
      score *= static_cast<__float128>(static_cast<float>(c.params.real("softmax_scale"))) *
               scale("k_scale", row);
      scored.emplace_back(static_cast<double>(score),
                          values("v", row, s.kv_dtype, s.head_dim)[d] * scale("v_scale", row));
      max = std::max(max, scored.back().first);
    }
    for (const auto& [score, v] : scored) {
      const double p = std::exp(score - max);
      sum += p;
      o += static_cast<__float128>(p) * v;
      magnitude += static_cast<__float128>(p) * std::abs(v);
    }
    if (scored.empty()) return;
    __float128 denominator = sum;
    if (s.sinks)
      denominator +=
          std::exp(values("sinks", q_row(0, 0, kv, s.q_heads[h % s.gqa]), Dtype::kF32, 1)[0] - max);
    o /= denominator;
    magnitude /= denominator;
  }
};

TEST(Expected, IsPlainSoftmaxAttentionOverTheData) {
  const Manifest m = manifest();
  const rc::Gen<Case> domain = kOperator.domain(m);
  int compared = 0;
  for (uint64_t index = 0; index < 400; ++index) {
    const Case c = domain(rc::Random(index), 50).value();
    const Shape s(c);
    if (s.max_context * s.head_dim > 20000 || s.total_q == 0) continue;
    const auto inputs = std::make_shared<const paged_attention::Inputs>(c, m, kOperator.buffers(c));
    const paged_attention::Expected e = paged_attention::expected(inputs);
    for (uint64_t pick = 0; pick < 4; ++pick) {  // any few elements of each case
      const int64_t b = (index + pick) % s.batch;
      if (s.qlen[b] == 0) continue;
      const int64_t t = (index / 3 + pick) % s.qlen[b];
      const int64_t h = (index / 5 + 3 * pick) % s.heads;
      const auto d = static_cast<uint32_t>((7 * index + pick) % s.head_dim);
      const Naive naive(c, s, b, t, h, d);
      const uint64_t row = (s.first_token[b] + t) * s.heads + h;
      const double got = e.o.value[row * s.head_dim + d];
      EXPECT_NEAR(got, static_cast<double>(naive.o),
                  1e-10 * static_cast<double>(naive.magnitude) + 1e-300)
          << kOperator.summary(c);
      if (naive.sum == 0) {
        EXPECT_EQ(e.lse.value[row], -INFINITY);
      } else {
        const double lse = naive.max + std::log(static_cast<double>(naive.sum));
        EXPECT_NEAR(e.lse.value[row], lse, 1e-10 * (1 + std::abs(lse)));
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 800);
}

TEST(Manifests, LackingAClaimAreRefusedByName) {
  Manifest m = manifest();
  kOperator.check_manifest(m);
  m.claims.erase("gqa");
  try {
    kOperator.check_manifest(m);
    FAIL() << "accepted";
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("'claims.gqa' is missing"));
  }
  m = manifest();
  m.numerics["p"] = "int4";
  EXPECT_THROW(kOperator.check_manifest(m), Error);
}

// Where a case says so, V has the strides of K, every token sees every key, and there is no LSE.
TEST(PagedAttentionParameters, VMayHaveRowsOfAnotherLength) {
  Case c = small_case();
  const int64_t k_stride = Shape(c).k_head_stride, v_stride = Shape(c).v_head_stride;
  c.params.set("v_head_dim", 16);
  EXPECT_EQ(Shape(c).k_head_stride, k_stride);
  EXPECT_EQ(Shape(c).v_head_stride, v_stride - 16 * 16);  // bytes of 16 tokens
  const std::vector<Buffer> buffers = kOperator.buffers(c);
  const auto row = static_cast<uint64_t>(Shape(c).heads) * 16;
  EXPECT_EQ(buffer(buffers, "o").bytes, (3 * row + 2) * 2);  // three tokens, a gap of 1 between
  // A manifest that says nothing of it has the length of K's.
  EXPECT_THAT(*kOperator.table().refusal(manifest(), c), testing::HasSubstr("v_head_dim = 16"));
  EXPECT_EQ(kOperator.table().refusal(manifest(), small_case()), std::nullopt);
  // Shrinking keeps it as it is: as long as K's, or of a length of its own.
  for (const Step& step : kOperator.simpler(small_case())) {
    Case d = small_case();
    step(d);
    EXPECT_EQ(d.params.integer("v_head_dim"), d.params.integer("head_dim"));
  }
}

TEST(PagedAttentionParameters, MayBeLeftOutAndMeanTheirFirstChoice) {
  Case c = small_case();
  EXPECT_EQ(kOperator.launch_params(c).text("mask"), "causal");
  EXPECT_EQ(Shape(c).last_key(0, 0), 18);
  EXPECT_NE(Shape(c).v_page_stride, Shape(c).k_page_stride);
  c.params.set("mask", "none");
  c.params.set("v_strides", "as_k");
  c.params.set("lse", "off");
  EXPECT_EQ(Shape(c).last_key(0, 0), 19);
  EXPECT_EQ(Shape(c).v_page_stride, Shape(c).k_page_stride);
  for (const Buffer& b : kOperator.buffers(c)) EXPECT_NE(b.name, "lse");
  c.params.set("mask", "all");
  EXPECT_THROW(Shape{c}, Error);
}

// Caches that are initialised have no poison on a sequence's pages, nor on page 0.
TEST(PagedAttentionBuffers, OfInitialisedCachesHavePageZero) {
  Case c = small_case();
  const Shape s(c);
  const uint64_t behind = 7 * s.k_page_stride + s.k.index_in_head(3, 0);  // the second page's
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", 0), -1);
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", behind), -1);
  c.params.set("unowned", "zero");
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", 0), 0);
  EXPECT_EQ(byte(kOperator.buffers(c), "v_cache", 0), 0);
  EXPECT_EQ(byte(kOperator.buffers(c), "k_scale", 0), 0);
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", behind), 0);
  c.params.set("unowned", "finite");
  EXPECT_EQ(byte(kOperator.buffers(c), "k_cache", 0), 0x7E);  // 448
}

// A kernel's own cast of Q: codes of q * divisor / amax, with the distance to the neighbour where
// the kernel's roundings may carry it over the border.
TEST(PagedAttentionReference, QuantisesQAsTheKernelDeclares) {
  Case c = small_case();
  c.rows["q"] = {{"zero", 0, {{0, encode(Dtype::kBf16, 4.0f)}, {1, encode(Dtype::kBf16, -1.0f)}}}};
  Manifest m = manifest();
  m.numerics["q"] = "fp8";
  const paged_attention::Inputs fp8(c, m, kOperator.buffers(c));
  EXPECT_EQ(fp8.groups[0].q[0], 448);
  EXPECT_EQ(fp8.groups[0].q[1], -112);
  EXPECT_EQ(fp8.groups[0].q[2], 0);
  EXPECT_DOUBLE_EQ(fp8.groups[0].q_scale[0], 4.0 / 448);
  EXPECT_EQ(fp8.groups[0].q_error[0], 0);  // 448 is no border

  m.numerics["q"] = "int8";
  m.numerics["q_truncate"] = true;
  const paged_attention::Inputs int8(c, m, kOperator.buffers(c));
  EXPECT_EQ(int8.groups[0].q[0], 127);
  EXPECT_EQ(int8.groups[0].q_error[0], 1);  // 126.999... is 126
  EXPECT_EQ(int8.groups[0].q[1], -31);      // 31.75
  EXPECT_EQ(int8.groups[0].q_error[1], 0);
}

}  // namespace
}  // namespace wavefuzz
