// Moves between lanes, and between lanes and scalars.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

LaneValues random_lanes(Probe& p) {
  LaneValues lanes;
  for (uint32_t& x : lanes) x = uint32_t(p.random()());
  return lanes;
}

// `from` gives the lane that lane i reads, or -1 for 0. Lanes outside EXEC read as 0.
Case crossbar(const char* name, const std::string& text,
              std::function<int(unsigned lane, const LaneValues& address)> from) {
  return custom(name, [=](Probe& p) {
    const auto wave = p.wave(text);
    for (int batch = 0; batch < 10; ++batch) {
      const LaneValues data = random_lanes(p), old = random_lanes(p), address = random_lanes(p);
      const u64 exec = batch < 4 ? ~u64{0} : p.random()();
      wave->set_v(0, address).set_v(1, data).set_v(10, old).set_exec(exec);
      p.run(*wave);
      for (unsigned i = 0; i < kLanes; ++i) {
        const int lane = from(i, address);
        const uint32_t value = lane >= 0 && (exec >> lane & 1) ? data[unsigned(lane)] : 0;
        p.equal(wave->v(10, i), exec >> i & 1 ? value : old[i], old[i],
                [&] { return fmt::format("{} lane {}", text, i); });
      }
    }
  });
}

}  // namespace

void add_lane_cases(Cases& cases) {
  cases.push_back(custom("v_readfirstlane_b32", [](Probe& p) {
    const auto wave = p.wave("v_readfirstlane_b32 s0, v0");
    for (int i = 0; i < 200; ++i) {
      const LaneValues data = random_lanes(p);
      const u64 exec = i == 0 ? 0 : p.random()() << p.pick(64);
      wave->set_v(0, data).set_s(0, 1).set_exec(exec);
      p.run(*wave);
      const unsigned lane = exec == 0 ? 0 : trailing_zeros(exec, 64);
      p.equal(wave->s(0), data[lane], 1, [&] { return fmt::format("EXEC {:#x}", exec); });
    }
  }));
  // The lane's number counts modulo 64; EXEC does not matter.
  cases.push_back(custom("v_readlane_b32", [](Probe& p) {
    const auto wave = p.wave("v_readlane_b32 s0, v0, s1\nv_readlane_b32 s2, v0, 17");
    for (int i = 0; i < 200; ++i) {
      const LaneValues data = random_lanes(p);
      const uint32_t lane = uint32_t(p.pick(200));
      wave->set_v(0, data).set_s(0, 1).set_s(1, lane).set_s(2, 1).set_exec(p.random()());
      p.run(*wave);
      p.equal(wave->s(0), data[lane % 64], 1, [&] { return fmt::format("lane {}", lane); });
      p.equal(wave->s(2), data[17], 1, [&] { return "lane 17"; });
    }
  }));
  cases.push_back(custom("v_writelane_b32", [](Probe& p) {
    const auto wave = p.wave("v_writelane_b32 v0, s1, m0");
    for (int i = 0; i < 100; ++i) {
      const LaneValues data = random_lanes(p);
      const uint32_t lane = uint32_t(p.pick(200)), value = uint32_t(p.random()());
      wave->set_v(0, data).set_s(1, value).set_s(kM0, lane).set_exec(p.random()());
      p.run(*wave);
      for (unsigned k = 0; k < kLanes; ++k)
        p.equal(wave->v(0, k), k == lane % 64 ? value : data[k], data[k],
                [&] { return fmt::format("lane {} of {}", k, lane); });
    }
  }));

  cases.push_back(crossbar("ds_bpermute_b32", "ds_bpermute_b32 v10, v0, v1",
                           [](unsigned i, const LaneValues& a) { return int(a[i] / 4 % 64); }));
  cases.push_back(
      crossbar("ds_bpermute_b32", "ds_bpermute_b32 v10, v0, v1 offset:12",
               [](unsigned i, const LaneValues& a) { return int((a[i] + 12) / 4 % 64); }));
  cases.push_back(custom("ds_permute_b32", [](Probe& p) {
    for (const uint32_t offset : {0u, 8u}) {
      const auto wave = p.wave(fmt::format("ds_permute_b32 v10, v0, v1 offset:{}", offset));
      for (int batch = 0; batch < 10; ++batch) {
        const LaneValues data = random_lanes(p), old = random_lanes(p), address = random_lanes(p);
        const u64 exec = batch < 4 ? ~u64{0} : p.random()();
        wave->set_v(0, address).set_v(1, data).set_v(10, old).set_exec(exec);
        p.run(*wave);
        // Of several writers the highest lane wins; nobody: 0.
        uint32_t want[kLanes] = {};
        for (unsigned i = 0; i < kLanes; ++i)
          if (exec >> i & 1) want[(address[i] + offset) / 4 % 64] = data[i];
        for (unsigned i = 0; i < kLanes; ++i)
          p.equal(wave->v(10, i), exec >> i & 1 ? want[i] : old[i], old[i],
                  [&] { return fmt::format("ds_permute_b32 lane {}", i); });
      }
    }
  }));
  for (const auto& [pattern, from] :
       std::initializer_list<std::pair<const char*, int (*)(unsigned)>>{
           {"swizzle(SWAP,8)", [](unsigned i) { return int(i ^ 8); }},
           {"swizzle(REVERSE,16)", [](unsigned i) { return int(i ^ 15); }},
           {"swizzle(BROADCAST,4,3)", [](unsigned i) { return int(i / 4 * 4 + 3); }},
           {"swizzle(QUAD_PERM,2,0,3,1)",
            [](unsigned i) { return int(i / 4 * 4 + std::string_view("\2\0\3\1", 4)[i % 4]); }},
           {"0x1d52",  // and 0x12, or 0xa, xor 7
            [](unsigned i) { return int(i / 32 * 32 + (((i & 0x12) | 0xa) ^ 7)); }}}) {
    const auto lane = from;
    cases.push_back(crossbar("ds_swizzle_b32",
                             std::string("ds_swizzle_b32 v10, v1 offset:") + pattern,
                             [lane](unsigned i, const LaneValues&) { return lane(i); }));
  }

  // The bits of the mask below this lane, in its low and its high half.
  for (const bool high : {false, true})
    cases.push_back(vector_case(VectorCase{
        high ? "v_mbcnt_hi_u32_b32" : "v_mbcnt_lo_u32_b32", kB32, {kB32, kB32}, [=](Lane& x) {
          u64 count = x.b;
          for (unsigned i = 0; i < 32; ++i) count += (x.a >> i & 1) && i + 32 * high < x.lane;
          return count;
        }}));

  const auto swap = [&](const char* name, ArchSet arches,
                        std::function<bool(unsigned, unsigned)> pairs) {
    // pairs(i, k): lane i of the destination is exchanged with lane k of the source.
    cases.push_back(custom(name, [=](Probe& p) {
                      const auto wave = p.wave(std::string(name) + " v0, v1");
                      for (int batch = 0; batch < 8; ++batch) {
                        const LaneValues a = random_lanes(p), b = random_lanes(p);
                        const u64 exec = batch < 4 ? ~u64{0} : p.random()();
                        wave->set_v(0, a).set_v(1, b).set_exec(exec);
                        p.run(*wave);
                        LaneValues x = a, y = b;
                        for (unsigned i = 0; i < kLanes; ++i)
                          for (unsigned k = 0; k < kLanes; ++k)
                            if (pairs(i, k)) {
                              if (exec >> i & 1) x[i] = b[k];
                              if (exec >> k & 1) y[k] = a[i];
                            }
                        for (unsigned i = 0; i < kLanes; ++i) {
                          p.equal(wave->v(0, i), x[i], a[i],
                                  [&] { return fmt::format("{} v0 lane {}", name, i); });
                          p.equal(wave->v(1, i), y[i], b[i],
                                  [&] { return fmt::format("{} v1 lane {}", name, i); });
                        }
                      }
                    }).on(arches));
  };
  swap("v_swap_b32", kBothArches, [](unsigned i, unsigned k) { return i == k; });
  swap("v_permlane32_swap_b32", kGfx950Only, [](unsigned i, unsigned k) { return i == k + 32; });
  swap("v_permlane16_swap_b32", kGfx950Only,
       [](unsigned i, unsigned k) { return i == k + 16 && i % 32 >= 16; });

  const auto agpr = [&](const char* name, const char* text) {
    cases.push_back(custom(name, [=](Probe& p) {
      const auto wave = p.wave(text);
      for (int batch = 0; batch < 6; ++batch) {
        const LaneValues a = random_lanes(p), b = random_lanes(p);
        const u64 exec = batch < 2 ? ~u64{0} : p.random()();
        const std::string t = text;
        const unsigned to = t.find("b32 a") != std::string::npos ? kAgpr0 + 10 : 10;
        const unsigned from = t.find(", a") != std::string::npos ? kAgpr0 + 1 : 1;
        wave->set_v(from, a).set_v(to, b).set_exec(exec);
        p.run(*wave);
        for (unsigned i = 0; i < kLanes; ++i)
          p.equal(wave->v(to, i), exec >> i & 1 ? a[i] : b[i], b[i],
                  [&] { return fmt::format("{} lane {}", text, i); });
      }
    }));
  };
  agpr("v_accvgpr_read_b32", "v_accvgpr_read_b32 v10, a1");
  agpr("v_accvgpr_write_b32", "v_accvgpr_write_b32 a10, v1");
  agpr("v_accvgpr_mov_b32", "v_accvgpr_mov_b32 a10, a1");
}

}  // namespace wavefuzz::sim::opcode
