#include "gpu/finding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <utility>

#include "gpu/error.h"
#include "gpu/finding_json.h"

namespace wavefuzz {
namespace {

using testing::HasSubstr;

// Of corpus files, ledgers and databases as they were written before kinds were an enumeration.
TEST(FindingKind, KeepsTheNamesThatFilesHold) {
  const std::pair<const char*, FindingKind> names[] = {
      {"out_of_bounds_read", FindingKind::kOutOfBoundsRead},
      {"out_of_bounds_write", FindingKind::kOutOfBoundsWrite},
      {"write_to_read_only_memory", FindingKind::kWriteToReadOnly},
      {"read_from_write_only_memory", FindingKind::kReadFromWriteOnly},
      {"misaligned_access", FindingKind::kMisaligned},
      {"uninitialised_data_used", FindingKind::kUninitialised},
      {"missing_s_waitcnt", FindingKind::kMissingWait},
      {"data_race", FindingKind::kDataRace},
      {"end_with_a_barrier_pending", FindingKind::kEndAtBarrier},
      {"barrier_divergence", FindingKind::kBarrierDivergence},
      {"fetch_outside_the_code", FindingKind::kFetchOutsideCode},
      {"trap", FindingKind::kTrap},
      {"watchdog", FindingKind::kWatchdog},
      {"register_outside_the_allocation", FindingKind::kUnallocated},
      {"stray_write", FindingKind::kStrayWrite},
      {"missing_write", FindingKind::kMissingWrite},
      {"wrong_value", FindingKind::kWrongValue},
      {"nan_value", FindingKind::kNanValue},
      {"infinite_value", FindingKind::kInfiniteValue},
      {"wrong_mask", FindingKind::kWrongMask},
      {"wrong_index", FindingKind::kWrongIndex},
      {"suspect_value", FindingKind::kSuspectValue},
      {"relation", FindingKind::kRelation},
      {"broken_relation", FindingKind::kBrokenRelation},
      {"non_finite", FindingKind::kNonFinite},
      {"internal_error", FindingKind::kInternalError},
  };
  for (const auto& [text, kind] : names) {
    EXPECT_EQ(name(kind), text);
    EXPECT_EQ(find_kind(text), kind) << text;
  }
  EXPECT_EQ(finding_kinds().size(), std::size(names));
  EXPECT_EQ(find_kind("out-of-bounds read"), std::nullopt);
  EXPECT_EQ(find_kind(""), std::nullopt);
}

TEST(FindingKind, HasWordsAndAMeaningEach) {
  for (const FindingKindRow& row : finding_kinds()) {
    EXPECT_FALSE(row.words.empty()) << row.name;
    EXPECT_TRUE(row.meaning.ends_with('.')) << row.name;
  }
}

TEST(FindingKind, IsWhatASignatureOrAPatternBeginsWith) {
  for (const char* known : {"wrong_value:o", "wrong_value", "wrong*", "uninitialised_data_used*",
                            "wrong_value:writer/kv_cache.values*", "*"})
    EXPECT_TRUE(names_a_kind(known)) << known;
  for (const char* unknown : {"", "wrong_valeu:o", "wrong", "o:wrong_value"})
    EXPECT_FALSE(names_a_kind(unknown)) << unknown;
}

Finding out_of_bounds() {
  Finding f;
  f.kind = FindingKind::kOutOfBoundsRead;
  f.instruction = "global_load_dword v1, v[2:3], off";
  f.pc = 0x1a48;
  f.kernel = {"k.co", "k"};
  f.group = {4, 0, 1};
  f.wave = 3;
  f.lanes = 0xf0;
  f.memory = MemoryPlace{"q", 6144, 6144, 4, 0x10000001800};
  return f;
}

const std::vector<SourceLine> kSource = {{"load.h", 12, 7, "load_row"},
                                         {"kernel.hip", 40, 3, "kernel"}};

TEST(Message, SaysWhereAndWhatWithoutSourceLines) {
  EXPECT_EQ(message_of(out_of_bounds()),
            "out-of-bounds read: 4 bytes at 0x10000001800, nearest buffer q (6144 bytes) +0x1800; "
            "pc 0x1a48 `global_load_dword v1, v[2:3], off`, group 4,0,1 wave 3 lane 4 (4 lanes)");
}

TEST(Message, BeginsWithTheLineAndEndsWithTheCalls) {
  Finding f = out_of_bounds();
  f.source = kSource;
  f.launch = "split";
  EXPECT_EQ(message_of(f),
            "load.h:12:7: launch split: out-of-bounds read: 4 bytes at 0x10000001800, nearest "
            "buffer q (6144 bytes) +0x1800; pc 0x1a48 `global_load_dword v1, v[2:3], off`, group "
            "4,0,1 wave 3 lane 4 (4 lanes); in load_row, inlined at kernel.hip:40:3 in kernel");
}

TEST(Message, OfUndefinedDataNamesItsLoad) {
  Finding f = out_of_bounds();
  f.kind = FindingKind::kUninitialised;
  f.memory.reset();
  f.detail = "an address depends on undefined data";
  f.lanes = 0;
  f.loaded_by = Instruction{0x40, "s_load_dword s4, s[0:1], 0x0", {{"kernel.hip", 9, 0}}};
  EXPECT_EQ(message_of(f),
            "uninitialised data used: an address depends on undefined data; loaded at pc 0x40 by "
            "`s_load_dword s4, s[0:1], 0x0` (kernel.hip:9); pc 0x1a48 `global_load_dword v1, "
            "v[2:3], off`, group 4,0,1 wave 3");
}

TEST(Message, OfARaceNamesBothSides) {
  Finding f = out_of_bounds();
  f.kind = FindingKind::kDataRace;
  f.memory = MemoryPlace{"LDS", 16, 64, 4, 16};
  f.other = OtherAccess{{0x80, "ds_write_b32 v0, v1", kSource}, "writes", {4, 0, 1}, 2};
  EXPECT_THAT(message_of(f),
              HasSubstr("data race: 4 bytes at LDS offset 0x10, which has 0x40 bytes; wave 2 "
                        "writes it at pc 0x80 by `ds_write_b32 v0, v1` (load.h:12:7), in no order; "
                        "pc 0x1a48 `"));
  f.memory = MemoryPlace{"q", 8, 6144, 4, 0x10000000008};
  f.other->group = {5, 0, 1};
  f.other->wave.reset();
  EXPECT_THAT(message_of(f), HasSubstr("4 bytes at 0x10000000008, buffer q (6144 bytes) +0x8; "
                                       "another wave of group 5,0,1 writes it"));
}

Finding full() {
  Finding f = out_of_bounds();
  f.where = "kv_cache.scale";
  f.message = "told";
  f.source = kSource;
  f.launch = "split";
  f.lanes = ~uint64_t{0};
  f.detail = "of note";
  f.memory = MemoryPlace{"kv", -4, 8, 16, ~uint64_t{0} - 3};
  f.loaded_by = Instruction{-8, "s_load", {{"a.h", 1, 2, ""}}};
  f.other = OtherAccess{{8, "s_store", {}}, "changes", {1, 2, 3}, 0};
  return f;
}

TEST(Json, IsReadAsItWasWritten) {
  for (const Finding& f :
       {full(), out_of_bounds(), Finding{FindingKind::kWrongValue, "o", "off"}}) {
    const std::string text = to_json(f).dump();
    const Finding again = parse_finding(nlohmann::json::parse(text), "file");
    EXPECT_EQ(to_json(again).dump(), text);
    EXPECT_EQ(message_of(again), message_of(f));
    EXPECT_EQ(again.message, f.message);
  }
  const Finding f = parse_finding(nlohmann::json::parse(to_json(full()).dump()), "file");
  EXPECT_EQ(f.lanes, ~uint64_t{0});
  EXPECT_EQ(f.memory->address, ~uint64_t{0} - 3);
  EXPECT_EQ(f.source, kSource);
  EXPECT_EQ(f.other->wave, 0u);
}

TEST(Json, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ(to_json(Finding{FindingKind::kWrongValue, "o", "off"}).dump(),
            R"({"kind":"wrong_value","where":"o","message":"off"})");
  const nlohmann::ordered_json json = to_json(out_of_bounds());
  for (const char* absent : {"source", "launch", "detail", "loaded_by", "other"})
    EXPECT_FALSE(json.contains(absent)) << absent;
  EXPECT_EQ(json["lanes"].dump(), R"({"first":4,"count":4,"mask":"0xf0"})");
}

TEST(Json, ReadsWhatEarlierVersionsStored) {
  const Finding f = parse_finding(
      nlohmann::json::parse(R"(["out_of_bounds_write", "", "4 bytes at 0x0", "global_store"])"),
      "");
  EXPECT_EQ(f.kind, FindingKind::kOutOfBoundsWrite);
  EXPECT_EQ(f.message, "4 bytes at 0x0");
  EXPECT_EQ(f.instruction, "global_store");
}

TEST(Json, SaysWhatItCannotRead) {
  const auto complaint = [](const char* text) -> std::string {
    try {
      parse_finding(nlohmann::json::parse(text), "old.sqlite: k on sim:gfx942");
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(complaint(R"(["lost_write", "", "", ""])"),
            "old.sqlite: k on sim:gfx942: a finding: 'lost_write' is no kind of finding");
  EXPECT_THAT(
      complaint(R"({"kind": "trap", "where": ""})"),
      testing::AllOf(HasSubstr("old.sqlite: k on sim:gfx942: a finding: "), HasSubstr("message")));
  EXPECT_THAT(complaint("7"), HasSubstr("old.sqlite"));
}

}  // namespace
}  // namespace wavefuzz
