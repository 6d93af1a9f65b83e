// Runs a vector instruction in every form that the assembler takes, and compares each lane.
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "gpu/sim/opcode_test/case.h"
#include "gpu/sim/opcode_test/fp.h"

namespace wavefuzz::sim::opcode {
namespace {

// Registers of the test: sources, destination (with a guard behind it), mask operands.
constexpr unsigned kSource[] = {0, 2, 4};
constexpr unsigned kDst = 10;
constexpr unsigned kSgprSource = 40, kMaskIn = 44, kMaskOut = 46, kModeIn = 50;

unsigned width(Type t) {
  switch (t) {
    case kB16:
    case kF16:
      return 16;
    case kB64:
    case kF64:
    case kPkF32:
      return 64;
    default:
      return 32;
  }
}
u64 mask(unsigned bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }

enum Part : uint8_t { kDword, kByte0, kByte1, kByte2, kByte3, kWord0, kWord1 };
constexpr const char* kPartName[] = {"DWORD",  "BYTE_0", "BYTE_1", "BYTE_2",
                                     "BYTE_3", "WORD_0", "WORD_1"};
struct Field {
  unsigned shift, width;
};
Field field(Part p) {
  if (p == kDword) return {0, 32};
  if (p >= kWord0) return {p == kWord1 ? 16u : 0u, 16};
  return {8u * (p - kByte0), 8};
}

struct Form {
  std::string encoding;  // suffix of the mnemonic
  bool neg[3] = {}, abs[3] = {}, sext[3] = {};
  bool neg_hi[3] = {};  // packed: neg_lo is neg
  Part part[3] = {};
  bool op_sel[4] = {}, op_sel_hi[3] = {true, true, true};
  bool has_op_sel = false, has_neg = false;
  int scalar = -1;    // this source is an SGPR
  int constant = -1;  // this source is `constant_text`, of these bits
  std::string constant_text;
  u64 constant_bits = 0;
  bool clamp = false;
  int omod = 0;  // 1: *2, 2: *4, 3: /2
  bool sdwa = false, names_dst = false;
  Part dst_part = kDword;
  int dst_unused = 0;  // 0 pad, 1 sext, 2 preserve
  std::string dpp;     // control and masks
  bool bound_ctrl = false;
  std::function<int(unsigned)> dpp_source;  // lane, or -1
  u64 dpp_lanes = ~u64{0};
  bool in_place = false;  // the destination is source 0
  int batches = 2;
};

std::string reg(const char* letter, unsigned first, unsigned dwords) {
  return dwords == 1 ? fmt::format("{}{}", letter, first)
                     : fmt::format("{}[{}:{}]", letter, first, first + dwords - 1);
}

class Runner {
 public:
  Runner(const VectorCase& v, Probe& p) : v_(v), p_(p) {}

  void run() {
    Form plain;
    plain.batches = p_.brief() ? 3 : v_.modes ? 24 : 9;
    must(plain);
    if (p_.brief() || p_.failed()) return;
    Form in_place = plain;
    in_place.in_place = true;
    in_place.batches = 2;
    if (v_.result != kNone && !v_.sources.empty() && dwords(v_.sources[0]) == dwords(v_.result))
      must(in_place);
    operands();
    for (const char* encoding : {"", "_e64"}) modifiers(encoding);
    if (is_packed()) packed();
    selections();
    sdwa();
    dpp();
  }

 private:
  bool is_packed() const {
    for (const Type t : v_.sources)
      if (t == kPk16 || t == kPkF16 || t == kPkF32) return true;
    return false;
  }

  void operands() {
    for (unsigned k = 0; k < v_.sources.size(); ++k) {
      Form f;
      f.scalar = int(k);
      may(f);
      f.encoding = "_e64";
      may(f);
      if (v_.sources[k] == kPkF32) continue;
      const Type t = v_.sources[k];
      const unsigned bits = t == kPk16 || t == kPkF16 ? 32 : width(t);
      struct Constant {
        const char* text;
        u64 bits;
      };
      std::vector<Constant> list = {{"1", 1}, {"-1", ~u64{0}}, {"64", 64}, {"-16", ~u64{15}}};
      if (t == kF32) {
        list.push_back({"0.5", 0x3f00'0000});
        list.push_back({"-4.0", 0xc080'0000});
        list.push_back({"0.15915494", 0x3e22'f983});
        list.push_back({"0x40490fdb", 0x4049'0fdb});
      } else if (t == kF16 || t == kPkF16) {
        list.push_back({"0.5", 0x3800});
        list.push_back({"-4.0", 0xc400});
        list.push_back({"0.15915494", 0x3118});
      } else if (t == kF64) {
        list.push_back({"0.5", 0x3fe0'0000'0000'0000});
        list.push_back({"-4.0", 0xc010'0000'0000'0000});
        list.push_back({"0.15915494309189532", 0x3fc4'5f30'6dc9'c882});
      } else if (t == kB32) {
        list.push_back({"0x12345678", 0x1234'5678});
      }
      for (const Constant& c : list) {
        if (!v_.nan && is_float(t) && fp(t).nan(c.bits)) continue;
        f.scalar = -1;
        f.constant = int(k);
        f.constant_text = c.text;
        f.constant_bits = c.bits & mask(bits);
        f.batches = 1;
        // Packed: op_sel_hi keeps its default; the high half of a float constant is 0.
        if (t == kPkF16 && c.text[1] != '\0' && std::string(c.text).find('.') == std::string::npos)
          f.constant_bits = c.bits & 0xffff'ffff;
        f.encoding = "";
        may(f);
        if (c.text[0] != '0' || c.text[1] == '.') {
          f.encoding = "_e64";
          may(f);
        }
      }
    }
  }

  void modifiers(const char* encoding) {
    const size_t n = v_.sources.size();
    if (v_.modifiers && !is_packed()) {
      for (unsigned set = 1; set < 1u << (2 * n); ++set) {
        if (n == 3 && p_.pick(4) != 0) continue;  // a sample of the 63
        Form f;
        f.encoding = encoding;
        bool good = true;
        for (unsigned k = 0; k < n; ++k) {
          f.neg[k] = set >> 2 * k & 1;
          f.abs[k] = set >> 2 * k & 2;
          good &= is_float(v_.sources[k]) || !(f.neg[k] || f.abs[k]);
        }
        f.batches = 1;
        if (good) may(f);
      }
    }
    Form f;
    f.encoding = encoding;
    f.batches = 3;
    if (v_.saturates) {
      f.clamp = true;
      f.batches = 6;
      may(f);
    }
    if (v_.output_modifiers && is_float(v_.result)) {
      f.clamp = true;
      may(f);
      for (int omod = 1; omod <= 3; ++omod) {
        f.omod = omod;
        f.clamp = false;
        may(f);
      }
      f.clamp = true;
      may(f);
    }
  }

  void packed() {
    for (int i = 0; i < 12; ++i) {
      Form f;
      f.has_op_sel = i % 4 != 3;
      f.has_neg = v_.modifiers && any_float() && i % 2;
      for (unsigned k = 0; k < v_.sources.size(); ++k) {
        if (f.has_op_sel) {
          f.op_sel[k] = p_.pick(2);
          f.op_sel_hi[k] = p_.pick(2);
        }
        if (f.has_neg && (v_.sources[k] == kPkF16 || v_.sources[k] == kPkF32)) {
          f.neg[k] = p_.pick(2);
          f.neg_hi[k] = p_.pick(2);
        }
      }
      f.batches = 1;
      may(f);
    }
  }

  // op_sel of 16-bit VOP3 instructions.
  void selections() {
    if (is_packed()) return;
    bool any = width(v_.result) == 16;
    for (const Type t : v_.sources) any |= width(t) == 16;
    if (!any) return;
    for (unsigned set = 1; set < 16; ++set) {
      Form f;
      f.has_op_sel = true;
      bool good = true;
      for (unsigned k = 0; k < 3; ++k) {
        f.op_sel[k] = set >> k & 1;
        good &= !f.op_sel[k] || (k < v_.sources.size() && width(v_.sources[k]) == 16);
      }
      f.op_sel[3] = set >> 3 & 1;
      good &= !f.op_sel[3] || v_.keeps_half;
      f.batches = 1;
      if (good) may(f);
    }
  }

  void sdwa() {
    if (is_packed()) return;
    for (int i = 0; i < 14; ++i) {
      Form f;
      f.encoding = "_sdwa";
      f.sdwa = true;
      for (unsigned k = 0; k < v_.sources.size() && k < 2; ++k) {
        f.part[k] = Part(p_.pick(7));
        if (v_.modifiers && is_float(v_.sources[k])) {
          f.neg[k] = p_.pick(4) == 0;
          f.abs[k] = p_.pick(4) == 0;
        } else {
          f.sext[k] = !is_float(v_.sources[k]) && p_.pick(3) == 0;
        }
      }
      f.names_dst = v_.result != kNone && i % 5 != 4;
      if (f.names_dst) {
        f.dst_part = Part(p_.pick(7));
        f.dst_unused = int(p_.pick(3));
      }
      f.batches = 1;
      may(f);
    }
  }

  void dpp() {
    struct Control {
      const char* text;
      std::function<int(unsigned)> source;
      u64 lanes = ~u64{0};
      bool bound_ctrl = false;
    };
    const Control kControls[] = {
        {"quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf", [](unsigned i) { return int(i ^ 3); }},
        {"row_shr:3 row_mask:0xf bank_mask:0xf bound_ctrl:0",
         [](unsigned i) { return i % 16 < 3 ? -1 : int(i) - 3; }, ~u64{0}, true},
        {"row_ror:5 row_mask:0xf bank_mask:0x5",
         [](unsigned i) { return int(i / 16 * 16 + (i + 11) % 16); }, 0x0f0f'0f0f'0f0f'0f0f},
        {"row_newbcast:2 row_mask:0xf bank_mask:0xf",
         [](unsigned i) { return int(i / 16 * 16 + 2); }},
    };
    for (const Control& c : kControls) {
      Form f;
      f.encoding = "_dpp";
      f.dpp = c.text;
      f.dpp_source = c.source;
      f.dpp_lanes = c.lanes;
      f.bound_ctrl = c.bound_ctrl;
      // A mask result's bits of lanes that are not written: no document says.
      if ((v_.mask_out) && c.lanes != ~u64{0}) continue;
      f.batches = 1;
      may(f);
      if (v_.modifiers && !v_.sources.empty() && is_float(v_.sources[0]) && !is_packed()) {
        f.neg[0] = true;
        f.abs[v_.sources.size() > 1 ? 1 : 0] = true;
        if (v_.sources.size() == 1 || is_float(v_.sources[1])) may(f);
      }
    }
  }

  std::string text(const Form& f) const {
    std::string t = v_.mnemonic + f.encoding;
    const char* separator = " ";
    const auto add = [&](const std::string& s) {
      t += separator + s;
      separator = ", ";
    };
    if (v_.result != kNone) add(reg("v", dst(f), dwords(v_.result)));
    if (v_.mask_out) add(vop2_carry(f) || vopc_e32(f) ? "vcc" : reg("s", kMaskOut, 2));
    for (unsigned k = 0; k < v_.sources.size(); ++k) {
      std::string s = int(k) == f.constant ? f.constant_text
                      : int(k) == f.scalar ? reg("s", kSgprSource, dwords(v_.sources[k]))
                                           : reg("v", kSource[k], dwords(v_.sources[k]));
      if (!is_packed()) {
        if (f.abs[k]) s = "|" + s + "|";
        if (f.neg[k]) s = int(k) == f.constant ? "neg(" + s + ")" : "-" + s;
      }
      if (f.sext[k]) s = "sext(" + s + ")";
      add(s);
    }
    if (v_.mask_in) add(vop2_carry(f) ? "vcc" : reg("s", kMaskIn, 2));
    if (!v_.suffix.empty()) t += " " + v_.suffix;
    const auto list = [&](const char* name, const bool* bits, size_t n) {
      t += fmt::format(" {}:[", name);
      for (size_t i = 0; i < n; ++i) t += fmt::format("{}{}", i ? "," : "", int(bits[i]));
      t += "]";
    };
    const size_t n = v_.sources.size();
    if (f.has_op_sel && is_packed()) {
      list("op_sel", f.op_sel, n);
      list("op_sel_hi", f.op_sel_hi, n);
    } else if (f.has_op_sel) {
      bool bits[4] = {};
      for (size_t k = 0; k < n; ++k) bits[k] = f.op_sel[k];
      bits[n] = f.op_sel[3];
      list("op_sel", bits, n + 1);
    }
    if (f.has_neg) {
      list("neg_lo", f.neg, n);
      list("neg_hi", f.neg_hi, n);
    }
    if (f.clamp) t += " clamp";
    if (f.omod) t += f.omod == 1 ? " mul:2" : f.omod == 2 ? " mul:4" : " div:2";
    if (f.sdwa) {
      constexpr const char* kUnused[] = {"UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE"};
      if (f.names_dst)
        t += fmt::format(" dst_sel:{} dst_unused:{}", kPartName[f.dst_part], kUnused[f.dst_unused]);
      for (unsigned k = 0; k < v_.sources.size() && k < 2; ++k)
        t += fmt::format(" src{}_sel:{}", k, kPartName[f.part[k]]);
    }
    if (!f.dpp.empty()) t += " " + f.dpp;
    return t;
  }
  bool any_float() const {
    for (const Type t : v_.sources)
      if (is_float(t)) return true;
    return false;
  }
  unsigned dst(const Form& f) const { return f.in_place ? kSource[0] : kDst; }
  // SDWA, DPP and the 32-bit forms of carry instructions name VCC.
  bool vop2_carry(const Form& f) const {
    return f.encoding != "_e64" && v_.result == kB32 && (v_.mask_out || v_.mask_in) &&
           v_.sources.size() == 2 && v_.mnemonic.find("mad_") == std::string::npos &&
           v_.mnemonic.find("div_") == std::string::npos;
  }
  bool vopc_e32(const Form& f) const { return v_.result == kNone && f.encoding == ""; }

  void must(const Form& f) {
    if (!form(f, false)) must_e64(f);
  }
  void must_e64(Form f) {
    f.encoding = "_e64";
    form(f, false);
  }
  void may(const Form& f) {
    if (!p_.failed()) form(f, true);
  }

  // False when the assembler does not take it.
  bool form(const Form& f, bool optional) {
    const std::string line = text(f);
    const std::string whole =
        fmt::format("s_setreg_b32 hwreg(HW_REG_MODE), s{}\n{}", kModeIn, line);
    std::unique_ptr<AsmWave> wave = p_.wave(whole, {}, optional);
    if (wave == nullptr) return false;
    count(f);
    for (int batch = 0; batch < f.batches && !p_.failed(); ++batch) one(*wave, f, line, batch);
    return true;
  }

  void count(const Form& f) {
    std::map<std::string, int>& n = p_.forms();
    ++n[f.sdwa ? "sdwa" : !f.dpp.empty() ? "dpp" : f.encoding == "_e64" ? "e64" : "plain"];
    if (f.scalar >= 0) ++n["scalar"];
    if (f.constant >= 0) ++n["constant"];
    if (f.clamp) ++n["clamp"];
    if (f.omod != 0) ++n["omod"];
    if (f.has_op_sel) ++n["op_sel"];
    for (unsigned k = 0; k < 3; ++k) {
      if (f.neg[k] || f.neg_hi[k]) ++n["neg"];
      if (f.abs[k]) ++n["abs"];
      if (f.sext[k]) ++n["sext"];
    }
  }

  uint32_t mode_bits(const Form& f, int batch) {
    uint32_t round32 = 0, round16 = 0, denorm = 15, other = 0;
    if (v_.modes) {
      round32 = uint32_t(v_.nearest ? 0 : batch & 3);
      round16 = uint32_t(v_.nearest ? 0 : v_.one_round ? round32 : p_.pick(4));
      denorm = batch < 4 ? 15 : uint32_t(p_.pick(16));
      if (v_.wide_denormals) denorm |= 12;
      other = uint32_t(p_.pick(2)) << 8 | uint32_t(p_.pick(3) == 0) << 9 |
              uint32_t(p_.pick(3) == 0) << 23;
    }
    if (f.omod != 0 || f.clamp) other ^= uint32_t(p_.pick(2)) << 8;
    if (f.omod != 0 && batch != 0) denorm = v_.wide_denormals ? 12 : 0;
    if (f.omod != 0 && batch > 1) other &= ~(1u << 9);
    return round32 | round16 << 2 | denorm << 4 | other;
  }

  void one(AsmWave& wave, const Form& f, const std::string& line, int batch) {
    std::mt19937_64& random = p_.random();
    const size_t n = v_.sources.size();
    u64 raw[3][kLanes];
    LaneValues before[3];
    for (unsigned d = 0; d < 3; ++d)
      for (unsigned i = 0; i < kLanes; ++i) before[d][i] = uint32_t(random());
    const unsigned to = dst(f);
    for (unsigned d = 0; d < 3; ++d)
      if (!f.in_place) wave.set_v(kDst + d, before[d]);
    if (!f.in_place && v_.result != kNone && is_float(v_.result)) {
      // What accumulating instructions read.
      for (unsigned i = 0; i < kLanes; ++i) {
        const u64 x = random_value(random, v_.result);
        before[0][i] = uint32_t(x);
        if (dwords(v_.result) == 2) before[1][i] = uint32_t(x >> 32);
        if (width(v_.result) == 16) before[0][i] |= uint32_t(random() << 16);
      }
      for (unsigned d = 0; d < 2; ++d) wave.set_v(kDst + d, before[d]);
    }
    for (unsigned i = 0; i < kLanes; ++i) {
      u64 sources[3] = {};
      for (size_t k = 0; k < n; ++k) sources[k] = random_value(random, v_.sources[k]);
      if (v_.shape) v_.shape(random, sources);
      for (size_t k = 0; k < n; ++k) {
        raw[k][i] = sources[k];
        // The bits that a 16-bit operand does not read.
        if (width(v_.sources[k]) == 16) raw[k][i] |= random() << 16 & 0xffff'0000;
        if (f.op_sel[k] && width(v_.sources[k]) == 16)
          raw[k][i] = (raw[k][i] << 16 | raw[k][i] >> 16) & 0xffff'ffff;
        if (f.sdwa && f.part[k] != kDword && p_.pick(2))  // make selections of f16 meaningful
          raw[k][i] = (raw[k][i] << field(f.part[k]).shift | random() % 2) & 0xffff'ffff;
      }
    }
    for (size_t k = 0; k < n; ++k) {
      LaneValues low, high;
      for (unsigned i = 0; i < kLanes; ++i) {
        low[i] = uint32_t(raw[k][i]);
        high[i] = uint32_t(raw[k][i] >> 32);
      }
      wave.set_v(kSource[k], low).set_v(kSource[k] + 1, high);
      if (f.in_place && k == 0) {
        before[0] = low;
        before[1] = high;
      }
      if (int(k) == f.scalar) {
        wave.set_s(kSgprSource, low[0]).set_s(kSgprSource + 1, high[0]);
        for (unsigned i = 0; i < kLanes; ++i) raw[k][i] = raw[k][0];
      }
      if (int(k) == f.constant)
        for (unsigned i = 0; i < kLanes; ++i) raw[k][i] = f.constant_bits;
    }
    const u64 exec = batch % 3 == 1 ? random() : batch % 3 == 2 ? random() | random() : ~u64{0};
    const u64 mask_in = random(), mask_before = random();
    const uint32_t bits = mode_bits(f, batch);
    const bool names_vcc = v_.vcc_in || vop2_carry(f) || vopc_e32(f);
    wave.set_s64(kMaskIn, mask_in).set_s64(kMaskOut, mask_before).set_s(kModeIn, bits);
    wave.set_s64(kVcc, names_vcc && (v_.mask_in || v_.vcc_in) ? mask_in : mask_before);
    wave.set_exec(exec);
    p_.run(wave);
    if (p_.failed()) return;

    const Mode mode = Mode::from_bits(bits);
    u64 mask_want = 0;
    for (unsigned i = 0; i < kLanes; ++i) {
      Lane lane;
      lane.mode = mode;
      lane.lane = i;
      lane.clamp = f.clamp && !is_float(v_.result);
      lane.in = mask_in >> i & 1;
      bool written = exec >> i & 1;
      u64* const value[] = {&lane.a, &lane.b, &lane.c};
      for (size_t k = 0; k < n; ++k) {
        u64 x = raw[k][i];
        if (!f.dpp.empty() && k == 0) {
          const int from = f.dpp_source(i);
          const bool valid = from >= 0 && (exec >> from & 1);
          x = valid ? raw[k][from] : 0;
          if (!valid && !f.bound_ctrl) written = false;
          if (!(f.dpp_lanes >> i & 1)) written = false;
        }
        *value[k] = source(f, k, x);
      }
      u64 old = before[0][i] | u64(before[1][i]) << 32;
      lane.old = width(v_.result) == 64 ? old : old & 0xffff'ffff;
      const auto describe = [&] {
        std::string t =
            fmt::format("{}\nlane {} mode {:#x} exec bit {}", line, i, bits, exec >> i & 1);
        for (size_t k = 0; k < n; ++k) t += fmt::format(" src{} {:#x}", k, raw[k][i]);
        return t + fmt::format(" mask bit {} old {:#x}", int(lane.in), lane.old);
      };
      u64 r = v_.want.lane(lane);
      mask_want |= u64(lane.out && (exec >> i & 1)) << i;
      if (v_.result == kNone) continue;
      r = result(f, r, lane);
      const unsigned words = dwords(v_.result);
      u64 want = words == 2 ? r : place(f, r, uint32_t(old));
      if (words == 1) want = (want & 0xffff'ffff) | (old & ~u64{0xffff'ffff});
      if (!written) want = old;
      const u64 got = wave.v(to, i) | u64(wave.v(to + 1, i)) << 32;
      p_.equal(got, want, old, describe);
      if (p_.failed()) return;
    }
    if (v_.mask_out) {
      const u64 got = wave.s64(names_vcc ? kVcc : kMaskOut);
      p_.equal(got, mask_want, mask_before, [&] { return line + ": the mask"; });
      if (v_.compare_exec)
        p_.equal(wave.exec(), mask_want, exec, [&] { return line + ": EXEC"; });
      else
        p_.equal(wave.exec(), exec, exec, [&] { return line + ": EXEC"; });
    }
  }

  // A register's content as the operation sees it.
  u64 source(const Form& f, size_t k, u64 x) const {
    const Type t = v_.sources[k];
    if (t == kPkF32) {
      const u64 low = f.op_sel[k] ? x >> 32 : x & 0xffff'ffff;
      const u64 high = f.op_sel_hi[k] ? x >> 32 : x & 0xffff'ffff;
      return (low ^ (f.neg[k] ? 0x8000'0000u : 0)) | (high ^ (f.neg_hi[k] ? 0x8000'0000u : 0))
                                                         << 32;
    }
    if (t == kPk16 || t == kPkF16) {
      const u64 low = (f.op_sel[k] ? x >> 16 : x) & 0xffff;
      const u64 high = (f.op_sel_hi[k] ? x >> 16 : x) & 0xffff;
      return (low ^ (f.neg[k] ? 0x8000u : 0)) | (high ^ (f.neg_hi[k] ? 0x8000u : 0)) << 16;
    }
    if (f.sdwa) {
      const Field at = field(f.part[k]);
      x = x >> at.shift & mask(at.width);
      if (f.sext[k] && (x >> (at.width - 1) & 1)) x |= ~mask(at.width);
    }
    if (f.op_sel[k] && !is_packed()) x >>= 16;
    x &= mask(width(t));
    if (is_float(t)) {
      if (f.abs[k]) x &= ~fp(t).sign();
      if (f.neg[k]) x ^= fp(t).sign();
    }
    return x;
  }

  u64 modified(const Form& f, const Fp& t, u64 r, const Mode& m) const {
    const bool keeps_denormals = m.bits >> (t.wide ? 7 : 5) & 1;
    if (f.omod != 0 && !keeps_denormals && !m.ieee && !t.nan(r)) {
      APFloat x = t.value(r);
      const bool finite = !t.infinite(r);
      x.multiply(APFloat(t.semantics, f.omod == 1 ? "2" : f.omod == 2 ? "4" : "0.5"), t.round(m));
      r = t.code(x);
      if (t.bits == 16) r = bound_f16(m, r, finite);
      r = t.flush(r);
    }
    if (f.clamp) {
      if (t.nan(r)) return m.dx10_clamp ? 0 : r;
      if ((r & t.sign()) || t.zero(r)) return 0;
      if (r > t.one()) return t.one();
    }
    return r;
  }
  u64 result(const Form& f, u64 r, const Lane& lane) const {
    const Type t = v_.result;
    if (!is_float(t)) return r & mask(width(t));
    if (t == kPkF16)
      return modified(f, kHalf, r & 0xffff, lane.mode) |
             modified(f, kHalf, r >> 16 & 0xffff, lane.mode) << 16;
    if (t == kPkF32)
      return modified(f, kSingle, r & 0xffff'ffff, lane.mode) |
             modified(f, kSingle, r >> 32, lane.mode) << 32;
    return modified(f, fp(t), r & fp(t).all(), lane.mode);
  }
  // The 32 bits that are written.
  uint32_t place(const Form& f, u64 r, uint32_t old) const {
    const uint32_t x = uint32_t(r);
    if (f.sdwa && f.dst_part != kDword) {
      const Field at = field(f.dst_part);
      const uint32_t part = uint32_t(mask(at.width)) << at.shift;
      const uint32_t placed = x << at.shift & part;
      if (f.dst_unused == 2) return placed | (old & ~part);
      if (f.dst_unused == 0) return placed;
      const bool sign = x >> (at.width - 1) & 1;
      const u64 above = ~mask(at.shift + at.width);
      return placed | (sign ? uint32_t(above) : 0);
    }
    if (v_.keeps_half)
      return f.op_sel[3] && !is_packed() ? (old & 0xffff) | x << 16 : (old & 0xffff'0000) | x;
    return x;
  }

  const VectorCase& v_;
  Probe& p_;
};

}  // namespace

u64 random_value(std::mt19937_64& random, Type type) {
  if (!is_float(type)) {
    static constexpr u64 kSpecials[] = {0,
                                        1,
                                        2,
                                        31,
                                        32,
                                        33,
                                        63,
                                        64,
                                        0x7f,
                                        0x80,
                                        0xff,
                                        0x7fff,
                                        0x8000,
                                        0xffff,
                                        0x7f'ffff,
                                        0x80'0000,
                                        0xff'ffff,
                                        0x7fff'ffff,
                                        0x8000'0000,
                                        0xffff'ffff,
                                        0x7fff'ffff'ffff'ffff,
                                        0x8000'0000'0000'0000,
                                        ~u64{0}};
    u64 x =
        random() % 3 == 0 ? kSpecials[random() % std::size(kSpecials)] : random() >> random() % 64;
    if (random() % 4 == 0) x = ~x;
    if (type == kPk16) x = random_value(random, kB16) | random_value(random, kB16) << 16;
    return x & mask(width(type));
  }
  if (type == kPkF16) return random_value(random, kF16) | random_value(random, kF16) << 16;
  if (type == kPkF32) return random_value(random, kF32) | random_value(random, kF32) << 32;
  const Fp& f = fp(type);
  const u64 sign = random() & f.sign();
  switch (random() % 5) {
    case 0: {
      const u64 specials[] = {0,
                              1,
                              f.least_normal() - 1,
                              f.least_normal(),
                              f.least_normal() + 1,
                              f.one() - 1,
                              f.one(),
                              f.one() + 1,
                              f.one() + (f.least_normal() >> 1),
                              f.one() + f.least_normal(),
                              f.infinity() - 1,
                              f.infinity(),
                              f.infinity() | 1,
                              f.infinity() | 0x55,
                              f.default_nan(),
                              f.default_nan() | 5};
      return sign | specials[random() % std::size(specials)];
    }
    case 1:
      return random() & f.all();
    case 2:  // a denormal or close to one
      return sign | (random() & (4 * f.least_normal() - 1));
    case 3: {  // few significant bits, so that sums and products tie
      const u64 keep = ~((f.least_normal() >> random() % 8) - 1);
      const u64 exponent = (f.one() >> f.mantissa) - 12 + random() % 24;
      return sign | (((exponent << f.mantissa) | (random() & (f.least_normal() - 1))) & keep);
    }
    default:  // of moderate size
      return sign | (((f.one() / f.least_normal() - 6 + random() % 13) << f.mantissa) +
                     (random() & (f.least_normal() - 1)));
  }
}

Case vector_case(const VectorCase& v) {
  Case c;
  c.mnemonic = v.mnemonic;
  c.arches = v.arches;
  c.effect = v.effect;
  c.check = [v](Probe& p) { Runner(v, p).run(); };
  return c;
}

}  // namespace wavefuzz::sim::opcode
