#include "fuzz/operators/scale_contract.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace wavefuzz {
namespace {

template <typename T>
T choice(const JsonView& view, std::initializer_list<std::pair<const char*, T>> choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (view.text() == name) return value;
    names.push_back(name);
  }
  view.fail(fmt::format("must be one of {}", fmt::join(names, ", ")));
}

/// The cast, and what a NaN becomes where that is no matter of the cast alone.
std::pair<quant::CastPolicy, reference::NanTo> parse_cast(const JsonView& view) {
  using quant::InfInput;
  using quant::NanInput;
  using quant::Overflow;
  view.allow_only({"overflow", "inf", "nan"});
  quant::CastPolicy policy = {};
  policy.overflow = choice<Overflow>(view.at("overflow"), {{"nan", Overflow::kNan},
                                                           {"saturate", Overflow::kSaturate},
                                                           {"infinity", Overflow::kInfinity}});
  policy.inf = choice<InfInput>(view.at("inf"), {{"nan", InfInput::kNan},
                                                 {"saturate", InfInput::kSaturate},
                                                 {"infinity", InfInput::kInfinity}});
  using reference::NanTo;
  using Nan = std::pair<NanInput, NanTo>;
  const Nan nan = choice<Nan>(view.at("nan"),
                              {{"signed", {NanInput::kSignedNan, NanTo::kAsCast}},
                               {"positive", {NanInput::kPositiveNan, NanTo::kAsCast}},
                               {"max", {NanInput::kMaxFinite, NanTo::kAsCast}},
                               {"minus_max", {NanInput::kSignedNan, NanTo::kMinusMax}},
                               {"divisor", {NanInput::kSignedNan, NanTo::kDivisor}},
                               {"minus_divisor", {NanInput::kSignedNan, NanTo::kMinusDivisor}}});
  policy.nan = nan.first;
  return {policy, nan.second};
}

}  // namespace

reference::QuantiseRule parse_scale_rule(const JsonView& numerics, quant::Fp8 format,
                                         bool f16_input, bool ue8m0) {
  using quant::Divide;
  using quant::Floor;
  numerics.allow_only(
      {"divisor", "floor", "floor_place", "scale_by", "quantise_by", "quotient", "cast", "ue8m0"});
  const auto division = [&](const char* field) {
    return choice<Divide>(numerics.at(field),
                          {{"divide", Divide::kDivide}, {"reciprocal", Divide::kReciprocal}});
  };
  quant::ScaleRule rule = {};
  rule.format = format;
  rule.divisor = static_cast<float>(numerics.at("divisor").at(quant::name(format)).number());
  const JsonView floor = numerics.at("floor");
  rule.floor = static_cast<float>(floor.json().is_object() ? floor.at(quant::name(format)).number()
                                                           : floor.number());
  rule.floor_place = choice<Floor>(
      numerics.at("floor_place"),
      {{"none", Floor::kNone}, {"on_amax", Floor::kOnAmax}, {"on_scale", Floor::kOnScale}});
  rule.scale_by = division("scale_by");
  rule.quantise_by = division("quantise_by");
  const bool rounds_half = choice<bool>(numerics.at("quotient"), {{"f32", false}, {"f16", true}});
  const auto [cast, nan] = parse_cast(numerics.at("cast"));
  rule.cast = cast;
  if (rounds_half && f16_input) rule = quant::with_f16_quotient(rule);
  if (ue8m0) rule = quant::with_ue8m0(rule);
  if (ue8m0 && numerics.has("ue8m0")) {
    rule.scale_rounding = choice<quant::ScaleRounding>(
        numerics.at("ue8m0"),
        {{"exponent", quant::ScaleRounding::kUe8m0Up}, {"log2", quant::ScaleRounding::kUe8m0Log2}});
  }
  reference::QuantiseRule result = rule;
  result.nan = nan;
  return result;
}

std::vector<OperatorPage::Entry> scale_contract_page() {
  return {{"divisor", "for each cache dtype, e.g. `{\"e4m3fn\": 448, \"e4m3fnuz\": 224}`"},
          {"floor", "e.g. `1e-4`, or one for each cache dtype"},
          {"floor_place", "`none`, `on_amax` or `on_scale`"},
          {"scale_by", "`divide` or `reciprocal`: amax / M or amax * (1 / M)"},
          {"quantise_by", "`divide` or `reciprocal`: x / scale or x * (1 / scale)"},
          {"quotient", "`f32`, or `f16` when half input is rounded to half before the cast"},
          {"cast",
           "`overflow` and `inf`: `nan`, `saturate`, `infinity`; `nan`: `signed`, `positive`, "
           "`max`, `minus_max`, `divisor`, `minus_divisor` (what a clamp makes of NaN)"},
          {"ue8m0",
           "`exponent` (if left out): by exponent bits, at most 2^127; `log2`: exp2(ceil(log2 s)), "
           "which leaves infinity as it is"}};
}

}  // namespace wavefuzz
