// The boundary of each planted bug that has one is where its source says: at the constant of the
// mutation. The cases are those of the corpus.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;

json boundary(const std::string& plant, const std::string& axis) {
  const CommandResult r =
      wavefuzz("boundary corpus/" + plant + ".json --json --seconds=60 --axis=" + axis);
  EXPECT_EQ(r.exit, 1) << r.out << r.err;
  return json::parse(r.out);
}

std::string words(const std::string& plant, const std::string& axis) {
  const json found = boundary(plant, axis);
  return found["axes"].empty() ? found.dump() : found["axes"][0]["words"].get<std::string>();
}

json corpus_case(const std::string& plant) {
  return json::parse(std::ifstream("corpus/" + plant + ".json"))["case"];
}

struct Edge {
  const char* plant;
  const char* axis;
  const char* words;  // and where it comes from
};

class Edges : public testing::TestWithParam<Edge> {};

TEST_P(Edges, IsTheConstantOfTheMutation) {
  EXPECT_EQ(words(GetParam().plant, GetParam().axis), GetParam().words);
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, Edges,
    testing::Values(
        // Lanes of a wave.
        Edge{"indexer_k_quant_and_cache/amax_over_one_wave", "head_dim",
             "head_dim from 65 (passes at 64)"},
        // Rows of a kernel that is built for gqa 16.
        Edge{"paged_attention_decode/rows_of_16", "gqa", "gqa up to 15 (passes at 16)"},
        Edge{"paged_attention_decode_mfma/rows_of_16", "gqa", "gqa up to 15 (passes at 16)"},
        // All but powers of two.
        Edge{"paged_attention_decode/gqa_power_of_two", "gqa", "gqa 3, 5..7, 9..15"},
        // What 16 bits hold.
        Edge{"paged_attention_decode/page_id_16bit", "first_page",
             "first_page from 65536 (passes at 65535)"},
        // More than one query token.
        Edge{"paged_attention_decode/causal_ignored", "qlen", "qlen from 2 (passes at 1)"},
        Edge{"paged_attention_decode/reduce_by_sequence", "qlen", "qlen from 2 (passes at 1)"},
        // Keys that do not fill their page of 16.
        Edge{"paged_attention_decode/v_tail_not_zeroed", "ctx", "ctx % 16 in 1..15"},
        Edge{"paged_attention_decode/score_tail_unmasked", "ctx", "ctx % 16 in 1..15"},
        // ... of 2.
        Edge{"paged_mqa_logits/tail_mask_missing", "ctx", "ctx % 2 = 1"},
        Edge{"mla_decode/last_page_whole", "ctx", "ctx % 2 = 1"},
        // next_n / 2 atoms, odd numbers above 1.
        Edge{"paged_mqa_logits/next_n_tail_lost", "next_n", "next_n 3, 5, 7"},
        Edge{"paged_mqa_logits/next_n_tail_row", "next_n", "next_n 3, 5, 7"},
        // Rows of an MFMA.
        Edge{"mla_decode_mfma/heads_unmasked", "heads", "heads % 16 in 1..15"},
        // The bin is ranked by its first 256 logits: the 257th of 258 is not there.
        Edge{"top_k_per_row/bin_truncated", "length", "length from 258 (passes at 257)"},
        Edge{"top_k_per_row/bin_truncated", "k", "k = 257 (passes at 256 and 258)"},
        // Slots are unsigned from 0 on.
        Edge{"indexer_k_quant_and_cache/negative_slot_written", "slot",
             "slot up to -1 (passes at 0)"},
        // The second group of 16 columns.
        Edge{"quantise_fp8/group_of_lane", "columns", "columns from 17 (passes at 16)"},
        // Constants that no domain knows: 2304, 700, 448, 65, 4096, 1536, 640, and 10 times 3. What
        // is lost of a longer row or context may be no part of the result, or too little.
        Edge{"paged_mqa_logits/long_request_segment", "width", "width from 2305 (passes at 2304)"},
        Edge{"indexer_k_gather/long_sequence_page", "length", "length from 701 (passes at 700)"},
        Edge{"mla_decode/long_context_tile", "ctx", "ctx from 449 (passes at 448)"},
        Edge{"merge_attn_states/late_token_suffix", "tokens", "tokens from 66 (passes at 65)"},
        Edge{"top_k_per_row/long_row_tail", "length",
             "length 4097..4113 (passes at 4096 and 8191)"},
        Edge{"paged_attention_decode/long_context_key", "ctx",
             "ctx 1537..8192 (passes at 1536 and 16383)"},
        Edge{"quantise_fp8/wide_group_amax", "columns", "columns = 641 (passes at 640 and 642)"},
        Edge{"paged_attention_decode/rows_of_30", "gqa", "gqa = 10 (passes at 9 and 11)"},
        Edge{"paged_attention_decode/rows_of_30", "qlen", "qlen = 3 (passes at 2 and 4)"}),
    [](const testing::TestParamInfo<Edge>& edge) {
      std::string name = std::string(edge.param.plant) + "_" + edge.param.axis;
      std::replace(name.begin(), name.end(), '/', '_');
      return name;
    });

// page * page_stride as a signed number of 32 bits: wrong from 2^31 on.
TEST(Edges32Bit, OfAPageIdIsWhereTheProductNeedsMoreBits) {
  const std::string plant = "indexer_k_gather/page_stride_32bit";
  const int64_t stride = corpus_case(plant)["params"]["page_stride"];
  const int64_t first = ((int64_t{1} << 31) + stride - 1) / stride;
  EXPECT_EQ(words(plant, "first_page"),
            fmt::format("first_page from {} (passes at {})", first, first - 1));
}

TEST(Edges32Bit, OfAStrideIsWhereTheProductNeedsMoreBits) {
  const std::string plant = "indexer_k_quant_and_cache/page_stride_32bit";
  const json c = corpus_case(plant);
  const int64_t page =
      c["tensors"]["slot_mapping"][0].get<int64_t>() / c["params"]["page_size"].get<int64_t>();
  const int64_t unit = 4 * page;  // a page's scales are aligned
  const int64_t stride = ((int64_t{1} << 31) + unit - 1) / unit * 4;
  EXPECT_EQ(words(plant, "page_stride"),
            fmt::format("page_stride from {} (passes at {})", stride, stride - 4));
}

TEST(Boundary, NamesTheAxesThereAre) {
  const CommandResult r = wavefuzz("boundary corpus/quantise_fp8/group_of_lane.json --axis=ctx");
  EXPECT_EQ(r.exit, 2);
  EXPECT_EQ(r.err,
            "wavefuzz: the case has no axis 'ctx'; it has rows, columns, group_columns, x_stride, "
            "codes_stride\n");
}

TEST(Boundary, OfACaseThatPassesIsNone) {
  const std::string file = fresh_folder("boundary") + "/right.json";
  json entry = json::parse(std::ifstream("corpus/quantise_fp8/group_of_lane.json"));
  entry["case"]["kernel"] = "quantise_fp8";
  entry["case"].erase("plant");
  std::ofstream(file) << entry.dump();
  const CommandResult r = wavefuzz("boundary " + file);
  EXPECT_EQ(r.exit, 4) << r.out << r.err;
  EXPECT_THAT(r.out, testing::HasSubstr("pass: quantise_fp8"));
}

TEST(Map, DrawsTheVerdicts) {
  const CommandResult r = wavefuzz(
      "map corpus/paged_attention_decode/gqa_power_of_two.json --axes=gqa:1..16,qlen:0..2");
  EXPECT_EQ(r.exit, 1) << r.err;
  EXPECT_THAT(r.out, testing::HasSubstr("\n   2 |~~#~###~#######~|\n")) << r.out;
}

TEST(Map, RefusesWhatIsNoRange) {
  for (const auto& [axes, message] :
       {std::pair("gqa", "--axes: 'gqa' is not NAME:FIRST..LAST"),
        std::pair("gqa:5..1", "--axes: 'gqa:5..1' is not NAME:FIRST..LAST"),
        std::pair("gqa:1..2,qlen:1..2,ctx:1..2", "--axes: a map has one axis or two")}) {
    const CommandResult r =
        wavefuzz(std::string("map corpus/paged_attention_decode/rows_of_16.json --axes=") + axes);
    EXPECT_EQ(r.exit, 2);
    EXPECT_THAT(r.err, testing::HasSubstr(message));
  }
}

TEST(Map, WritesPictures) {
  const std::string folder = fresh_folder("map");
  const std::string map =
      "map corpus/paged_attention_decode/gqa_power_of_two.json --axes=gqa:1..16 --svg=" + folder +
      "/m.svg --png=" + folder + "/m.png";
  EXPECT_EQ(wavefuzz(map).exit, 1);
  std::ifstream svg_file(folder + "/m.svg"), png_file(folder + "/m.png", std::ios::binary);
  const std::string svg((std::istreambuf_iterator<char>(svg_file)), {});
  const std::string png((std::istreambuf_iterator<char>(png_file)), {});
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  // PNG (ISO/IEC 15948, 5.2 and 11.2.2): the signature, then IHDR with width and height.
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(png.substr(16, 8), std::string("\0\0\0\x80\0\0\0\x08", 8));
}

}  // namespace
}  // namespace wavefuzz
