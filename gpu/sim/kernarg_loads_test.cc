// Which bytes of its kernarg block a kernel loads, as its assembly shows.
#include "gpu/sim/kernarg_loads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

KernargLoads loads_of(const std::string& text) {
  KernelInfo kernel;
  kernel.symbol = "k";
  kernel.kernarg_bytes = 512;
  kernel.descriptor.kernarg_ptr = true;  // in s[0:1]: nothing stands before it
  const CodeObject object = CodeObject::from_code(Arch::kGfx942, kernel,
                                                  assemble(Arch::kGfx942, text + "\ns_endpgm"));
  return kernarg_loads(Program(object, "k"));
}

/// "offset+bytes" of each load.
std::vector<std::string> spans(const KernargLoads& all) {
  std::vector<std::string> spans;
  for (const KernargLoad& l : all.loads)
    spans.push_back(std::to_string(l.offset) + "+" + std::to_string(l.bytes));
  return spans;
}

TEST(KernargLoads, AreThoseFromTheKernargPointer) {
  const KernargLoads all = loads_of(R"(
    s_load_dword s8, s[0:1], 0x80
    s_load_dwordx2 s[4:5], s[0:1], 0x0
    s_waitcnt lgkmcnt(0)
    s_load_dword s9, s[4:5], 0x10)");  // what the first argument points to
  EXPECT_THAT(spans(all), ElementsAre("0+8", "128+4"));
  EXPECT_THAT(all.loads[1].instruction, HasSubstr("s_load_dword s8"));
  EXPECT_THAT(all.escape, IsEmpty());
}

TEST(KernargLoads, FollowCopiesAndAddedConstants) {
  EXPECT_THAT(spans(loads_of(R"(
    s_mov_b64 s[10:11], s[0:1]
    s_add_u32 s12, s10, 0x40
    s_addc_u32 s13, s11, 0
    s_and_b32 s13, s13, 0xffff
    s_load_dwordx4 s[16:19], s[12:13], 0x10)")),
              ElementsAre("80+16"));
}

TEST(KernargLoads, EndWhereThePointerIsOverwritten) {
  EXPECT_THAT(spans(loads_of(R"(
    s_load_dwordx2 s[0:1], s[0:1], 0x18
    s_waitcnt lgkmcnt(0)
    s_load_dword s4, s[0:1], 0x20)")),
              ElementsAre("24+8"));
}

// The pointer lives on both ways to the last load, or it does not count.
TEST(KernargLoads, HoldOnEveryPath) {
  const std::string text = R"(
    s_cbranch_scc1 other
    s_load_dword s4, s[0:1], 0x0
    %
    other:
    s_load_dword s5, s[0:1], 0x4)";
  const auto with = [&](const std::string& line) {
    std::string copy = text;
    return copy.replace(copy.find('%'), 1, line);
  };
  EXPECT_THAT(spans(loads_of(with("s_nop 0"))), ElementsAre("0+4", "4+4"));
  EXPECT_THAT(spans(loads_of(with("s_mov_b32 s0, 0"))), ElementsAre("0+4"));
}

TEST(KernargLoads, SayWhereTheyCannotBeKnown) {
  EXPECT_THAT(loads_of("s_load_dword s4, s[0:1], s2").escape, HasSubstr("s_load_dword s4"));
  EXPECT_THAT(loads_of("v_mov_b32_e32 v0, s0").escape, HasSubstr("v_mov_b32"));
}

TEST(KernargLoads, CoverTheArgumentsThatACompiledKernelUses) {
  for (const char* path :
       {"gpu/sim/testdata/saxpy.gfx942.co", "gpu/sim/testdata/saxpy_preload.gfx942.co"}) {
    const CodeObject object = CodeObject::load(path);
    const KernargLoads all = kernarg_loads(Program(object, "saxpy"));
    std::vector<bool> loaded(object.kernel("saxpy").kernarg_bytes + 64);
    for (const KernargLoad& l : all.loads)
      std::fill_n(loaded.begin() + l.offset, l.bytes, true);
    for (const KernelArg& arg : object.kernel("saxpy").args) {
      EXPECT_TRUE(arg.hidden() || loaded[arg.offset]) << path << " " << arg.offset;
    }
  }
}

}  // namespace
}  // namespace wavefuzz::sim
