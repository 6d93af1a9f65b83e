// `wavefuzz manifest`: a mistake in a manifest gives a line that names the field, before anyone
// looks for it in the kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "tests/command.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::string kMerge = "merge_attn_states";
const std::string kWriter = "indexer_k_quant_and_cache";
const std::string kQuantise = "quantise_fp8";

json in_tree(const std::string& kernel) {
  std::ifstream in("gpu/manifests/" + kernel + ".json");
  return json::parse(in);
}

std::string write(const json& document, const std::string& name) {
  const std::string path = testing::TempDir() + "/" + name + ".json";
  std::ofstream(path) << document.dump(1);
  return path;
}

/// The field of that name in a kernarg list.
json& field(json& kernarg, const std::string& name) {
  for (json& item : kernarg) {
    if (item["name"] == name) return item;
  }
  throw std::out_of_range(name);
}
json& field_of(json& manifest, const std::string& name) { return field(manifest["kernarg"], name); }

void erase(json& kernarg, const std::string& name) {
  for (size_t i = 0; i < kernarg.size(); ++i)
    if (kernarg[i]["name"] == name) return void(kernarg.erase(i));
  throw std::out_of_range(name);
}

/// One mistake in a manifest of the tree, and what the line about it says.
struct Mistake {
  const char* name;
  std::string kernel;
  std::function<void(json&)> make;
  std::vector<std::string> said;  ///< of one line, all of these
};

void PrintTo(const Mistake& m, std::ostream* out) { *out << m.name; }

/// What the metadata, the operator's page or the manifest itself contradicts. Nothing runs.
const Mistake kStatic[] = {
    {"offsets_exchanged",
     kMerge,
     [](json& m) {
       field_of(m, "out_lse")["offset"] = 48;
       field_of(m, "suffixes")["offset"] = 40;
     },
     {"kernarg 'out_lse'", "type ptr", "offset 48", "by_value"}},
    {"offset_inside_another",
     kMerge,
     [](json& m) {
       erase(m["kernarg"], "copy_prefix");
       erase(m["kernarg"], "empty_plus_inf");
       erase(m["kernarg"], "out_lse_head");
       field_of(m, "out_lse_token")["offset"] = 156;
     },
     {"kernarg 'out_lse_token'", "offset 156 is inside of argument 19"}},
    {"offset_outside",
     kMerge,
     [](json& m) {
       m["kernarg"].push_back({{"name", "x"}, {"offset", 4000}, {"type", "i32"}, {"value", 1}});
     },
     {"kernarg 'x'", "offset 4000", "outside of the kernarg segment"}},
    {"overlap",
     kMerge,
     [](json& m) { field_of(m, "head_dim")["offset"] = 170; },
     {"overlaps", "head_dim"}},
    {"value_for_pointer",
     kMerge,
     [](json& m) {
       json& f = field_of(m, "out_lse");
       f = {{"name", "out_lse"}, {"offset", 40}, {"type", "i64"}, {"value", "tokens"}};
     },
     {"kernarg 'out_lse'", "type i64", "is a pointer"}},
    {"size",
     kMerge,
     [](json& m) { field_of(m, "suffixes")["type"] = "i32"; },
     {"kernarg 'suffixes'", "type i32 has 4 bytes", "8 bytes"}},
    {"missing_kernarg",
     kMerge,
     [](json& m) { erase(m["kernarg"], "out_lse"); },
     {"kernarg: nothing fills argument 5", "offset 40"}},
    {"misspelt_field",
     kMerge,
     [](json& m) { field_of(m, "out_lse")["bufer"] = "out_lse"; },
     {"kernarg[5].bufer", "unknown"}},
    {"symbol",
     kMerge,
     [](json& m) { m["symbol"] = "merge_attn_state_{o_dtype}_{out_dtype}"; },
     {"symbol: there is no kernel 'merge_attn_state_bf16_bf16'",
      "did you mean 'merge_attn_states_bf16_bf16'?", "merge_attn_states_f32_f32"}},
    {"stand_in",
     kMerge,
     [](json& m) { m["symbol"] = "merge_attn_states_{o_type}_{out_dtype}"; },
     {"symbol", "'{o_type}' stands for no parameter", "'o_dtype'"}},
    {"code_object",
     kMerge,
     [](json& m) { m["code_object"] = "gpu/kernels/merge.{arch}.co"; },
     {"code_object: there is no file", "gpu/kernels/merge.gfx942.co"}},
    {"arch_of_object",
     kMerge,
     [](json& m) { m["code_object"] = "gpu/kernels/merge_attn_states.gfx942.co"; },
     {"arches: claims gfx950", "built for gfx942"}},
    {"arch_unknown",
     kMerge,
     [](json& m) {
       m["arches"] = {"gfx942", "gfx90a"};
     },
     {"arches: 'gfx90a'"}},
    {"block_too_large",
     kMerge,
     [](json& m) {
       m["launch"]["group_size"] = {128, 1, 1};
     },
     {"group_size: is 128 x 1 x 1", "at most 64"}},
    {"lds",
     kMerge,
     [](json& m) { m["launch"]["dynamic_lds_bytes"] = 65537; },
     {"dynamic_lds_bytes", "65537", "65536 of gfx942"}},
    {"buffer",
     kMerge,
     [](json& m) { field_of(m, "out")["buffer"] = "output"; },
     {"kernarg 'out': there is no buffer 'output'"}},
    {"parameter",
     kMerge,
     [](json& m) { field_of(m, "head_dim")["value"] = "head_dims"; },
     {"kernarg 'head_dim'", "'head_dims'", "did you mean 'head_dim'?"}},
    {"expression", kMerge, [](json& m) { m["require"] = {"heads %"}; }, {"require", "'heads %'"}},
    {"claim_unknown",
     kMerge,
     [](json& m) {
       m["claims"]["head_dims"] = {{"min", 1}, {"max", 2}};
     },
     {"claims.head_dims", "did you mean 'head_dim'?"}},
    {"claim_of_nothing",
     kMerge,
     [](json& m) { m["require"] = {"heads > 256"}; },
     {"claims: no case inside the claims"}},
    {"claim_of_a_choice",
     kMerge,
     [](json& m) { m["claims"]["producer"].push_back("fa4"); },
     {"claims.producer", "'fa4'"}},
    {"numerics",
     kMerge,
     [](json& m) { m["numerics"]["exp_ulp"] = 1; },
     {"numerics.exp_ulp", "did you mean 'exp_ulps'?"}},
    {"planted",
     kMerge,
     [](json& m) {
       m["planted"].push_back({{"name", "unbuilt"}, {"summary", "s"}, {"history", "h"}});
     },
     {"planted 'unbuilt': there is no file", "merge_attn_states.unbuilt.gfx942.co"}},
};

/// What only running shows: cases fail as if the kernel were wrong.
const Mistake kRunning[] = {
    {"stride_in_bytes",
     kMerge,
     [](json& m) { field_of(m, "prefix_token")["value"] = "prefix_token_stride * 4"; },
     {"kernarg 'prefix_token'", "all pass when it is in elements (value / 4)"}},
    {"stride_in_elements",
     kWriter,
     [](json& m) { field_of(m, "page_stride")["value"] = "page_stride / 2"; },
     {"kernarg 'page_stride'", "all pass when it is in bytes (value * 2)"}},
    {"stride_of_another",
     kMerge,
     [](json& m) { field_of(m, "suffix_head")["value"] = "prefix_head_stride"; },
     {"kernarg 'suffix_head'", "all pass when it is 'suffix_head_stride'"}},
    {"buffers_exchanged",
     kMerge,
     [](json& m) {
       field_of(m, "prefix_o")["buffer"] = "suffix_o";
       field_of(m, "suffix_o")["buffer"] = "prefix_o";
     },
     {"kernarg 'prefix_o' and 'suffix_o'", "exchanged"}},
    {"grid_axes",
     kMerge,
     [](json& m) {
       m["launch"]["groups"] = {"heads", "tokens", 1};
     },
     {"groups", "all pass when x and y are exchanged"}},
    {"grid_too_small",
     kMerge,
     [](json& m) {
       m["launch"]["groups"] = {"tokens", "heads - 1", 1};
     },
     {"groups[1]", "one more (value + 1)"}},
    {"grid_too_large",
     kMerge,
     [](json& m) {
       m["launch"]["groups"] = {"tokens + 1", "heads", 1};
     },
     {"groups[0]", "one less (value - 1)"}},
    {"block_too_small",
     kQuantise,
     [](json& m) {
       m["launches"][1]["group_size"] = {64, 1, 1};
     },
     {"launch 'quantise' group_size[0]", "all pass when it is 128"}},
    {"claim_too_wide",
     kMerge,
     [](json& m) { m["symbol"] = "merge_attn_states_bf16_{out_dtype}"; },
     {"claims.o_dtype", "cases fail with f32 and pass with bf16", "the claim may be too wide"}},
    {"numerics_of_another",
     kQuantise,
     [](json& m) {
       m["numerics"]["divisor"] = {{"e4m3fn", 240}, {"e4m3fnuz", 240}};
     },
     // A given scale has no divisor.
     {"claims.granularity", "cases fail with group, tensor, token and pass with static",
      "the numerics contract"}},
};

class AMistake : public testing::TestWithParam<Mistake> {};

TEST_P(AMistake, IsNamedInOneLine) {
  const Mistake& mistake = GetParam();
  json document = in_tree(mistake.kernel);
  mistake.make(document);
  const std::string path = write(document, mistake.name);
  const CommandResult r = wavefuzz("manifest check " + path);
  EXPECT_EQ(r.err, "");
  bool said = false;
  for (const std::string& line : r.out_lines()) {
    EXPECT_TRUE(line.starts_with(path + ": ")) << line;
    bool all = true;
    for (const std::string& text : mistake.said) all &= line.find(text) != std::string::npos;
    said |= all;
  }
  EXPECT_TRUE(said) << r.out;
  // Where some cases pass, the kernel may be to blame as well: a note.
  const bool doubtful = r.out.find(": note: ") != std::string::npos;
  EXPECT_EQ(r.exit, doubtful ? 0 : 1) << r.out;
}

std::string name_of(const testing::TestParamInfo<Mistake>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(InTheText, AMistake, testing::ValuesIn(kStatic), name_of);
INSTANTIATE_TEST_SUITE_P(ThatOnlyRunningShows, AMistake, testing::ValuesIn(kRunning), name_of);

TEST(ManifestCheck, AgreesWithTheTree) {
  std::string files;
  for (const auto& entry : std::filesystem::directory_iterator("gpu/manifests")) {
    if (entry.path().extension() == ".json") files.append(" ").append(entry.path().string());
  }
  const CommandResult r = wavefuzz("manifest check --json" + files);
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  const json document = json::parse(r.out);
  for (const json& m : document["manifests"]) {
    EXPECT_TRUE(m["agrees"]) << m;
    EXPECT_EQ(m["remarks"], json::array()) << m;
    EXPECT_GT(m["kernels"], 0) << m;
    EXPECT_GT(m["cases"], 0) << m;
    EXPECT_EQ(m["failed"], 0) << m;
  }
}

TEST(ManifestCheck, DemandsTheDisagreementThatIsDeclared) {
  const json declared = {{{"field", "kernarg 'out_token'"}, {"why", "for this test"}}};
  json wrong = in_tree(kMerge);
  field_of(wrong, "out_token")["value"] = "out_token_stride * 2";
  EXPECT_EQ(wavefuzz("manifest check " + write(wrong, "undeclared")).exit, 1);
  wrong["disagrees"] = declared;
  const CommandResult r = wavefuzz("manifest check " + write(wrong, "declared"));
  EXPECT_EQ(r.exit, 0) << r.out;
  EXPECT_THAT(r.out, HasSubstr("note: kernarg 'out_token': wrong on purpose (for this test)"));

  json right = in_tree(kMerge);
  right["disagrees"] = declared;
  const CommandResult none = wavefuzz("manifest check " + write(right, "not_so"));
  EXPECT_EQ(none.exit, 1);
  EXPECT_THAT(none.out, HasSubstr("kernarg 'out_token' is said to be wrong, and nothing"));
}

TEST(ManifestCheck, SharesItsTimeAmongTheKernelsOfAFile) {
  json document = in_tree(kMerge);
  document["kernel"] = "merge_{number}";
  document["variants"] = json::array();
  for (int i = 0; i < 20; ++i) document["variants"].push_back({{"number", std::to_string(i)}});
  const CommandResult r =
      wavefuzz("manifest check --json --seconds=80 " + write(document, "twenty"));
  EXPECT_EQ(r.exit, 0) << r.out << r.err;
  const json reports = json::parse(r.out)["manifests"];
  ASSERT_EQ(reports.size(), 20u);
  for (size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i]["kernel"], "merge_" + std::to_string(i));
    EXPECT_EQ(reports[i]["budget"], 4);
    EXPECT_GE(reports[i]["cases"], 6);  // three of each arch at least
  }
}

TEST(ManifestCheck, ReportsEveryDisagreement) {
  json document = in_tree(kMerge);
  field_of(document, "out")["buffer"] = "output";
  document["claims"]["head_dims"] = {{"min", 1}, {"max", 2}};
  document["require"] = {"heads %"};
  erase(document["kernarg"], "out_lse");
  const CommandResult r = wavefuzz("manifest check " + write(document, "four"));
  EXPECT_EQ(r.exit, 1);
  EXPECT_THAT(r.out, AllOf(HasSubstr("'output'"), HasSubstr("head_dims"), HasSubstr("'heads %'"),
                           HasSubstr("nothing fills argument 5"), HasSubstr("4 disagreements")));
}

TEST(ManifestCheck, SaysWhichFolderOfCodeObjectsItLacks) {
  json document = in_tree(kMerge);
  document["root"] = "hsa";
  const CommandResult r =
      shell("unset AITER_HSA; fuzz/wavefuzz manifest check " + write(document, "elsewhere"));
  EXPECT_EQ(r.exit, 5) << r.out << r.err;
  EXPECT_THAT(r.out, HasSubstr("--hsa=DIR"));
}

TEST(ManifestNew, FillsInWhatTheMetadataSay) {
  const json wanted = in_tree(kMerge);
  std::string names;
  for (const json& f : wanted["kernarg"])
    names.append(names.empty() ? "" : ",").append(f["name"].get<std::string>());
  const CommandResult r = wavefuzz(
      "manifest new gpu/kernels/merge_attn_states.gfx942.co "
      "--symbol=merge_attn_states_f32_f32 --operator=merge_attn_states --names=" +
      names);
  ASSERT_EQ(r.exit, 0) << r.err;
  const json made = json::parse(r.out);
  EXPECT_EQ(made["operator"], kMerge);
  EXPECT_EQ(made["symbol"], "merge_attn_states_f32_f32");
  EXPECT_EQ(made["code_object"], "merge_attn_states.{arch}.co");
  EXPECT_EQ(made["arches"], wanted["arches"]);
  ASSERT_EQ(made["kernarg"].size(), wanted["kernarg"].size());
  for (size_t i = 0; i < wanted["kernarg"].size(); ++i) {
    for (const char* part : {"name", "offset", "type"})
      EXPECT_EQ(made["kernarg"][i][part], wanted["kernarg"][i][part]) << i;
    // Every buffer of this kernel is named as the operator's.
    if (wanted["kernarg"][i]["type"] == "ptr") {
      EXPECT_EQ(made["kernarg"][i]["buffer"],
                wanted["kernarg"][i].value("buffer", wanted["kernarg"][i]["name"]));
    }
  }
  for (const auto& [name, claim] : wanted["claims"].items())
    EXPECT_TRUE(made["claims"].contains(name)) << name;
}

TEST(ManifestNew, LeavesNothingOpenThatCheckDoesNotName) {
  const CommandResult made = wavefuzz(
      "manifest new gpu/kernels/merge_attn_states.gfx942.co --symbol=merge_attn_states_f32_f32");
  ASSERT_EQ(made.exit, 0) << made.err;
  size_t open = 0;
  const std::function<void(const json&)> count = [&](const json& value) {
    if (value.is_string()) open += value.get<std::string>().find("TODO") != std::string::npos;
    if (value.is_structured())
      for (const json& item : value) count(item);
  };
  const json document = json::parse(made.out);
  count(document);
  EXPECT_GT(open, 20u);
  const CommandResult r = wavefuzz("manifest check " + write(document, "skeleton"));
  EXPECT_EQ(r.exit, 1);
  EXPECT_EQ(r.err, "");
  EXPECT_EQ(r.out_lines().size(), open + 1) << r.out;
  EXPECT_THAT(r.out, AllOf(HasSubstr("operator: TODO"), HasSubstr("'argument_0'.buffer: TODO"),
                           HasSubstr("launch.groups[0]: TODO"), HasSubstr("numerics.TODO: TODO")));
}

/// A skeleton of a kernel of gpu/sim/testdata/arguments.hip.
json skeleton(const std::string& symbol) {
  const CommandResult r =
      wavefuzz("manifest new gpu/sim/testdata/arguments.gfx942.co --symbol=" + symbol);
  EXPECT_EQ(r.exit, 0) << r.err;
  return json::parse(r.out);
}

/// What `manifest check` says of the arguments of that kernel, given a manifest's kernarg.
std::vector<std::string> said_of(const std::string& symbol, const json& kernarg) {
  json m = in_tree(kQuantise);
  m["code_object"] = "gpu/sim/testdata/arguments.{arch}.co";
  m["symbol"] = symbol;
  m["kernarg"] = kernarg;
  m["launch"] = {{"groups", {1, 1, 1}}, {"group_size", {64, 1, 1}}};
  m.erase("launches");
  m.erase("planted");
  m.erase("planted_code_object");
  const CommandResult r = wavefuzz("manifest check --cases=0 " + write(m, "arguments"));
  std::vector<std::string> lines;
  for (const std::string& line : r.out_lines())
    if (line.find("kernarg") != std::string::npos) lines.push_back(line);
  return lines;
}

/// The kernarg of a skeleton with something in the place of each TODO.
json filled_in(json kernarg) {
  for (json& f : kernarg) {
    if (f["type"] == "ptr") {
      f["buffer"] = "codes";
    } else if (f["type"] == "bytes") {  // "TODO: 3 bytes; ..."
      const std::string todo = f["value"][0].get<std::string>();
      f["value"] = std::vector<int>(std::stoul(todo.substr(todo.find(' '))), 1);
    } else {
      f["value"] = 1;
    }
  }
  return kernarg;
}

TEST(ManifestNew, ArgumentsOfEverySizeStandWhereTheyAreAndCheckAgrees) {
  struct Field {
    uint32_t offset;
    std::string type;
  };
  const std::pair<const char*, std::vector<Field>> kernels[] = {
      {"bytes", {{0, "ptr"}, {8, "u8"}, {9, "u8"}, {10, "u8"}}},
      {"shorts", {{0, "ptr"}, {8, "i16"}, {10, "u8"}, {12, "i16"}}},
      {"structs", {{0, "ptr"}, {8, "bytes"}, {12, "i64"}, {20, "bytes"}}},
      {"halves", {{0, "ptr"}, {8, "i16"}, {16, "i64"}, {24, "i32"}}},
  };
  for (const auto& [symbol, fields] : kernels) {
    const json kernarg = skeleton(symbol)["kernarg"];
    ASSERT_EQ(kernarg.size(), fields.size()) << symbol;
    for (size_t i = 0; i < fields.size(); ++i) {
      EXPECT_EQ(kernarg[i]["offset"], fields[i].offset) << symbol;
      EXPECT_EQ(kernarg[i]["type"], fields[i].type) << symbol << " " << i;
    }
    EXPECT_THAT(said_of(symbol, filled_in(kernarg)), testing::IsEmpty()) << symbol;
  }
}

TEST(ManifestNew, CheckKnowsTheMembersOfAStructAndTheirNeighbours) {
  json kernarg = filled_in(skeleton("structs")["kernarg"]);
  // { int8_t a; uint16_t b; int c; } has the size of a number.
  const json a = {{"name", "a"}, {"offset", 12}, {"type", "i8"}, {"value", 1}};
  const json b = {{"name", "b"}, {"offset", 14}, {"type", "u16"}, {"value", 1}};
  const json c = {{"name", "c"}, {"offset", 16}, {"type", "i32"}, {"value", 1}};
  kernarg.erase(2);
  kernarg.insert(kernarg.begin() + 2, {a, b, c});
  EXPECT_THAT(said_of("structs", kernarg), testing::IsEmpty());
  kernarg.erase(4);
  EXPECT_THAT(said_of("structs", kernarg),
              Contains(AllOf(HasSubstr("nothing fills offset 16"), HasSubstr("8 bytes"))));

  // A dword where three bytes stand side by side.
  json bytes = filled_in(skeleton("bytes")["kernarg"]);
  bytes.erase(2);
  bytes.erase(2);
  bytes[1]["type"] = "i32";
  EXPECT_THAT(said_of("bytes", bytes),
              Contains(AllOf(HasSubstr("type i32 has 4 bytes"), HasSubstr("offset 9"))));
}

TEST(ManifestNew, NamesTheKernelsOfAnObjectWithSeveral) {
  const CommandResult r = wavefuzz("manifest new gpu/kernels/merge_attn_states.gfx942.co");
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, AllOf(HasSubstr("--symbol"), HasSubstr("merge_attn_states_bf16_f32")));
}

TEST(ManifestNew, RefusesWhatIsNoCodeObject) {
  const CommandResult r = wavefuzz("manifest new gpu/manifests/merge_attn_states.json");
  EXPECT_EQ(r.exit, 2);
  EXPECT_THAT(r.err, HasSubstr("not an ELF file"));
}

}  // namespace
}  // namespace wavefuzz
