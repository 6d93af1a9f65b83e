// The decoded form of an instruction: what the execution loop runs, and the table row it came from.
#ifndef WAVEFUZZ_GPU_SIM_MICRO_OP_H_
#define WAVEFUZZ_GPU_SIM_MICRO_OP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gpu/sim/arch.h"
#include "gpu/sim/code_object.h"
#include "gpu/sim/launch.h"
#include "gpu/sim/mode.h"

namespace wavefuzz::sim {

struct Wave;
struct PendingLoad;
struct Op;
struct Row;

// Executes one micro-op and returns the next one; null stops the wave (wave.state says why).
using ExecFn = const Op* (*)(Wave&, const Op*);

// Scalar state is one array, indexed by the hardware's operand number.
inline constexpr unsigned kFlatScratch = 102;  // and 103
inline constexpr unsigned kVcc = 106;          // and 107
inline constexpr unsigned kM0 = 124;
inline constexpr unsigned kExec = 126;  // and 127
inline constexpr unsigned kScc = 128;   // 0 or 1; not an SGPR, but an operand all the same
inline constexpr unsigned kScalars = 132;

// AGPR n is register 256 + n of a wave.
inline constexpr unsigned kAgpr0 = 256;

// Where one dword of an operand comes from.
enum class Kind : uint8_t {
  kNone,
  kVgpr,   // index: register
  kConst,  // index: Code::constants
  kSgpr,   // index: scalar
  kMask,   // index: scalar pair; lane i reads its bit i
};

// Sign modifiers of a source dword: abs is applied before neg (ISA manual, VOP3).
enum Modifier : uint8_t {
  kAbs31 = 1,
  kNeg31 = 2,
  kAbs15 = 4,  // of the low half, a 16-bit or packed source
  kNeg15 = 8,
  kRecordsHigh = 16,  // packed f32 constants: op_sel picks the high dword here. Only for print().
};

// What a compare compares, for feedback.
enum class CompareType : uint8_t { kNone, kI16, kU16, kI32, kU32, kI64, kU64, kF16, kF32, kF64 };

struct Slot {
  Kind kind = Kind::kNone;
  uint8_t modifiers = 0;
  uint16_t index = 0;
};

inline constexpr unsigned kMaxSlots = 8;
inline constexpr unsigned kMaxResults = 4;

// What a lane-parallel body works on: arrays of 64 dwords. A 64-bit value is two of them.
struct LaneArgs {
  const uint32_t* src[kMaxSlots];
  uint32_t* dst[kMaxResults];
  const Mode* mode;
  Transcendentals transcendentals;
  uint32_t ulp_seed;
};
using LaneFn = void (*)(const LaneArgs&);

// Which bits of a result are poison, given the values and the poison masks of the sources.
using PoisonRule = uint64_t (*)(const uint64_t* value, const uint64_t* poison);

// Read-modify-write of memory: the new content, from the old one and the data (and compare value).
using AtomicFn = uint64_t (*)(uint64_t old, uint64_t data, uint64_t compare);

// Part of a 32-bit register: SDWA selections, and halves picked by op_sel.
enum class Part : uint8_t { kDword, kByte0, kByte1, kByte2, kByte3, kWord0, kWord1 };
enum class Unused : uint8_t { kPad, kSext, kPreserve };
// How a result is clamped and scaled.
enum class ResultType : uint8_t { kBits, kF32, kF16, kF64, kPackedF16, kPackedF32 };

// What only some vector instructions have: DPP, SDWA, op_sel, clamp, omod.
struct Extras {
  Part part[4] = {};  // per source operand
  bool sext[4] = {};  // SDWA sext()
  uint8_t halves[4] = {2, 2, 2,
                       2};  // packed operands: bit 0 picks the low half's source, bit 1 the high's
  bool mix_half[4] = {};    // v_fma_mix: this source is an f16, widened
  bool rearranges = false;  // part, sext, halves or mix_half differ from their defaults
  Part dst_part = Part::kDword;
  Unused dst_unused = Unused::kPreserve;
  bool clamp = false;
  uint8_t omod = 0;  // 1: *2, 2: *4, 3: /2
  ResultType result = ResultType::kBits;
  bool sdwa = false;
  bool dpp = false;
  bool bound_ctrl = false;
  uint8_t dpp_source[kLanes] = {};
  uint64_t dpp_valid = 0;      // lanes whose source lane exists
  uint64_t dpp_write = ~0ull;  // lanes that row_mask and bank_mask leave
};

struct Op {
  ExecFn exec = nullptr;
  LaneFn lanes = nullptr;      // vector instructions: the body
  const Op* target = nullptr;  // branches
  ExecFn inner = nullptr;      // what exec_inexact() or a compare's feedback hands on to
  const Extras* extras = nullptr;
  const Row* row = nullptr;
  Slot src[kMaxSlots];
  uint16_t dst = 0;    // first destination register
  uint16_t mask = 0;   // scalar pair that takes carry-out or a compare's result
  uint8_t dwords = 0;  // destination dwords, or memory data dwords
  uint8_t slots = 0;   // source dwords
  bool dst_scalar = false;
  bool has_mask = false;
  bool writes_exec = false;
  uint8_t flags = 0;  // family-specific
  CompareType compare = CompareType::kNone;
  int32_t imm = 0;     // offset, immediate
  int32_t imm2 = 0;    // a second one; CacheBits
  uint32_t index = 0;  // in Code
};

// Source operands of a vector or scalar body, in order of its parameters.
enum class OperandType : uint8_t {
  kB32,
  kB64,
  kB16,
  kF32,
  kF64,
  kF16,
  kPackedB16,  // two 16-bit halves; op_sel and op_sel_hi pick them
  kPackedF16,
  kPackedF32,  // two dwords; op_sel and op_sel_hi pick them
  kMixF32,     // v_fma_mix: f32, or a half that op_sel_hi widens
  kLaneBit,    // one bit per lane of a scalar pair, printed
  kVccBit,     // the same from VCC, not printed
  kOldF32,     // the destination's former content, not printed
  kOldF64,
  kOldB32,
  kOldPackedF16,
  kScc,
  kLaneNumber,  // 0..63, not printed
};
constexpr unsigned dwords(OperandType type) {
  return type == OperandType::kB64 || type == OperandType::kF64 || type == OperandType::kOldF64 ||
                 type == OperandType::kPackedF32
             ? 2
             : 1;
}

// How an instruction's text maps to a micro-op.
enum class Format : uint8_t {
  kVector,
  kVectorCompareExec,  // v_cmpx: also writes EXEC
  kScalar,
  kBranch,
  kScalarLoad,
  kScalarStore,  // stores, and atomics
  kLds,
  kGlobal,
  kFlat,
  kScratch,
  kBuffer,
  kLaneMove,  // v_readlane and its like: a destination of either kind, then the row's operands
  kMatrix,    // D, A, B, C (matrix.h)
  kSparse,    // D, A, B, the index (sparse.cc)
  kWide,      // D, then sources of the widths in Row::param (ops_wide.cc)
  kBare,      // operands are the row's own business
};

enum ArchSet : uint8_t { kGfx942Only = 1, kGfx950Only = 2, kBothArches = 3 };

// Row::param of vector instructions whose text has a peculiarity.
enum VectorParam : uint32_t {
  kByteDestination = 1,  // op_sel[3:2] is the destination byte (v_cvt_sr_fp8_f32)
  kHighDestination = 2,  // the result goes to the high half (v_fma_mixhi_f16)
  kTableModifier = 4,    // the last operand is the number of the bitop3 modifier
  kByteSource = 8,       // op_sel[1:0] is the first source's byte (v_cvt_scalef32_f32_fp8)
  kWordSource = 16,      // op_sel[0] is its half
};

// Row::param of the memory families.
enum MemoryParam : uint32_t {
  kBytes = 0xff,  // per lane
  kLoad = 0x100,
  kStore = 0x200,
  kAtomic = 0x400,
  kSigned = 0x800,     // sub-dword loads: sign-extend
  kHalf = 0x1000,      // d16: into the low half, the other half is kept
  kHighHalf = 0x2000,  // d16_hi: the high half; stores take it from there
  kToLds = 0x4000,     // the data goes to LDS instead of registers
  kReturns = 0x8000,   // LDS atomics: the old content goes to the destination
  kTwo = 0x1'0000,     // LDS: two accesses at two offsets
  kFar = 0x2'0000,     // their offsets count 64 elements
};

// Op::imm2 of memory instructions but those of LDS: how caches treat the access. It has no effect.
enum CacheBits : int32_t { kSc0 = 1, kNt = 2, kSc1 = 4 };  // s_load's glc is kSc0

// Op::flags of buffer instructions.
enum BufferFlag : uint8_t { kIdxen = 1, kOffen = 2, kLdsDestination = 4 };

// One instruction of the table.
struct Row {
  std::string_view mnemonic;  // without encoding suffix
  Format format = Format::kBare;
  ExecFn exec = nullptr;
  LaneFn lanes = nullptr;
  LaneFn saturating = nullptr;  // the body when an integer instruction has clamp
  OperandType operands[6] = {};
  uint8_t operand_count = 0;
  uint8_t result_dwords = 0;
  ResultType result = ResultType::kBits;
  bool result_is_mask = false;  // the result is one bit per lane in a scalar pair
  bool second_is_mask = false;  // a second result is
  bool result_is_half = false;  // 16 bits; the upper half is written 0
  bool preserves_half = false;  // a 16-bit result leaves the destination's other half alone
  AtomicFn atomic = nullptr;
  PoisonRule poison = nullptr;  // null: any poisoned bit poisons the whole result
  PoisonRule poison_of_bit = nullptr;  // of a mask result's bit, or of SCC; null: any poisons it
  Fidelity fidelity = Fidelity::kExact;
  uint8_t arches = kBothArches;
  uint32_t param = 0;  // VectorParam, or the memory families' MemoryParam

  constexpr Row with(PoisonRule rule) const {
    Row row = *this;
    row.poison = rule;
    return row;
  }
  constexpr Row with_bit(PoisonRule rule) const {
    Row row = *this;
    row.poison_of_bit = rule;
    return row;
  }
  constexpr Row with(Fidelity tag) const {
    Row row = *this;
    row.fidelity = tag;
    return row;
  }
  constexpr Row on(ArchSet set) const {
    Row row = *this;
    row.arches = set;
    return row;
  }
  constexpr Row half() const {
    Row row = *this;
    row.preserves_half = true;
    return row;
  }
};

// A constant operand, spread over all lanes so that a vector body reads it like a register.
struct alignas(64) Lanes {
  uint32_t lane[kLanes];
};

// Of an instruction that names registers which its kernel does not own: what it executes otherwise,
// and which they are.
struct Unallocated {
  ExecFn exec;
  std::string what;
};

// A decoded program.
struct Code {
  KernelInfo kernel;
  Arch arch = Arch::kGfx942;
  std::vector<Op>
      ops;  // instructions, then one "left the code" op per code range and one for jumps
  size_t instructions = 0;
  std::vector<std::string> texts;   // per op
  std::vector<uint64_t> addresses;  // per op, in the code object's address space
  std::vector<std::string>
      encodings;  // per op, hexadecimal dwords; only where semantics are missing
  std::vector<Lanes> constants;
  std::vector<std::unique_ptr<Extras>> extras;
  std::unordered_map<uint64_t, uint32_t> op_at;  // address to op
  const Op* entry = nullptr;
  void (*come_in_now)(Wave&, PendingLoad&) = nullptr;  // the op files' own
  bool calls = false;                                  // has calls or indirect jumps
  bool indexes_vgprs = false;
  bool skips_vectors = false;  // has s_setvskip; `unskipped` then is what ops execute otherwise
  std::vector<ExecFn> unskipped;  // per op; null: is executed always
  bool lds_atomics = false;
  unsigned lds_granule_shift = 2;  // log2 of the narrowest LDS access in bytes, at most 4
  unsigned vgprs = 0, agprs = 0;   // registers a wave may touch, allocation and use taken together
  // The address of an op relative to the kernel's entry.
  int64_t pc(size_t op) const { return int64_t(addresses.at(op) - kernel.descriptor.entry); }
  std::unordered_map<uint32_t, Unallocated> unallocated;  // by op
  std::vector<Segment> globals;                           // the object's segments that hold data
  std::shared_ptr<const void> object;  // whose they are: CodeObject::identity()
  std::shared_ptr<const SourceLines> source_lines;  // null: the object has no debug information
};

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_MICRO_OP_H_
