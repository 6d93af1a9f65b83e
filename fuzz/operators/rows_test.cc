// A parameter of an operator is declared once: its name stands in quotes in its row, and at most
// once more.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "fuzz/operators/operator.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

namespace fs = std::filesystem;

/// What the files of an operator are named after.
const std::map<std::string, std::string> kFiles = {
    {"indexer", "indexer."},
    {"indexer_k_gather", "indexer_k_gather"},
    {"indexer_k_quant_and_cache", "indexer_k_writer"},
    {"merge_attn_states", "merge_attn_states"},
    {"mla_decode", "mla_decode"},
    {"normalise_fn_to_fnuz", "quantise_fp8"},
    {"paged_attention_decode", "paged_attention"},
    {"paged_mqa_logits", "paged_mqa_logits"},
    {"quantise_fp8", "quantise_fp8"},
    {"rms_norm_fp8", "rms_norm_fp8"},
    {"top_k_per_row", "top_k_per_row"},
};

/// The text of an operator's files.
std::string sources_of(const std::string& op) {
  std::string text;
  for (const auto& entry : fs::directory_iterator("fuzz/operators")) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kFiles.at(op)) || name.find("_test.") != std::string::npos) continue;
    std::ifstream file(entry.path());
    text.append(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

size_t count(const std::string& text, const std::string& word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

class Rows : public testing::TestWithParam<const Operator*> {};

TEST_P(Rows, EachNameStandsInQuotesAtMostTwice) {
  const Operator& op = *GetParam();
  const std::string text = sources_of(op.name());
  ASSERT_FALSE(text.empty());
  const auto buffers = op.page().buffers;
  const auto schema = op.table().schema();
  EXPECT_FALSE(schema["properties"].empty());
  for (const auto& [name, row] : schema["properties"].items()) {
    // A tensor may have the name of a parameter; the page gives it as a dtype; it may be a choice.
    size_t others = name == "rope" ? 3 : 0;
    for (const auto& buffer : buffers) {
      if (buffer.name == name) others = text.size();
      if (buffer.dtype == name) ++others;
    }
    for (const auto& other : schema["properties"]) {
      const auto choices = other.value("enum", std::vector<std::string>());
      if (std::count(choices.begin(), choices.end(), name) != 0) others += 2;
    }
    EXPECT_LE(count(text, '"' + name + '"'), 2u + others) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, Rows, testing::ValuesIn(operators()),
                         [](const auto& info) { return info.param->name(); });

// What a row is for, on one that has all of it.
const Integer kColumns = {.name = "columns",
                          .meaning = "of x",
                          .min = 1,
                          .max = 100,
                          .plain = 1,
                          .usual = {1, 8, 64},
                          .axis = true};
const Integer kStride = {.name = "stride",
                         .meaning = "elements",
                         .plain = [](const Case& c) { return kColumns.of(c); },
                         .unclaimed = Unclaimed::kAny,
                         .least = [](const Case& c) { return kColumns.of(c); }};
const Choice kLayout = {.name = "layout",
                        .meaning = "of the pages",
                        .choices = {"normal", "shuffle"},
                        .plain = "normal",
                        .unclaimed = Unclaimed::kPlain};
const ParameterTable kTable = {kColumns, kStride, kLayout};

Case a_case(int64_t columns, int64_t stride, const std::string& layout) {
  Case c;
  kColumns.set(c, columns);
  kStride.set(c, stride);
  kLayout.set(c, layout);
  return c;
}

TEST(ParameterTable, FillsInWhatACaseLeavesOut) {
  Case c;
  kColumns.set(c, 8);
  kTable.complete(c);
  EXPECT_EQ(c, a_case(8, 8, "normal"));
}

TEST(ParameterTable, NamesWhatIsPlain) {
  EXPECT_EQ(kTable.plain(a_case(8, 8, "normal")), (std::vector<std::string>{"stride", "layout"}));
  EXPECT_EQ(kTable.plain(a_case(1, 8, "shuffle")), std::vector<std::string>{"columns"});
}

TEST(ParameterTable, ShrinksToThePlainCase) {
  Case c = a_case(8, 12, "shuffle");
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<Step> steps;
    kTable.simpler(steps, c, [](Case& d) { kTable.repair(d); });
    for (const Step& step : steps) {
      Case d = c;
      step(d);
      EXPECT_GE(kStride.of(d), kColumns.of(d));
      if (d == c || changed) continue;
      c = d;
      changed = true;
    }
  }
  EXPECT_EQ(c, a_case(1, 1, "normal"));
}

TEST(ParameterTable, AClaimThatIsLeftOutIsThePlainOne) {
  Manifest m;
  m.claims["columns"].min = m.claims["columns"].max = 8;
  kTable.check(m);
  kTable.complete_claims(m);
  EXPECT_EQ(m.claims.at("layout").choices, std::vector<std::string>{"normal"});
  EXPECT_FALSE(m.claims.contains("stride"));  // any
}

TEST(ParameterTable, DrawsInsideTheClaim) {
  Manifest m;
  Claim& columns = m.claims["columns"];
  columns.min = 8;
  columns.max = 64;
  Claim& stride = m.claims["stride"];
  stride.min = 64;
  stride.max = 96;
  stride.multiple_of = 32;
  m.claims["layout"].choices = {"shuffle"};
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Draw draw(rc::Random(seed), 50);
    Case c;
    const int64_t value = kColumns.draw(draw, m, c);
    EXPECT_TRUE(value == 8 || value == 64) << value;
    const int64_t held = kStride.set_inside(m, c, value + 1);
    EXPECT_TRUE(held == 64 || held == 96) << held;
    EXPECT_EQ(kLayout.draw(draw, m, c, {{9, "normal"}, {1, "shuffle"}}), "shuffle");
  }
}

TEST(ParameterTable, RefusesAClaimThatTheOperatorDoesNotHave) {
  Manifest m;
  m.file = "m.json";
  const auto error = [&] {
    try {
      kTable.check(m);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(error(), "m.json: field 'claims.columns' is missing");
  m.claims["columns"].min = m.claims["columns"].max = 8;
  m.claims["layout"].choices = {"tiled"};
  EXPECT_EQ(error(),
            "m.json: field 'claims.layout' names 'tiled', which the operator does not have");
}

}  // namespace
}  // namespace wavefuzz
