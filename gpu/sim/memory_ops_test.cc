// Loads, stores and atomics of every address space: data, bounds, findings.
#include <gtest/gtest.h>

#include "gpu/sim/testing_asm.h"

namespace wavefuzz::sim {
namespace {

LaneValues times(uint32_t factor, uint32_t plus = 0) {
  LaneValues lanes;
  for (unsigned i = 0; i < kLanes; ++i) lanes[i] = factor * i + plus;
  return lanes;
}
std::vector<uint32_t> words(const Island& island) {
  std::vector<uint32_t> list(island.size() / 4);
  std::memcpy(list.data(), island.bytes().data(), list.size() * 4);
  return list;
}
// Fills an island with byte values 1, 2, 3, ...
void fill_bytes(Island& island) {
  auto bytes = island.writable(0, island.size());
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i + 1);
}

TEST(Global, EveryLoadWidth) {
  AsmWave wave(R"(
    global_load_ubyte v10, v0, s[0:1] offset:3
    global_load_sbyte v11, v0, s[0:1] offset:131
    global_load_ushort v12, v0, s[0:1]
    global_load_sshort v13, v0, s[0:1] offset:130
    global_load_dword v14, v[2:3], off offset:-4
    global_load_dwordx2 v[16:17], v0, s[0:1]
    global_load_dwordx3 v[18:20], v0, s[0:1]
    global_load_dwordx4 v[22:25], v0, s[0:1] offset:1
    global_load_short_d16 v30, v0, s[0:1]
    global_load_short_d16_hi v31, v0, s[0:1]
    global_load_ubyte_d16_hi v32, v0, s[0:1]
    global_load_sbyte_d16 v33, v0, s[0:1] offset:131
    global_load_dword a5, v0, s[0:1]
  )");
  Island& in = wave.memory().add({"in", 64 * 4 + 160});
  fill_bytes(in);
  const auto byte = [&](unsigned at) { return uint32_t(in.bytes()[at]); };
  const auto dword = [&](unsigned at) {
    uint32_t x;
    std::memcpy(&x, in.bytes().data() + at, 4);
    return x;
  };
  wave.set_s64(0, in.address()).set_v(0, times(4));
  LaneValues low, high;
  for (unsigned i = 0; i < kLanes; ++i) {
    low[i] = uint32_t(in.address() + 4 * i + 4);
    high[i] = uint32_t((in.address() + 4 * i + 4) >> 32);
  }
  wave.set_v(2, low).set_v(3, high);
  for (unsigned r = 30; r < 34; ++r) wave.set_v(r, 0xaaaa'bbbb);
  wave.run();
  ASSERT_EQ(wave.findings(), "");
  for (unsigned i = 0; i < kLanes; ++i) {
    const unsigned at = 4 * i;
    EXPECT_EQ(wave.v(10, i), byte(at + 3));
    EXPECT_EQ(wave.v(11, i), uint32_t(int32_t(int8_t(byte(at + 131)))));
    EXPECT_EQ(wave.v(12, i), byte(at) | byte(at + 1) << 8);
    EXPECT_EQ(wave.v(13, i), uint32_t(int32_t(int16_t(byte(at + 130) | byte(at + 131) << 8))));
    EXPECT_EQ(wave.v(14, i), dword(at));
    for (unsigned d = 0; d < 4; ++d) {
      if (d < 2) {
        EXPECT_EQ(wave.v(16 + d, i), dword(at + 4 * d));
      }
      if (d < 3) {
        EXPECT_EQ(wave.v(18 + d, i), dword(at + 4 * d));
      }
      EXPECT_EQ(wave.v(22 + d, i), dword(at + 1 + 4 * d));  // unaligned is allowed
    }
    EXPECT_EQ(wave.v(30, i), 0xaaaa'0000 | (dword(at) & 0xffff));
    EXPECT_EQ(wave.v(31, i), 0xbbbb | dword(at) << 16);
    EXPECT_EQ(wave.v(32, i), 0xbbbb | byte(at) << 16);
    EXPECT_EQ(wave.v(33, i), 0xaaaa'0000 | (uint32_t(int32_t(int8_t(byte(at + 131)))) & 0xffff));
    EXPECT_EQ(wave.v(kAgpr0 + 5, i), dword(at));
  }
}

TEST(Global, EveryStoreWidthAndWhatItWrote) {
  AsmOptions options;
  options.exec = 0b1011;
  AsmWave wave(R"(
    global_store_byte v0, v4, s[0:1]
    global_store_short v0, v4, s[0:1] offset:2
    global_store_byte_d16_hi v0, v4, s[0:1] offset:4
    global_store_short_d16_hi v0, v4, s[0:1] offset:6
    global_store_dwordx3 v0, v[4:6], s[0:1] offset:16
  )",
               options);
  Island& out = wave.memory().add({"out", 256});
  wave.set_s64(0, out.address())
      .set_v(0, times(64))
      .set_v(4, 0x4433'2211)
      .set_v(5, 5)
      .set_v(6, 6)
      .run();
  ASSERT_EQ(wave.findings(), "");
  const auto w = words(out);
  for (unsigned lane : {0u, 1u, 3u}) {
    EXPECT_EQ(w[lane * 16], 0x2211'0011u);
    EXPECT_EQ(w[lane * 16 + 1], 0x4433'0033u);
    EXPECT_EQ(w[lane * 16 + 4], 0x4433'2211u);
    EXPECT_EQ(w[lane * 16 + 6], 6u);
  }
  EXPECT_EQ(w[32], 0u);
  const auto at = [](uint64_t b) {
    return std::vector<ByteRange>{{b, b + 1}, {b + 2, b + 5}, {b + 6, b + 8}, {b + 16, b + 28}};
  };
  std::vector<ByteRange> want = at(0);
  for (const ByteRange& r : at(64)) want.push_back(r);
  for (const ByteRange& r : at(192)) want.push_back(r);
  EXPECT_EQ(out.written_ranges(), want);
}

TEST(Global, AtomicsRunLaneByLaneAndReturnTheOldValue) {
  AsmWave wave(R"(
    global_atomic_add v1, v0, v2, s[0:1] sc0
    global_atomic_smax v0, v2, s[0:1] offset:4
    global_atomic_umin v0, v2, s[0:1] offset:8
    global_atomic_cmpswap v3, v0, v[4:5], s[0:1] offset:12 sc0
    global_atomic_add_x2 v0, v[6:7], s[0:1] offset:16
    global_atomic_add_f32 v0, v8, s[0:1] offset:24
    global_atomic_inc v0, v9, s[0:1] offset:28
    global_atomic_or v0, v2, s[0:1] offset:32
    global_atomic_swap v10, v0, v2, s[0:1] offset:36 sc0
  )");
  Island& m = wave.memory().add({"m", 40});
  const uint32_t start[] = {100, 5, 50, 7, 0xffff'ffff, 0, 0x3f80'0000, 0, 0, 1234};
  m.write_values<uint32_t>(0, start);
  wave.set_s64(0, m.address()).set_v(0, 0).set_v(2, times(1)).set_v(4, 99).set_v(5, times(1));
  wave.set_v(6, 1).set_v(7, 0).set_v(8, 0x3f00'0000).set_v(9, 9).run();
  ASSERT_EQ(wave.findings(), "");
  const auto w = words(m);
  EXPECT_EQ(w[0], 100u + 63 * 64 / 2);
  EXPECT_EQ(wave.v(1, 5), 100u + 0 + 1 + 2 + 3 + 4);
  EXPECT_EQ(w[1], 63u);
  EXPECT_EQ(w[2], 0u);
  EXPECT_EQ(w[3], 99u);  // lane 7 found its 7
  EXPECT_EQ(wave.v(3, 7), 7u);
  EXPECT_EQ(wave.v(3, 8), 99u);
  EXPECT_EQ(w[4] | uint64_t(w[5]) << 32, 0xffff'ffffull + 64);
  EXPECT_EQ(w[6], 0x4204'0000u);  // 1 + 64 * 0.5 = 33
  EXPECT_EQ(w[7], 4u);            // 64 steps modulo 10
  EXPECT_EQ(w[8], 63u);
  EXPECT_EQ(wave.v(10, 0), 1234u);
  EXPECT_EQ(wave.v(10, 9), 8u);
}

TEST(Global, OutOfBoundsIsAFindingAndTheRunGoesOn) {
  AsmWave wave(R"(
    global_load_dword v1, v0, s[0:1]
    global_store_dword v0, v2, s[0:1] offset:8
    v_mov_b32 v3, 1
  )");
  Island& m = wave.memory().add({"keys", 64 * 4});
  fill_bytes(m);
  wave.set_s64(0, m.address() + 4).set_v(0, times(4)).set_v(2, 0).run();
  ASSERT_EQ(wave.result().findings.size(), 2u);
  const Finding& read = wave.result().findings[0];
  EXPECT_EQ(read.kind, FindingKind::kOutOfBoundsRead);
  EXPECT_EQ(read.pc, 0);
  EXPECT_EQ(read.instruction, "global_load_dword v1, v0, s[0:1]");
  EXPECT_EQ(read.first_lane(), 63);
  EXPECT_EQ(read.lane_count(), 1);
  EXPECT_EQ(read.memory->buffer, "keys");
  EXPECT_EQ(read.memory->offset, 256);
  EXPECT_EQ(read.memory->address, m.address() + 256);
  EXPECT_NE(read.message.find("nearest buffer keys (256 bytes) +0x100"), std::string::npos)
      << read.message;
  EXPECT_EQ(wave.result().findings[1].kind, FindingKind::kOutOfBoundsWrite);
  EXPECT_EQ(wave.result().findings[1].lane_count(), 3);
  EXPECT_EQ(wave.v_poison(1, 63), 0xffff'ffffu);  // the load gave poison,
  EXPECT_EQ(wave.v_poison(1, 62), 0u);
  EXPECT_EQ(wave.v(3), 1u);  // and the wave went on
  EXPECT_EQ(m.written_ranges(), (std::vector<ByteRange>{{12, 256}}));
}

TEST(Global, BelowAnIslandIsANegativeOffset) {
  AsmWave wave("s_load_dword s2, s[0:1], 0x0");
  Island& m = wave.memory().add({"table", 64});
  wave.set_s64(0, m.address() - 16).run();
  ASSERT_EQ(wave.result().findings.size(), 1u);
  EXPECT_EQ(wave.result().findings[0].memory->offset, -16);
  EXPECT_EQ(wave.s_poison(2), 0xffff'ffffu);
}

TEST(Global, AccessRights) {
  AsmWave wave("global_store_dword v0, v0, s[0:1]\nglobal_load_dword v1, v0, s[2:3]");
  Island& in = wave.memory().add({"in", 256, Access::kRead});
  Island& out = wave.memory().add({"out", 256, Access::kWrite});
  fill_bytes(in);
  wave.set_s64(0, in.address()).set_s64(2, out.address()).set_v(0, times(4)).run();
  ASSERT_EQ(wave.result().findings.size(), 2u);
  EXPECT_EQ(wave.result().findings[0].kind, FindingKind::kWriteToReadOnly);
  EXPECT_EQ(wave.result().findings[1].kind, FindingKind::kReadFromWriteOnly);
  EXPECT_EQ(uint32_t(in.bytes()[0]), 1u);  // the store was dropped
}

TEST(Global, MisalignedAtomicsAndScalarLoads) {
  AsmWave wave("global_atomic_add v0, v1, s[0:1] offset:2\ns_load_dword s2, s[0:1], 0x1");
  Island& m = wave.memory().add({"m", 64});
  fill_bytes(m);
  wave.set_s64(0, m.address()).set_v(0, 0).set_v(1, 1).run();
  ASSERT_EQ(wave.result().findings.size(), 2u);
  EXPECT_EQ(wave.result().findings[0].kind, FindingKind::kMisaligned);
  EXPECT_EQ(wave.result().findings[1].kind, FindingKind::kMisaligned);
  EXPECT_EQ(wave.s(2), 0x0403'0201u);  // the hardware drops the low bits
}

TEST(Scalar, LoadsAndBufferLoads) {
  AsmWave wave(R"(
    s_load_dwordx4 s[8:11], s[0:1], 0x8
    s_load_dwordx2 s[12:13], s[0:1], s2 offset:0x4
    s_buffer_load_dwordx4 s[16:19], s[4:7], 0x8
  )");
  Island& m = wave.memory().add({"m", 64});
  fill_bytes(m);
  wave.set_s64(0, m.address()).set_s(2, 12);
  wave.set_s64(4, m.address()).set_s(6, 16).set_s(7, 0).run();
  ASSERT_EQ(wave.findings(), "");
  EXPECT_EQ(wave.s(8), 0x0c0b'0a09u);
  EXPECT_EQ(wave.s(11), 0x1817'1615u);
  EXPECT_EQ(wave.s(12), 0x1413'1211u);
  EXPECT_EQ(wave.s(17), 0x100f'0e0du);
  EXPECT_EQ(wave.s(18), 0u);  // past num_records
  EXPECT_EQ(wave.s_poison(18), 0u);
}

TEST(Lds, ReadsWritesPairsAndAtomics) {
  AsmOptions options;
  options.lds_bytes = 4096;
  AsmWave wave(R"(
    ds_write_b32 v0, v1
    ds_write2_b32 v0, v1, v2 offset0:64 offset1:128
    ds_write2st64_b32 v0, v1, v2 offset0:3 offset1:4
    ds_read_b32 v10, v0
    ds_read2_b32 v[34:35], v0 offset0:128 offset1:64
    ds_read2st64_b32 v[36:37], v0 offset0:3 offset1:4
    ds_read_u8 v15, v0 offset:1
    ds_read_i8 v16, v0 offset:1
    ds_read_u16_d16_hi v17, v0
    ds_add_rtn_u32 v18, v3, v2 offset:2048
    ds_cmpst_b32 v3, v4, v2 offset:2052
    ds_read2_b32 v[20:21], v20 offset1:1
    ds_write_b128 v22, v[24:27] offset:2304
    ds_read_b96 v[28:30], v22 offset:2304
  )",
               options);
  LaneValues wide = times(16);
  for (uint32_t& x : wide) x &= 0xff;  // 16 lanes of 16 bytes, over and over
  wave.set_v(0, times(4))
      .set_v(1, times(0x0101'0101, 0x80))
      .set_v(2, times(1, 5000))
      .set_v(3, 0)
      .set_v(4, 0);
  wave.set_v(17, 0x1234).set_v(20, 0).set_v(22, wide);
  for (unsigned r = 24; r < 28; ++r) wave.set_v(r, r);
  wave.run();
  // ds_add finds LDS never written: its old value is poison.
  EXPECT_EQ(wave.v_poison(18), 0xffff'ffffu);
  for (unsigned i = 0; i < kLanes; ++i) {
    EXPECT_EQ(wave.v(10, i), 0x0101'0101 * i + 0x80);
    EXPECT_EQ(wave.v(34, i), 5000 + i);
    EXPECT_EQ(wave.v(35, i), 0x0101'0101 * i + 0x80);
    EXPECT_EQ(wave.v(36, i), 0x0101'0101 * i + 0x80);
    EXPECT_EQ(wave.v(37, i), 5000 + i);
    EXPECT_EQ(wave.v(15, i), (0x0101'0101 * i + 0x80) >> 8 & 0xff);
    EXPECT_EQ(wave.v(17, i), 0x1234 | (0x0101'0101 * i + 0x80) << 16);
    EXPECT_EQ(wave.v(20, i), 0x80u);  // the address register is a destination, too
    EXPECT_EQ(wave.v(21, i), 0x0101'0181u);
    EXPECT_EQ(wave.v(30, i), 26u);
  }
}

// A reversed index compiles to a negative base and an offset.
TEST(Lds, AddressesWrapAtThirtyTwoBits) {
  AsmOptions options;
  options.lds_bytes = 256;
  AsmWave wave("ds_write_b32 v0, v1 offset:252\nds_read_b32 v2, v0 offset:252", options);
  LaneValues down, id;
  for (unsigned i = 0; i < kLanes; ++i) {
    down[i] = 0u - 4 * i;
    id[i] = i;
  }
  wave.set_v(0, down).set_v(1, id).run();
  EXPECT_EQ(wave.findings(), "");
  EXPECT_EQ(wave.lanes(2), id);
}

TEST(Lds, OutOfBoundsIsAFinding) {
  AsmOptions options;
  options.lds_bytes = 252;
  AsmWave wave("ds_write_b32 v0, v0\nds_read_b64 v[2:3], v0", options);
  wave.set_v(0, times(4)).run();
  ASSERT_EQ(wave.result().findings.size(), 2u);
  EXPECT_EQ(wave.result().findings[0].kind, FindingKind::kOutOfBoundsWrite);
  EXPECT_EQ(wave.result().findings[0].memory->buffer, "LDS");
  EXPECT_EQ(wave.result().findings[0].first_lane(), 63);
  EXPECT_EQ(wave.result().findings[1].kind, FindingKind::kOutOfBoundsRead);
  EXPECT_EQ(wave.result().findings[1].lane_count(), 2);
}

TEST(Flat, AperturesReachLdsAndScratch) {
  AsmOptions options;
  options.lds_bytes = 256;
  options.scratch_bytes = 16;
  AsmWave wave(R"(
    s_mov_b64 s[0:1], src_shared_base
    s_mov_b64 s[2:3], src_private_base
    v_mov_b32 v3, s1
    flat_store_dword v[2:3], v1
    ds_read_b32 v10, v2
    v_mov_b32 v5, s3
    v_mov_b32 v4, 8
    flat_store_dword v[4:5], v1
    scratch_load_dword v11, off, off offset:8
    flat_load_dword v12, v[4:5]
    flat_load_dword v13, v[6:7]
  )",
               options);
  Island& m = wave.memory().add({"m", 4});
  m.write_values<uint32_t>(0, std::array<uint32_t, 1>{77});
  wave.set_v(1, times(3, 1)).set_v(2, times(4)).set_v64(6, m.address()).run();
  ASSERT_EQ(wave.findings(), "");
  for (unsigned i = 0; i < kLanes; ++i) {
    EXPECT_EQ(wave.v(10, i), 3 * i + 1);
    EXPECT_EQ(wave.v(11, i), 3 * i + 1);
    EXPECT_EQ(wave.v(12, i), 3 * i + 1);
    EXPECT_EQ(wave.v(13, i), 77u);
  }
}

TEST(Scratch, EveryLaneHasItsOwn) {
  AsmOptions options;
  options.scratch_bytes = 32;
  AsmWave wave(R"(
    scratch_store_dwordx2 off, v[0:1], s0 offset:4
    scratch_load_dwordx2 v[4:5], v2, off offset:4
    scratch_load_dword v6, off, s0 offset:28
  )",
               options);
  wave.set_s(0, 4).set_v(0, times(1)).set_v(1, times(2)).set_v(2, 4).run();
  EXPECT_EQ(wave.lanes(4), times(1));
  EXPECT_EQ(wave.lanes(5), times(2));
  ASSERT_EQ(wave.result().findings.size(), 1u);  // 32 is past the end
  EXPECT_EQ(wave.result().findings[0].memory->buffer, "scratch");
}

// Range checks are architecture: loads past num_records give 0 and stores are dropped, dword by
// dword.
TEST(Buffer, RawRangeCheckIsSilentAndPerDword) {
  AsmWave wave(R"(
    buffer_load_dwordx2 v[2:3], v0, s[4:7], 0 offen
    buffer_load_dword v4, v0, s[4:7], s0 offen offset:4
    buffer_store_dwordx2 v[0:1], v0, s[4:7], 0 offen
    buffer_load_ushort v5, off, s[4:7], 0 offset:6
    buffer_load_dword v6, v0, s[4:7], 0 idxen
  )");
  Island& m = wave.memory().add({"m", 256});
  std::vector<uint32_t> data(64);
  for (unsigned i = 0; i < 64; ++i) data[i] = 100 + i;
  m.write_values<uint32_t>(0, data);
  wave.set_s64(4, m.address()).set_s(6, 40).set_s(7, 0).set_s(0, 8);
  wave.set_v(0, times(4)).set_v(1, 7).run();
  ASSERT_EQ(wave.findings(), "");
  for (unsigned i = 0; i < kLanes; ++i) {
    EXPECT_EQ(wave.v(2, i), i < 10 ? 100 + i : 0);
    EXPECT_EQ(wave.v(3, i), i < 9 ? 101 + i : 0);
    EXPECT_EQ(wave.v(4, i), i < 7 ? 103 + i : 0);
    EXPECT_EQ(wave.v(5, i), 101u >> 16);
  }
  EXPECT_EQ(words(m)[9], 36u);
  EXPECT_EQ(words(m)[10], 110u);  // num_records protects it
}

TEST(Buffer, StructuredIndexAndStride) {
  AsmWave wave("buffer_load_dword v2, v[0:1], s[4:7], 0 idxen offen offset:4");
  Island& m = wave.memory().add({"m", 256});
  std::vector<uint32_t> data(64);
  for (unsigned i = 0; i < 64; ++i) data[i] = 100 + i;
  m.write_values<uint32_t>(0, data);
  // 16-byte records, 10 of them.
  wave.set_s(4, uint32_t(m.address()))
      .set_s(5, uint32_t(m.address() >> 32) | 16 << 16)
      .set_s(6, 10)
      .set_s(7, 0);
  wave.set_v(0, times(1)).set_v(1, 4).run();
  ASSERT_EQ(wave.findings(), "");
  for (unsigned i = 0; i < kLanes; ++i) EXPECT_EQ(wave.v(2, i), i < 10 ? 100 + 4 * i + 2 : 0);
}

TEST(Buffer, PastTheIslandInsideNumRecordsIsAFinding) {
  AsmWave wave("buffer_load_dword v2, v0, s[4:7], 0 offen");
  Island& m = wave.memory().add({"m", 64});
  fill_bytes(m);
  wave.set_s64(4, m.address()).set_s(6, 4096).set_s(7, 0).set_v(0, times(4)).run();
  ASSERT_EQ(wave.result().findings.size(), 1u);
  EXPECT_EQ(wave.result().findings[0].first_lane(), 16);
}

TEST(ToLds, GlobalAndBufferLoadsFillConsecutiveSlots) {
  AsmOptions options;
  options.arch = Arch::kGfx950;
  options.lds_bytes = 4096;
  AsmWave wave(R"(
    s_mov_b32 m0, 256
    global_load_lds_dword v0, s[0:1]
    buffer_load_dword v0, s[4:7], 0 offen lds
    s_mov_b32 m0, 1024
    global_load_lds_dwordx4 v1, s[0:1]
    s_waitcnt vmcnt(0)
    ds_read_b32 v2, v0 offset:256
    ds_read_b32 v3, v4 offset:1024
  )",
               options);
  Island& m = wave.memory().add({"m", 1024});
  std::vector<uint32_t> data(256);
  for (unsigned i = 0; i < 256; ++i) data[i] = 100 + i;
  m.write_values<uint32_t>(0, data);
  wave.set_s64(0, m.address()).set_s64(4, m.address()).set_s(6, 1024).set_s(7, 0);
  wave.set_v(0, times(4)).set_v(1, times(16)).set_v(4, times(16, 12)).run();
  ASSERT_EQ(wave.findings(), "");
  for (unsigned i = 0; i < kLanes; ++i) {
    EXPECT_EQ(wave.v(2, i), 100 + i);
    EXPECT_EQ(wave.v(3, i), 100 + 4 * i + 3);
  }
}

}  // namespace
}  // namespace wavefuzz::sim
