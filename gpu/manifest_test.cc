#include "gpu/manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json small_manifest() {
  return json::parse(R"json({
    "kernel": "copy", "operator": "op", "summary": "s",
    "code_object": "copy.{arch}.co", "planted_code_object": "copy.{plant}.{arch}.co", "symbol": "copy_{dtype}",
    "arches": ["gfx942"],
    "launch": {"groups": ["ceildiv(n, 64)", 1, 1], "group_size": [64, 1, 1], "dynamic_lds_bytes": "n * 4"},
    "kernarg": [
      {"name": "src", "offset": 0, "type": "ptr", "buffer": "src"},
      {"name": "n", "offset": 8, "type": "i32", "value": "n"},
      {"name": "stride", "offset": 16, "type": "i64", "value": "-n"}
    ],
    "claims": {"n": {"min": 1, "max": 4096}, "dtype": ["bf16", "f16"]},
    "require": ["n % 4 == 0"],
    "numerics": {},
    "planted": [{"name": "off_by_one", "summary": "s", "history": "h", "where": "n > 4", "note": "long rows"}]
  })json");
}

std::string write(const json& document) {
  const std::string path = testing::TempDir() + "manifest.json";
  std::ofstream(path) << document.dump();
  return path;
}

Manifest load(const json& document) { return Manifest::load(write(document)); }

std::string load_error(const json& document) {
  try {
    load(document);
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    return e.what();
  }
  return "no error";
}

Params params(int64_t n, const char* dtype = "bf16", const char* arch = "gfx942") {
  Params p;
  p.set("arch", arch);
  p.set("n", n);
  p.set("dtype", dtype);
  return p;
}

TEST(Manifest, BindsTheKernelTheGridAndTheKernargBlock) {
  const Manifest m = load(small_manifest());
  Problem problem;
  m.bind(params(100), "", Roots("/root/of/objects"), {}, problem);
  EXPECT_EQ(problem.launches.at(0).kernel.code_object, "/root/of/objects/copy.gfx942.co");
  EXPECT_EQ(problem.launches.at(0).kernel.symbol, "copy_bf16");
  EXPECT_EQ(problem.launches[0].groups, (std::array<uint32_t, 3>{2, 1, 1}));
  EXPECT_EQ(problem.launches[0].group_size, (std::array<uint32_t, 3>{64, 1, 1}));
  EXPECT_EQ(problem.launches[0].dynamic_lds_bytes, 400u);
  ASSERT_EQ(problem.launches[0].kernarg.size(), 3u);
  EXPECT_EQ(problem.launches[0].kernarg[0].buffer, "src");
  EXPECT_EQ(problem.launches[0].kernarg[1].offset, 8u);
  EXPECT_EQ(problem.launches[0].kernarg[1].size, 4u);
  EXPECT_EQ(problem.launches[0].kernarg[1].value, 100u);
  EXPECT_EQ(static_cast<int64_t>(problem.launches[0].kernarg[2].value), -100);
}

TEST(Manifest, NamesThePlantedBuildsCodeObject) {
  const Manifest m = load(small_manifest());
  Problem problem;
  m.bind(params(100), "off_by_one", Roots("/r"), {}, problem);
  EXPECT_EQ(problem.launches.at(0).kernel.code_object, "/r/copy.off_by_one.gfx942.co");
}

TEST(Manifest, FindsACodeObjectThatLiesBesideIt) {
  json document = small_manifest();
  document["code_object"] = "beside.co";
  const Manifest m = load(document);
  std::ofstream(testing::TempDir() + "beside.co") << "x";
  Problem problem;
  m.bind(params(100), "", Roots("/r"), {}, problem);
  EXPECT_EQ(problem.launches.at(0).kernel.code_object, testing::TempDir() + "beside.co");
}

TEST(Manifest, RefusesWhatIsOutsideItsClaimsAndSaysWhy) {
  const Manifest m = load(small_manifest());
  EXPECT_EQ(m.refusal(params(4096)), std::nullopt);
  EXPECT_THAT(m.refusal(params(4100)).value(),
              HasSubstr("n = 4100 is outside the claimed 1..4096"));
  EXPECT_THAT(m.refusal(params(4, "f32")).value(), HasSubstr("dtype = f32"));
  EXPECT_THAT(m.refusal(params(6)).value(), HasSubstr("n % 4 == 0"));
}

TEST(Manifest, RefusesIntegersThatAreNotListedOrNoMultiple) {
  json document = small_manifest();
  document["claims"]["n"] = {64, 16};
  EXPECT_EQ(load(document).refusal(params(16)), std::nullopt);
  EXPECT_THAT(load(document).refusal(params(32)).value(),
              HasSubstr("n = 32 is outside the claimed 16, 64"));
  document["claims"]["n"] = {{"min", 8}, {"max", 64}, {"multiple_of", 8}};
  EXPECT_EQ(load(document).refusal(params(24)), std::nullopt);
  EXPECT_THAT(load(document).refusal(params(20)).value(), HasSubstr("8..64 in steps of 8"));
}

TEST(Manifest, APointerMayPointIntoItsBuffer) {
  json document = small_manifest();
  document["kernarg"][0]["plus"] = "n * 2";
  Problem problem;
  load(document).bind(params(100), "", Roots("/r"), {}, problem);
  EXPECT_EQ(problem.launches.at(0).kernarg[0].buffer, "src");
  EXPECT_EQ(problem.launches[0].kernarg[0].value, 200u);
}

TEST(Manifest, ObjectsOfConstantsAreFoundByThem) {
  json document = small_manifest();
  document["code_object"] = "copy.n{n}.{dtype}.co";
  Problem problem;
  load(document).bind(params(100), "", Roots("/r"), {}, problem);
  EXPECT_EQ(problem.launches.at(0).kernel.code_object, "/r/copy.n100.bf16.co");
}

TEST(Manifest, RefusesAKernargValueThatDoesNotFitItsType) {
  json document = small_manifest();
  document["kernarg"][1]["value"] = "n * 2147483648";
  Problem problem;
  const Manifest m = load(document);
  try {
    m.bind(params(4), "", Roots("/r"), {}, problem);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("does not fit i32"));
  }
}

/// What a field of that type and value puts into the kernarg block, by offset; or the error.
std::string kernarg_of(const char* type, const json& value) {
  json document = small_manifest();
  document["kernarg"] = {{{"name", "x"}, {"offset", 8}, {"type", type}, {"value", value}}};
  Problem problem;
  try {
    load(document).bind(params(100), "", Roots("/r"), {}, problem);
  } catch (const Error& e) {
    return e.what();
  }
  std::string text;
  for (const KernargField& f : problem.launches.at(0).kernarg)
    text += fmt::format("{}+{}:{:#x} ", f.offset, f.size, f.value);
  return text;
}

TEST(Manifest, ArgumentsOfEverySizeTakeAsManyBytes) {
  EXPECT_EQ(kernarg_of("bool", 1), "8+1:0x1 ");
  EXPECT_EQ(kernarg_of("u8", "n + 155"), "8+1:0xff ");
  EXPECT_EQ(kernarg_of("i8", -128), "8+1:0xffffffffffffff80 ");  // of which one byte is taken
  EXPECT_EQ(kernarg_of("i16", 32767), "8+2:0x7fff ");
  EXPECT_EQ(kernarg_of("u16", 65535), "8+2:0xffff ");
  EXPECT_EQ(kernarg_of("u32", 4294967295), "8+4:0xffffffff ");
  EXPECT_EQ(kernarg_of("f16", "n / 64"), "8+2:0x3e40 ");   // 1.5625
  EXPECT_EQ(kernarg_of("bf16", 0.1), "8+2:0x3dcd ");
  EXPECT_EQ(kernarg_of("f32", 0.1), "8+4:0x3dcccccd ");
  EXPECT_EQ(kernarg_of("f64", 0.1), "8+8:0x3fb999999999999a ");
  EXPECT_EQ(kernarg_of("bytes", {1, "n", 255}), "8+1:0x1 9+1:0x64 10+1:0xff ");
}

TEST(Manifest, RefusesAKernargValueThatIsTooLargeForItsType) {
  EXPECT_THAT(kernarg_of("bool", 2), HasSubstr("kernarg 'x': '2' gives 2, which does not fit bool"));
  EXPECT_THAT(kernarg_of("u8", 256), HasSubstr("does not fit u8"));
  EXPECT_THAT(kernarg_of("u8", -1), HasSubstr("does not fit u8"));
  EXPECT_THAT(kernarg_of("i8", 128), HasSubstr("does not fit i8"));
  EXPECT_THAT(kernarg_of("i16", 32768), HasSubstr("does not fit i16"));
  EXPECT_THAT(kernarg_of("u16", 65536), HasSubstr("does not fit u16"));
  EXPECT_THAT(kernarg_of("u64", -1), HasSubstr("does not fit u64"));
  EXPECT_THAT(kernarg_of("bytes", {256}), HasSubstr("does not fit u8"));
  EXPECT_THAT(kernarg_of("bytes", json::array()), HasSubstr("must have 1..4096 bytes"));
  EXPECT_THAT(kernarg_of("i24", 1), HasSubstr("must be ptr, bool, i8, u8, "));
}

TEST(Manifest, BytesInARowDoNotOverlap) {
  json document = small_manifest();
  json field = {{"name", "a"}, {"offset", 8}, {"type", "u8"}, {"value", 1}};
  document["kernarg"] = {field};
  field["name"] = "b";
  field["offset"] = 9;
  document["kernarg"].push_back(field);
  EXPECT_EQ(load_error(document), "no error");
  document["kernarg"][0]["type"] = "i16";
  EXPECT_THAT(load_error(document), HasSubstr("overlaps 'a'"));
}

/// The small manifest with a reduction behind it.
json two_launches() {
  json document = small_manifest();
  json split = {{"name", "split"}, {"symbol", "split_{dtype}"}};
  split["groups"] = document["launch"]["groups"];
  split["group_size"] = document["launch"]["group_size"];
  split["kernarg"] = document["kernarg"];
  json reduce = split;
  reduce["name"] = "reduce";
  reduce["symbol"] = "reduce";
  reduce["when"] = "n > 64";
  reduce["kernarg"] =
      json::array({{{"name", "scale"}, {"offset", 0}, {"type", "f32"}, {"value", "1 / sqrt(n)"}}});
  for (const char* field : {"symbol", "launch", "kernarg"}) document.erase(field);
  document["launches"] = {split, reduce};
  document["scratch"] = json::array({{{"name", "partial"}, {"bytes", "n * 4"}}});
  document["planted"][0]["launch"] = "reduce";
  return document;
}

TEST(Manifest, BindsLaunchesInOrderAndTheirScratch) {
  const Manifest m = load(two_launches());
  Problem problem;
  m.bind(params(256), "off_by_one", Roots("/r"), {}, problem);
  ASSERT_EQ(problem.launches.size(), 2u);
  EXPECT_EQ(problem.launches[0].kernel.symbol, "split_bf16");
  EXPECT_EQ(problem.launches[0].kernel.code_object, "/r/copy.gfx942.co");
  EXPECT_EQ(problem.launches[1].kernel.code_object, "/r/copy.off_by_one.gfx942.co");
  EXPECT_EQ(problem.launches[1].kernarg[0].value, 0x3D800000u);  // 1/16
  ASSERT_EQ(problem.buffers.size(), 1u);
  EXPECT_EQ(problem.buffers[0].bytes, 1024u);
  EXPECT_TRUE(problem.buffers[0].scratch);
}

TEST(Manifest, LeavesOutALaunchThatIsNotNeeded) {
  Problem problem;
  load(two_launches()).bind(params(64), "", Roots("/r"), {}, problem);
  EXPECT_EQ(problem.launches.size(), 1u);
}

json external_manifest() {
  json m = small_manifest();
  m.erase("planted");
  m["root"] = "hsa";
  m["code_object"] = "{arch}/pa/copy_{dtype}.co";
  m["spelling"] = {{"dtype", {{"f16", "fp16"}}}};
  return m;
}

TEST(Manifest, FindsACodeObjectOfAnotherProjectBelowTheFolderGiven) {
  Roots roots("/tree");
  roots.external["hsa"] = "/aiter/hsa";
  Problem problem;
  load(external_manifest()).bind(params(100, "f16"), "", roots, {}, problem);
  EXPECT_EQ(problem.launches.at(0).kernel.code_object, "/aiter/hsa/gfx942/pa/copy_fp16.co");
  EXPECT_EQ(problem.launches.at(0).kernel.symbol, "copy_fp16");
}

TEST(Manifest, SaysWhichOptionAFolderThatIsNotGivenNeeds) {
  const Manifest m = load(external_manifest());
  EXPECT_NE(m.missing_root(Roots("/tree")), nullptr);
  EXPECT_EQ(load(small_manifest()).missing_root(Roots("/tree")), nullptr);
  Problem problem;
  try {
    m.bind(params(4), "", Roots("/tree"), {}, problem);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kTargetUnavailable);
    EXPECT_THAT(e.what(), HasSubstr("--hsa=DIR"));
  }
}

TEST(Manifest, ExpressionsSeeTheArch) {
  json document = small_manifest();
  document["require"] = {"arch != \"gfx950\" || dtype == \"bf16\""};
  const Manifest m = load(document);
  EXPECT_EQ(m.refusal(params(4, "f16")), std::nullopt);
  EXPECT_THAT(m.refusal(params(4, "f16", "gfx950")).value(), HasSubstr("arch"));
}

TEST(Manifest, APlannersBuffersAndParametersAreBound) {
  json document = small_manifest();
  document["planner"] = {{"name", "aiter_work_per_sequence"}};
  document["launch"]["groups"][0] = "plan_groups";
  Problem problem;
  const PlanRequest request = {.qlens = {1, 1, 1}, .kv_lens = {9, 8, 7}, .kv_pages = {9, 8, 7}};
  load(document).bind(params(4), "", Roots("/r"), {request}, problem);
  EXPECT_EQ(problem.launches.at(0).groups[0], 3u);
  EXPECT_EQ(problem.buffer("work_indptr").bytes, 16u);
  EXPECT_EQ(problem.buffer("work_info").bytes, 3u * 32);
}

TEST(Manifest, PlansEachPartOfACaseByItself) {
  json document = small_manifest();
  document["planner"] = {{"name", "aiter_work_per_sequence"}};
  Problem problem;
  const PlanRequest main = {.qlens = {1}, .kv_lens = {9}, .kv_pages = {9}};
  PlanRequest extra = {.qlens = {1}, .kv_lens = {5}, .kv_pages = {5}};
  extra.prefix = "extra_";
  load(document).bind(params(4), "", Roots("/r"), {main, extra}, problem);
  std::set<std::string> names, pointed;
  for (const Buffer& b : problem.buffers) {
    names.insert(b.name);
    for (const Pointer& p : b.pointers) pointed.insert(p.buffer);
  }
  EXPECT_TRUE(names.contains("work_info"));
  EXPECT_TRUE(names.contains("extra_work_info"));
  for (const std::string& name : pointed) EXPECT_TRUE(names.contains(name)) << name;

  extra.qlens.clear();  // nothing there to plan
  Problem alone;
  load(document).bind(params(4), "", Roots("/r"), {main, extra}, alone);
  for (const Buffer& b : alone.buffers) EXPECT_FALSE(b.name.starts_with("extra_")) << b.name;
}

// A known fault says of which cases it is, and what they are run with.
TEST(Manifest, KnownFaultsHoldWhereTheySay) {
  json document = small_manifest();
  document["known"] = {{{"kind", "uninitialised_data_used"},
                        {"where", "n > 4"},
                        {"note", "starts at what the register holds"},
                        {"suppose", "minus_infinity_registers"}},
                       {{"kind", "missing_s_waitcnt"}, {"note", "n"}, {"suppose", "early_loads"}}};
  const Manifest m = load(document);
  EXPECT_EQ(m.known_faults(params(4)).size(), 1u);
  EXPECT_EQ(m.known_faults(params(8)).size(), 2u);
  Problem problem;
  m.bind(params(8), "", Roots("/r"), {}, problem);
  EXPECT_EQ(problem.unwritten_registers, 0xff800000u);
  EXPECT_TRUE(problem.early_loads);
  Problem other;
  m.bind(params(4), "", Roots("/r"), {}, other);
  EXPECT_EQ(other.unwritten_registers, std::nullopt);

  document["known"][0]["suppose"] = "luck";
  EXPECT_THAT(load_error(document), HasSubstr("known[0].suppose"));
  document["known"][0]["kind"] = "bad_luck";
  EXPECT_THAT(load_error(document),
              HasSubstr("known[0].kind' must be a kind of finding, is \"bad_luck\""));
}

TEST(ManifestErrors, NameAnUnknownRootAndAnUnknownPlannersOption) {
  json document = small_manifest();
  document["root"] = "cuda";
  EXPECT_THAT(load_error(document), HasSubstr("root"));
  document.erase("root");
  document["planner"] = {{"name", "aiter_work_per_sequence"}, {"cus", 80}};
  EXPECT_THAT(load_error(document), HasSubstr("planner.cus"));
}

TEST(ManifestErrors, NameAFieldThatLaunchesHaveOfTheirOwn) {
  json document = two_launches();
  document["symbol"] = "s";
  EXPECT_THAT(load_error(document), HasSubstr("'symbol' belongs into each of 'launches'"));
  document = two_launches();
  document["planted"][0]["launch"] = "redcue";
  EXPECT_THAT(load_error(document), HasSubstr("'planted[0].launch' names no launch"));
}

TEST(ManifestErrors, NameTheMissingField) {
  for (const char* field : {"kernel", "operator", "code_object", "symbol", "arches", "launch",
                            "kernarg", "claims", "numerics", "planted_code_object"}) {
    json document = small_manifest();
    document.erase(field);
    EXPECT_THAT(load_error(document),
                AllOf(HasSubstr("manifest.json"), HasSubstr(std::string("'") + field + "'")));
  }
}

TEST(ManifestErrors, NameAFieldNobodyReads) {
  json document = small_manifest();
  document["kernarg"][1]["vlaue"] = 3;
  EXPECT_THAT(load_error(document), HasSubstr("'kernarg[1].vlaue' is unknown"));
}

TEST(ManifestErrors, NameTheWrongValue) {
  json document = small_manifest();
  document["kernarg"][1]["type"] = "i24";
  EXPECT_THAT(load_error(document), AllOf(HasSubstr("'kernarg[1].type'"), HasSubstr("\"i24\"")));
  document = small_manifest();
  document["kernarg"][1]["offset"] = 4;
  EXPECT_THAT(load_error(document), HasSubstr("overlaps 'src'"));
  document = small_manifest();
  document["claims"]["n"]["min"] = 5000;
  EXPECT_THAT(load_error(document), HasSubstr("'claims.n' must have min <= max"));
}

TEST(ManifestErrors, NameTheFileThatIsNotJson) {
  const std::string path = testing::TempDir() + "broken.json";
  std::ofstream(path) << "{\"kernel\": ";
  try {
    Manifest::load(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), AllOf(HasSubstr(path), HasSubstr("line 1")));
  }
}

TEST(ManifestErrors, NameTheFileThatIsNotThere) {
  try {
    Manifest::load("/nowhere/m.json");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "/nowhere/m.json: No such file or directory");
  }
}

TEST(Manifest, SaysWhyItsObjectsListOfArgumentsIsNotToBeBelieved) {
  json document = small_manifest();
  EXPECT_EQ(load(document).metadata_unreliable, "");
  document["metadata"] = "unreliable: it has the names of another kernel";
  EXPECT_EQ(load(document).metadata_unreliable, "it has the names of another kernel");
  document["metadata"] = "wrong";
  EXPECT_THAT(load_error(document), HasSubstr("'metadata' must be 'unreliable: ' and the reason"));
}

}  // namespace
}  // namespace wavefuzz
