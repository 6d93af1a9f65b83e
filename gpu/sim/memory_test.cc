// Islands: addresses, what is initialised, what was written, reuse.
#include "gpu/sim/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>

namespace wavefuzz::sim {
namespace {

TEST(Memory, IslandsLieFarApartAtTheAskedAlignment) {
  Memory memory;
  const Island& a = memory.add({"a", 100});
  const Island& b = memory.add({"b", 7, Access::kRead, 1 << 20, 52});
  const Island& huge = memory.add({"huge", uint64_t{64} << 30});
  const Island& c = memory.add({"c", 1});
  EXPECT_EQ(a.address() % 4096, 0u);
  EXPECT_EQ(b.address() % (1 << 20), 52u);
  EXPECT_GE(b.address() - (a.address() + a.size()), uint64_t{1} << 32);
  EXPECT_GE(c.address() - (huge.address() + huge.size()), uint64_t{1} << 32);
  EXPECT_GT(a.address() >> 32, 0u);
  EXPECT_LT(c.address() >> 47, 1u);
  EXPECT_EQ(memory.find("b"), &b);
  EXPECT_EQ(memory.find("z"), nullptr);
  EXPECT_EQ(memory.containing(a.address() + 99, 1), &a);
  EXPECT_EQ(memory.containing(a.address() + 99, 2), nullptr);
  EXPECT_EQ(memory.nearest(a.address() + 200), &a);
}

TEST(Memory, BytesStartUninitialised) {
  Memory memory;
  Island& a = memory.add({"a", 10000});
  EXPECT_FALSE(a.initialised(0, 1));
  a.fill(100, 200, std::byte{7});
  EXPECT_TRUE(a.initialised(100, 200));
  EXPECT_FALSE(a.initialised(99, 2));
  EXPECT_FALSE(a.initialised(299, 2));
  a.set_uninitialised(150, 1);
  EXPECT_FALSE(a.initialised(100, 200));
  EXPECT_TRUE(a.initialised(151, 149));
  const std::array<uint16_t, 2> values{0x1234, 0x5678};
  a.write_values<uint16_t>(9996, values);
  EXPECT_EQ(a.bytes()[9999], std::byte{0x56});
  EXPECT_TRUE(a.written_ranges().empty());  // the host's writes are not a kernel's
}

TEST(Memory, ResetForgetsEverythingAndReusesPages) {
  Memory memory;
  const uint64_t address = memory.add({"a", 100000}).address();
  memory.find("a")->fill(5000, 50000, std::byte{9});
  memory.reset();
  EXPECT_EQ(memory.find("a"), nullptr);
  Island& again = memory.add({"again", 90000});
  EXPECT_EQ(again.address(), address);
  EXPECT_FALSE(again.initialised(5000, 1));
  EXPECT_EQ(again.bytes()[5000], std::byte{0});
  // So much that its pages are given back instead.
  Island& big = memory.add({"big", 64 << 20});
  big.fill(0, big.size(), std::byte{1});
  memory.reset();
  Island& next = memory.add({"next", 64 << 20});
  EXPECT_FALSE(next.initialised(1 << 20, 1));
  EXPECT_EQ(next.bytes()[1 << 20], std::byte{0});
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

uint64_t resident_bytes() {
  uint64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * uint64_t(sysconf(_SC_PAGESIZE));
}

uint64_t reserved_bytes() {
  uint64_t size = 0;
  std::ifstream("/proc/self/statm") >> size;
  return size * uint64_t(sysconf(_SC_PAGESIZE));
}

// A process has 128 TiB: a thread that kept what its largest case took would leave others none.
TEST(Memory, GivesTheAddressSpaceOfHugeIslandsBack) {
  Memory memory;
  const uint64_t before = reserved_bytes();
  memory.add({"cache", uint64_t{1} << 42}).fill(uint64_t{1} << 41, 8, std::byte{1});
  EXPECT_GT(reserved_bytes(), before + (uint64_t{1} << 42));
  memory.reset();
  EXPECT_LT(reserved_bytes(), before + (uint64_t{1} << 32));
  Island& again = memory.add({"cache", uint64_t{1} << 42});
  EXPECT_FALSE(again.initialised(uint64_t{1} << 41, 8));
}

TEST(Memory, SaysThatAddressSpaceRanOut) {
  Memory memory;
  EXPECT_THROW(
      {
        for (int i = 0; i < 64; ++i) memory.add({"cache" + std::to_string(i), uint64_t{1} << 41});
      },
      AddressSpaceError);
  memory.reset();
  EXPECT_EQ(memory.add({"small", 4096}).size(), 4096u);
}

// A campaign of a night: a sparse buffer of which every case touches another page.
TEST(Memory, DoesNotKeepWhatEarlierCasesTouched) {
  constexpr uint64_t kCases = 40000;
  Memory memory;
  const uint64_t before = resident_bytes();
  for (uint64_t n = 0; n < kCases; ++n) {
    memory.reset();
    memory.add({"cache", uint64_t{1} << 33}).fill(n * 8192, 1, std::byte{1});
  }
  // Kept, they would be a page of content and one of marks each.
  EXPECT_LT(resident_bytes(), before + kCases * 4096 / 4);
}

TEST(Memory, BadInputNamesIslandAndField) {
  Memory memory;
  Island& k = memory.add({"K", 16});
  EXPECT_EQ(error_of([&] { memory.add({"x", 0}); }), "island x: bytes is 0");
  EXPECT_EQ(error_of([&] {
              memory.add({"x", 1, Access::kRead, 3});
            }),
            "island x: alignment 3 is not a power of two of at most 1 GiB");
  EXPECT_EQ(error_of([&] {
              memory.add({"x", 1, Access::kRead, 16, 16});
            }),
            "island x: phase 16 is not below the alignment 16");
  EXPECT_EQ(error_of([&] {
              memory.add({"x", uint64_t{1} << 60});
            }),
            "island x: 1152921504606846976 bytes do not fit the address space");
  EXPECT_EQ(error_of([&] { k.fill(10, 7, std::byte{0}); }),
            "island K: write of 7 bytes at offset 10 does not fit its 16 bytes");
}

}  // namespace
}  // namespace wavefuzz::sim
