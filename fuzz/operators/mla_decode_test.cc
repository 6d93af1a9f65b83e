// The MLA operator's expectations against a second reading of the same bytes: entries taken apart
// by the numbers they are known by, attention in quad precision as its formula stands, without a
// maximum, splits or tiles.
#include "fuzz/operators/mla_decode.h"

#include <gtest/gtest.h>
#include <quadmath.h>

#include <array>
#include <cmath>
#include <cstring>
#include <optional>

#include "fuzz/case/image.h"
#include "fuzz/judge/corpus.h"

namespace wavefuzz {
namespace {

using Quad = __float128;

const Buffer& buffer(const std::vector<Buffer>& buffers, const std::string& name) {
  for (const Buffer& b : buffers) {
    if (b.name == name) return b;
  }
  ADD_FAILURE() << "no buffer " << name;
  return buffers.front();
}

/// Sign, four bits of exponent, three of fraction; the two encodings differ in the bias.
double e4m3(uint8_t code, bool fnuz) {
  const int exponent = code >> 3 & 15;
  const int fraction = code & 7;
  const int bias = fnuz ? 8 : 7;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -2 - bias)
                                         : std::ldexp(8 + fraction, exponent - bias - 3);
  return code & 0x80 ? -magnitude : magnitude;
}

class Bytes {
 public:
  explicit Bytes(const Buffer& b) : reader_(b), name_(b.name) {}
  template <typename T>
  T at(int64_t offset) const {
    T value{};
    const uint8_t* bytes = reader_.at(static_cast<uint64_t>(offset), sizeof(T));
    EXPECT_NE(bytes, nullptr) << name_ << " has nothing at " << offset;
    if (bytes != nullptr) std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  double bf16(int64_t offset) const {
    const uint32_t bits = uint32_t{at<uint16_t>(offset)} << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

 private:
  ImageReader reader_;
  std::string name_;
};

/// What a perfect kernel writes; `skip_last_key` makes it forget one. Nothing where a weight leaves
/// even the range of quad precision, e^+-11356.
std::optional<Outcome> naive(const Case& c, const Params& p, const std::vector<Buffer>& buffers,
                             bool skip_last_key = false) {
  const auto i = [&](const std::string& name) { return p.integer(name); };
  const int64_t nope = i("nope"), rope = i("rope"), qk = nope + rope;
  const bool v4 = p.text("entry") == "v4";
  const int64_t v_dim = v4 ? qk : nope;
  const Bytes q(buffer(buffers, "q")), sink(buffer(buffers, "sink"));
  const Dtype out_dtype = parse_dtype(p.text("out_dtype"));
  ImageBuilder out, out_lse;

  for (int64_t b = 0; b < i("batch"); ++b) {
    std::vector<std::vector<double>> keys;
    std::vector<double> factors;
    for (const std::string at : {"", "extra_"}) {
      if (at == "extra_" && p.text("mode") != "dual") continue;
      const bool dense = at.empty() && p.text("mode") == "dense";
      const Bytes kv(buffer(buffers, at + "kv")), index(buffer(buffers, at + "index")),
          lengths(buffer(buffers, at + "lengths"));
      const bool has_lengths = dense || p.text(at + "topk_lengths") == "on";
      const int64_t count = has_lengths ? lengths.at<int32_t>(b * 4) : i(at + "topk");
      const int64_t page_size = i(at + "page_size");
      const std::string entry = p.text(at + "entry");
      const bool fnuz = p.text(at + "cache_dtype") == "e4m3fnuz";
      for (int64_t n = 0; n < count; ++n) {
        const int64_t row = b * i(at + "index_stride");
        int64_t page, t;
        if (dense) {
          page = index.at<int32_t>((row + n / page_size) * 4);
          t = n % page_size;
        } else {
          const int64_t slot = index.at<int32_t>((row + n) * 4);
          if (slot < 0) continue;
          page = slot / page_size;
          t = slot % page_size;
        }
        const int64_t base = page * i(at + "page_stride");
        std::vector<double> key;
        for (int64_t d = 0; d < qk; ++d) {
          if (entry == "bf16") {
            key.push_back(kv.bf16(base + (t * qk + d) * 2));
          } else if (entry == "fp8") {
            key.push_back(e4m3(kv.at<uint8_t>(base + t * qk + d), fnuz));
          } else if (entry == "v32") {
            const int64_t token = base + t * (nope + nope / 128 * 4 + rope * 2);
            if (d >= nope) {
              key.push_back(kv.bf16(token + nope + nope / 128 * 4 + (d - nope) * 2));
            } else {
              key.push_back(static_cast<float>(e4m3(kv.at<uint8_t>(token + d), fnuz) *
                                               kv.at<float>(token + nope + d / 128 * 4)));
            }
          } else {
            const int64_t token = base + t * (nope + rope * 2);
            if (d >= nope) {
              key.push_back(kv.bf16(token + nope + (d - nope) * 2));
            } else {
              const int64_t scale = base + page_size * (nope + rope * 2) + t * 8 + d / 64;
              key.push_back(
                  std::ldexp(e4m3(kv.at<uint8_t>(token + d), fnuz), kv.at<uint8_t>(scale) - 127));
            }
          }
        }
        keys.push_back(key);
        factors.push_back(entry == "fp8" ? static_cast<float>(p.real(at + "kv_scale")) : 1.0);
      }
    }
    if (skip_last_key && !keys.empty()) keys.pop_back();

    for (int64_t h = 0; h < i("heads"); ++h) {
      Quad sum = 0;
      std::vector<Quad> o(static_cast<size_t>(v_dim), 0);
      for (size_t n = 0; n < keys.size(); ++n) {
        Quad dot = 0;
        for (int64_t d = 0; d < qk; ++d) {
          const int64_t at = b * i("q_row_stride") + h * i("q_head_stride") + d;
          dot += static_cast<Quad>(q.bf16(at * 2)) * keys[n][static_cast<size_t>(d)];
        }
        const Quad score = dot * factors[n] * static_cast<float>(p.real("softmax_scale"));
        if (fabsq(score) > 11000) return std::nullopt;
        const Quad weight = expq(score);
        sum += weight;
        for (int64_t d = 0; d < v_dim; ++d)
          o[static_cast<size_t>(d)] += weight * keys[n][static_cast<size_t>(d)] * factors[n];
      }
      Quad denominator = sum;
      if (p.text("sink") == "on") denominator += expq(sink.at<float>(h * 4));
      const bool empty = keys.empty();
      for (int64_t d = 0; d < v_dim; ++d) {
        const double value =
            empty ? 0 : static_cast<double>(o[static_cast<size_t>(d)] / denominator);
        const int64_t at = b * i("out_row_stride") + h * i("out_head_stride") + d;
        out.put(
            static_cast<uint64_t>(at) * bytes_of(out_dtype),
            pack(out_dtype, std::vector<uint32_t>{encode(out_dtype, static_cast<float>(value))}));
      }
      float lse = static_cast<float>(p.text("lse") == "flashinfer" ? log2q(sum) : logq(sum));
      if (empty) {
        const bool plus = p.text("lse") == "flashmla" || p.text("lse") == "aiter_reduce";
        lse = plus ? INFINITY : -INFINITY;
      }
      const int64_t at = b * i("lse_row_stride") + h * i("lse_head_stride");
      out_lse.put(static_cast<uint64_t>(at) * 4,
                  pack(Dtype::kF32, std::vector<uint32_t>{encode(Dtype::kF32, lse)}));
    }
  }
  (void)c;
  Outcome outcome;
  outcome.written.push_back({"out", out.take()});
  outcome.written.push_back({"out_lse", out_lse.take()});
  return outcome;
}

std::optional<Verdict> verdict(const Operator& op, const Case& c, const Manifest& manifest,
                               bool skip_last_key) {
  const std::vector<Buffer> buffers = op.buffers(c);
  const std::optional<Outcome> outcome = naive(c, op.launch_params(c), buffers, skip_last_key);
  if (!outcome) return std::nullopt;
  Judge judge(buffers, *outcome);
  op.judge({c, manifest, buffers, *outcome}, judge);
  return judge.finish();
}

TEST(MlaDecode, ExpectsWhatQuadArithmeticGivesOverTheSameBytes) {
  const Operator& op = find_operator("mla_decode");
  const Manifest manifest = Manifest::load("gpu/manifests/mla_decode.json");
  const rc::Gen<Case> domain = op.domain(manifest);
  rc::Random random(1);
  int forgotten = 0, judged = 0;
  for (int n = 0; n < 300; ++n) {
    const Case c = domain(random.split(), 20 + n % 80).value();
    const std::optional<Verdict> right = verdict(op, c, manifest, false);
    if (!right) continue;
    ASSERT_TRUE(right->findings.empty()) << op.summary(c) << "\n"
                                         << right->findings.front().message << "\n"
                                         << to_json(c).dump(1);
    if (right->status == Status::kWeak) continue;
    ++judged;
    forgotten += !verdict(op, c, manifest, true)->findings.empty();
  }
  EXPECT_GT(judged, 100);
  // A key whose weight is below the bound may go unnoticed: scores here are often far apart.
  EXPECT_GT(forgotten, judged * 2 / 3);
}

/// A plan of AITER's: works of 8 words, query tokens in words 2 and 3, pages in 4 and 5.
Buffer plan(const std::vector<std::array<int32_t, 4>>& works) {
  ImageBuilder builder;
  for (size_t w = 0; w < works.size(); ++w) {
    const std::array<int32_t, 8> words = {0,           0,           works[w][0], works[w][1],
                                          works[w][2], works[w][3], 0,           0};
    std::array<uint8_t, sizeof words> bytes;
    std::memcpy(bytes.data(), words.data(), sizeof words);
    builder.put(w * sizeof words, bytes);
  }
  Buffer buffer;
  buffer.name = "work_info";
  buffer.bytes = works.size() * 32;
  buffer.contents = builder.take();
  return buffer;
}

// Three keys for four query tokens: the first one sees none, whether a work of its own says so or
// the plan leaves it out.
TEST(MlaDecodePlan, ATokenWithoutKeysHasOneSplit) {
  Case c = read_corpus_file("corpus/found/aiter_mla/token_without_keys.json").c;
  c.integers.at("context_lens") = {3};
  c.params.set("splits", 2);
  const mla::Shape s(c);
  ASSERT_EQ(s.qlen, 4);
  for (const Buffer& info :
       {plan({{0, 1, 0, 0}, {1, 4, 0, 2}, {1, 4, 2, 3}}), plan({{1, 4, 0, 2}, {1, 4, 2, 3}})}) {
    const std::vector<mla::PlannedRows> rows = mla::planned_rows(s, {info}, 0);
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0].split_starts, std::vector<uint32_t>{0});
    for (size_t token = 1; token < 4; ++token)
      EXPECT_EQ(rows[token].split_starts, (std::vector<uint32_t>{0, 2})) << token;
  }
}

}  // namespace
}  // namespace wavefuzz
