#include "fuzz/attention_contract.h"

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
  view.fail("must be f32, bf16, f16 or fp8");
}

}  // namespace

AttentionNumerics parse_attention_numerics(const Manifest& manifest) {
  const JsonView view(manifest.numerics, manifest.file + " numerics");
  view.allow_only({"score_block", "pv_block", "scale_roundings", "tile", "sum_lanes", "exp_ulps",
                   "log_ulps", "rcp_ulps", "p", "p_scale", "p_divisor", "p_amax_floor",
                   "p_truncate", "partial", "half_away", "denominator_bias"});
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
  read_positive("p_divisor", n.p_divisor);
  read_positive("p_amax_floor", n.p_amax_floor);
  if (view.has("p_truncate")) n.p_truncate = view.at("p_truncate").boolean();
  if (view.has("partial")) n.partial = float_format(view.at("partial"));
  if (view.has("half_away")) n.half_away = view.at("half_away").boolean();
  read_positive("denominator_bias", n.denominator_bias);
  return n;
}

std::vector<OperatorPage::Entry> attention_numerics_fields() {
  return {
      {"score_block, pv_block", "products that one step of an accumulation sums; 1: f32 chains"},
      {"scale_roundings",
       "f32 roundings of a score after the dot product, scales of K and Q apart"},
      {"tile", "keys per step of the online softmax"},
      {"sum_lanes", "chains of the denominator's sum"},
      {"exp_ulps, log_ulps, rcp_ulps", "of the machine's instructions; 1"},
      {"p", "what P is rounded to before it meets V: f32, bf16, f16, fp8"},
      {"p_scale", "fp8: what P is multiplied by before the cast"},
      {"p_divisor, p_amax_floor",
       "fp8: P is multiplied by p_divisor / max(p_amax_floor, largest of the tile) instead"},
      {"p_truncate", "the cast of P rounds towards zero"},
      {"partial", "what partial outputs of splits are stored as: f32, bf16, f16"},
      {"half_away", "ties of the output round away from zero"},
      {"denominator_bias", "added to the denominator"},
  };
}

}  // namespace wavefuzz
