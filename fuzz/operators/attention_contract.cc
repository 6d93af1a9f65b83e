#include "fuzz/operators/attention_contract.h"

#include <string>

#include "gpu/json_view.h"

namespace wavefuzz {
namespace {

using reference::AttentionNumerics;
using reference::FloatFormat;
using reference::PFormat;

double positive(const JsonView& view) {
  const double value = view.number();
  if (!(value > 0)) view.fail("must be positive");
  return value;
}

uint32_t count(const JsonView& view) {
  const int64_t value = view.integer();
  if (value < 1 || value > 1 << 20) view.fail("must be 1..2^20");
  return static_cast<uint32_t>(value);
}

FloatFormat float_format(const JsonView& view) {
  const std::string text = view.text();
  if (text == "f32") return FloatFormat::kF32;
  if (text == "bf16") return FloatFormat::kBf16;
  if (text == "f16") return FloatFormat::kF16;
  view.fail("must be f32, bf16 or f16");
}

PFormat p_format(const JsonView& view) {
  const std::string text = view.text();
  if (text == "f32") return PFormat::kF32;
  if (text == "bf16") return PFormat::kBf16;
  if (text == "f16") return PFormat::kF16;
  if (text == "fp8") return PFormat::kFp8;
  if (text == "int8") return PFormat::kInt8;
  view.fail("must be f32, bf16, f16, fp8 or int8");
}

}  // namespace

AttentionNumerics parse_attention_numerics(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  view.allow_only({"score_block", "pv_block",     "scale_roundings",  "tile",
                   "sum_lanes",   "exp_ulps",     "log_ulps",         "rcp_ulps",
                   "p",           "p_scale",      "p_divisor",        "p_amax_floor",
                   "p_amax_bias", "p_truncate",   "p_tail_bf16",      "partial",
                   "half_away",   "f16_truncate", "denominator_bias", "q",
                   "q_divisor",   "q_amax_floor", "q_truncate",       "split_chunk",
                   "qlen_paths"});
  AttentionNumerics n;
  const auto read_count = [&](const char* name, uint32_t& to) {
    if (view.has(name)) to = count(view.at(name));
  };
  const auto read_positive = [&](const char* name, double& to) {
    if (view.has(name)) to = positive(view.at(name));
  };
  read_count("score_block", n.score_block);
  read_count("pv_block", n.pv_block);
  read_count("scale_roundings", n.scale_roundings);
  n.tile = count(view.at("tile"));
  read_count("sum_lanes", n.sum_lanes);
  read_positive("exp_ulps", n.exp_ulps);
  read_positive("log_ulps", n.log_ulps);
  read_positive("rcp_ulps", n.rcp_ulps);
  n.p = p_format(view.at("p"));
  read_positive("p_scale", n.p_scale);
  if (view.has("p_divisor") && view.at("p_divisor").json() == "max") {
    n.p_divisor = kDivisorOfFormat;
  } else {
    read_positive("p_divisor", n.p_divisor);
  }
  read_positive("p_amax_floor", n.p_amax_floor);
  read_positive("p_amax_bias", n.p_amax_bias);
  const auto read_boolean = [&](const char* name, bool& to) {
    if (view.has(name)) to = view.at(name).boolean();
  };
  read_boolean("p_truncate", n.p_truncate);
  read_boolean("p_tail_bf16", n.p_tail_bf16);
  if (view.has("partial")) n.partial = float_format(view.at("partial"));
  read_boolean("half_away", n.half_away);
  read_boolean("f16_truncate", n.output_truncate);
  read_positive("denominator_bias", n.denominator_bias);
  return n;
}

QueryCast parse_query_cast(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  QueryCast cast;
  if (!view.has("q")) {
    for (const char* name : {"q_divisor", "q_amax_floor", "q_truncate"})
      if (view.has(name)) view.at(name).fail("goes with 'q'");
    return cast;
  }
  const std::string to = view.at("q").text();
  if (to != "fp8" && to != "int8") view.at("q").fail("must be fp8 or int8");
  cast.to = to == "fp8" ? QueryCast::To::kFp8 : QueryCast::To::kInt8;
  if (view.has("q_divisor")) cast.divisor = positive(view.at("q_divisor"));
  if (view.has("q_amax_floor")) cast.amax_floor = positive(view.at("q_amax_floor"));
  if (view.has("q_truncate")) cast.truncate = view.at("q_truncate").boolean();
  return cast;
}

uint32_t parse_split_chunk(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  return view.has("split_chunk") ? count(view.at("split_chunk")) : 0;
}

bool parse_qlen_paths(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  return view.has("qlen_paths") && view.at("qlen_paths").boolean();
}

std::vector<OperatorPage::Entry> attention_numerics_fields(const OperatorPage::Entry& own) {
  return {
      {"score_block, pv_block", "products that one step of an accumulation sums; 1: f32 chains"},
      {"scale_roundings",
       "f32 roundings of a score after the dot product, scales of K and Q apart"},
      {"tile", "keys per step of the online softmax"},
      {"sum_lanes", "chains of the denominator's sum"},
      {"exp_ulps, log_ulps, rcp_ulps", "of the machine's instructions; 1"},
      {"q", "what the kernel quantises Q to, a row at a time: fp8 (the cache's), int8"},
      {"q_divisor", "what the largest of a row becomes; the largest value of the format"},
      {"q_amax_floor, q_truncate",
       "the least amax of a row, 1e-6; the cast of Q rounds towards zero"},
      {"p", "what P is rounded to before it meets V: f32, bf16, f16, fp8, int8"},
      {"p_scale", "fp8: what P is multiplied by before the cast"},
      {"p_divisor, p_amax_floor",
       "fp8, int8: P is multiplied by p_divisor / max(p_amax_floor, largest of the tile) instead; "
       "max: by the format's largest value / ..."},
      {"p_amax_bias",
       "added to the largest of the tile, which the kernel works out from the largest score, in "
       "the "
       "place of the floor"},
      {"p_truncate", "the cast of P rounds towards zero"},
      {"p_tail_bf16", "in a last tile that is not whole, P is truncated to bf16 instead"},
      {"partial", "what partial outputs of splits are stored as: f32, bf16, f16"},
      {"half_away", "ties of the output round away from zero"},
      {"f16_truncate", "an f16 output rounds towards zero"},
      {"denominator_bias", "added to the denominator"},
      own,
  };
}

}  // namespace wavefuzz
