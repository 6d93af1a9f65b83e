// Branches, calls, relative VGPR addressing, and the instructions that do nothing here.
#include <fmt/format.h>

#include "gpu/sim/opcode_test/int_math.h"

namespace wavefuzz::sim::opcode {
namespace {

// s2 is 1 after a taken branch, 2 after one that was not.
constexpr const char* kBranch = R"(
  s_mov_b32 s2, 0
  {} target
  s_mov_b32 s2, 2
  s_branch out
target:
  s_mov_b32 s2, 1
out:
)";
Case branch(const std::string& name, std::function<void(AsmWave&, bool)> prepare) {
  return custom(name, [=](Probe& p) {
    for (const bool taken : {true, false, true}) {
      const auto wave = p.wave(fmt::format(kBranch, name));
      prepare(*wave, taken);
      p.run(*wave);
      p.equal(wave->s(2), taken ? 1 : 2, 0, [&] { return name; });
    }
  });
}

// Registers, SCC, EXEC, MODE and memory stay, and the next instruction runs.
Case nothing(const std::string& text) {
  const std::string name = text.substr(0, text.find(' '));
  return custom(name,
                [=](Probe& p) {
                  const auto wave = p.wave(text + "\ns_getreg_b32 s30, hwreg(HW_REG_MODE, 0, 10)",
                                           {.lds_bytes = 64});
                  Island& m = wave->memory().add({"m", 64});
                  std::vector<uint32_t> words(16);
                  for (unsigned i = 0; i < 16; ++i) words[i] = 1000 + i;
                  m.write_values<uint32_t>(0, words);
                  LaneValues lanes[8];
                  for (unsigned r = 0; r < 8; ++r) {
                    for (uint32_t& x : lanes[r]) x = uint32_t(p.random()());
                    wave->set_v(r, lanes[r]);
                  }
                  const u64 exec = p.random()();
                  for (unsigned r = 0; r < 30; ++r) wave->set_s(r, 77 * r);
                  wave->set_s64(kVcc, 99).set_s(kM0, 5).set_s(kScc, 1).set_exec(exec);
                  p.run(*wave);
                  const auto same = [&](u64 got, u64 want) {
                    p.equal(got, want, want, [&] { return text; });
                  };
                  for (unsigned r = 0; r < 8; ++r)
                    for (unsigned i = 0; i < kLanes; ++i) same(wave->v(r, i), lanes[r][i]);
                  for (unsigned r = 0; r < 30; ++r) same(wave->s(r), 77 * r);
                  same(wave->s64(kVcc), 99);
                  same(wave->s(kM0), 5);
                  same(wave->s(kScc), 1);
                  same(wave->exec(), exec);
                  same(wave->s(30), 0xf0);
                  same(m.written_ranges().size(), 0);
                })
      .with(Effect::kNothing);
}

}  // namespace

void add_control_cases(Cases& cases) {
  cases.push_back(custom("s_branch", [](Probe& p) {
                    const auto wave = p.wave(R"(
      s_branch over
    back:
      s_mov_b32 s2, 1
      s_branch out
    over:
      s_mov_b32 s3, 1
      s_branch back
    out:
    )");
                    wave->set_s(2, 0).set_s(3, 0);
                    p.run(*wave);
                    p.equal(wave->s(2) + 2 * wave->s(3), 3, 0, [] { return "s_branch"; });
                  }).with(Effect::kConstant));
  const auto scc = [](bool value) {
    return [=](AsmWave& w, bool taken) { w.set_s(kScc, taken == value); };
  };
  cases.push_back(branch("s_cbranch_scc0", scc(false)));
  cases.push_back(branch("s_cbranch_scc1", scc(true)));
  cases.push_back(branch(
      "s_cbranch_vccz", [](AsmWave& w, bool taken) { w.set_s64(kVcc, taken ? 0 : u64{1} << 40); }));
  cases.push_back(branch("s_cbranch_vccnz", [](AsmWave& w, bool taken) {
    w.set_s64(kVcc, taken ? u64{1} << 63 : 0);
  }));
  cases.push_back(branch("s_cbranch_execz",
                         [](AsmWave& w, bool taken) { w.set_exec(taken ? 0 : u64{1} << 33); }));
  cases.push_back(branch("s_cbranch_execnz",
                         [](AsmWave& w, bool taken) { w.set_exec(taken ? u64{1} << 32 : 0); }));

  // Return addresses are those of the next instruction: 4 bytes on.
  cases.push_back(custom("s_getpc_b64", [](Probe& p) {
    const auto wave = p.wave("s_getpc_b64 s[0:1]\ns_nop 0\ns_getpc_b64 s[2:3]");
    wave->set_s64(0, 0).set_s64(2, 0);
    p.run(*wave);
    p.equal(wave->s64(2) - wave->s64(0), 8, 0, [] { return "s_getpc_b64"; });
    p.equal(wave->s64(0) != 0, 1, 0, [] { return "s_getpc_b64"; });
  }));
  constexpr const char* kCall = R"(
    s_mov_b32 s8, 0
    s_getpc_b64 s[4:5]
  base:
    s_add_u32 s4, s4, function-base
    s_addc_u32 s5, s5, 0
    {}
  after:
    s_add_u32 s8, s8, 1
    s_branch out
  function:
    s_add_u32 s8, s8, 0x100
    {}
  out:
  )";
  const auto call = [&](const char* name, const char* jump, const char* back, u64 want) {
    cases.push_back(custom(name, [=](Probe& p) {
                      const auto wave = p.wave(fmt::format(kCall, jump, back));
                      for (const unsigned r : {4, 5, 6, 7, 8}) wave->set_s(r, 9);
                      p.run(*wave);
                      p.equal(wave->s(8), want, 9, [&] { return name; });
                      p.equal(wave->s64(6) != 0, 1, 2, [&] { return name; });
                    }).with(Effect::kConstant));
  };
  call("s_swappc_b64", "s_swappc_b64 s[6:7], s[4:5]", "s_setpc_b64 s[6:7]", 0x101);
  call("s_call_b64", "s_call_b64 s[6:7], function", "s_setpc_b64 s[6:7]", 0x101);
  call("s_setpc_b64", "s_setpc_b64 s[4:5]", "s_nop 0", 0x100);

  // What is not executed leaves its mark unwritten.
  const auto ends = [&](const std::string& text, bool trap) {
    const std::string name = text.substr(0, text.find(' '));
    cases.push_back(custom(name, [=](Probe& p) {
                      const auto wave = p.wave("s_mov_b32 s2, 1\n" + text + "\ns_mov_b32 s2, 2");
                      wave->set_s(2, 0);
                      wave->run();
                      p.equal(wave->s(2), 1, 0, [&] { return name; });
                      p.equal(wave->result().findings.size(), trap, 5, [&] { return name; });
                      if (trap)
                        p.equal(u64(wave->result().findings[0].kind), u64(FindingKind::kTrap), 99,
                                [&] { return name; });
                    }).with(Effect::kConstant));
  };
  ends("s_endpgm", false);
  ends("s_endpgm_saved", false);
  ends("s_trap 2", true);
  cases.push_back(custom("s_barrier",
                         [](Probe& p) {  // a group's waves meet: launch_test's
                           const auto wave = p.wave("s_mov_b32 s2, 1\ns_barrier\ns_mov_b32 s2, 2");
                           wave->set_s(2, 0);
                           wave->run();
                           p.equal(wave->s(2), 1, 0, [] { return "s_barrier"; });
                         })
                      .with(Effect::kConstant));
  for (const char* name : {"s_memtime", "s_memrealtime"})
    cases.push_back(custom(name, [=](Probe& p) {
                      const auto wave = p.wave(std::string(name) + " s[2:3]");
                      wave->set_s64(2, 77);
                      p.run(*wave);
                      p.equal(wave->s64(2), 0, 77, [&] { return name; });
                    }).with(Effect::kConstant));

  // M0[7:0] is added to the register numbers of the operand classes in M0[15:12].
  const auto indexing = [&](const char* name, const std::string& before, unsigned classes) {
    cases.push_back(custom(name, [=](Probe& p) {
      const auto wave =
          p.wave(before + "\nv_add_u32 v10, v0, v1\ns_set_gpr_idx_off\nv_mov_b32 v30, v0");
      for (unsigned index = 0; index < 4; ++index) {
        for (unsigned r = 0; r < 40; ++r) wave->set_v(r, 1000 * (r + 1));
        wave->set_s(0, index | 0x5500).set_s(kM0, 0x30'0000);
        p.run(*wave);
        const unsigned a = classes & 1 ? index : 0, b = 1 + (classes & 2 ? index : 0);
        const unsigned d = 10 + (classes & 8 ? index : 0);
        for (unsigned i = 0; i < kLanes; ++i) {
          p.equal(wave->v(d, i), 1000 * (a + 1) + 1000 * (b + 1), 1000 * (d + 1),
                  [&] { return fmt::format("{} index {}", name, index); });
          p.equal(wave->v(30, i), 1000, 31000, [&] { return std::string(name) + " off"; });
        }
        p.equal(wave->s(kM0) >> 16, 0x30, 0, [&] { return std::string(name) + " M0"; });
      }
    }));
  };
  indexing("s_set_gpr_idx_on", "s_set_gpr_idx_on s0, gpr_idx(SRC0,SRC1)", 3);
  indexing("s_set_gpr_idx_off", "s_set_gpr_idx_on s0, gpr_idx(DST)", 8);
  indexing("s_set_gpr_idx_idx", "s_set_gpr_idx_on 7, gpr_idx(SRC1)\ns_set_gpr_idx_idx s0", 2);
  indexing("s_set_gpr_idx_mode",
           "s_set_gpr_idx_on s0, gpr_idx(SRC0)\ns_set_gpr_idx_mode gpr_idx(SRC1,DST)", 10);

  // VSKIP = S0[S1[4:0]]; while it is set, vector instructions do nothing, scalar ones all.
  cases.push_back(custom("s_setvskip", [](Probe& p) {
    for (const char* text : {"s_setvskip s0, s1", "s_setvskip s0, 5", "s_setvskip 0x2345678, s1",
                             "s_setvskip -3, s1", "s_setvskip s0, 0xabcd"})
      for (int trial = 0; trial < 8; ++trial) {
        const auto wave = p.wave(std::string(text) +
                                 "\nv_mov_b32 v1, 77\ns_mov_b32 s2, 88"
                                 "\ns_getreg_b32 s3, hwreg(HW_REG_MODE, 28, 1)");
        const uint32_t value = uint32_t(p.random()()), bit = uint32_t(p.random()());
        wave->set_s(0, value).set_s(1, bit).set_s(2, 5).set_s(3, 5).set_v(1, 6);
        p.run(*wave);
        const std::string s = text;
        const uint32_t from = s.find("0x2345678") != s.npos ? 0x2345678
                              : s.find("-3") != s.npos      ? uint32_t(-3)
                                                            : value;
        const uint32_t at = s.ends_with(" 5") ? 5 : s.ends_with("0xabcd") ? 0xabcd : bit;
        const bool skips = from >> (at & 31) & 1;
        for (unsigned i = 0; i < kLanes; ++i)
          p.equal(wave->v(1, i), skips ? 6 : 77, 6, [&] { return s; });
        p.equal(wave->s(2), 88, 5, [&] { return s; });
        p.equal(wave->s(3), skips, 5, [&] { return s + " MODE"; });
      }
  }));

  for (const char* text : {"s_nop 3",
                           "s_waitcnt vmcnt(0) lgkmcnt(0)",
                           "s_sleep 1",
                           "s_setprio 2",
                           "s_sethalt 0",
                           "s_sendmsg sendmsg(MSG_INTERRUPT)",
                           "s_sendmsghalt sendmsg(MSG_INTERRUPT)",
                           "s_icache_inv",
                           "s_dcache_inv",
                           "s_dcache_wb",
                           "s_dcache_inv_vol",
                           "s_dcache_wb_vol",
                           "s_incperflevel 1",
                           "s_decperflevel 1",
                           "s_ttracedata",
                           "s_wakeup",
                           "buffer_wbl2 sc1",
                           "buffer_inv sc1",
                           "v_nop",
                           "v_clrexcp",
                           "ds_nop"})
    cases.push_back(nothing(text));
}

}  // namespace wavefuzz::sim::opcode
