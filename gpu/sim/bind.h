// Assembly text, taken apart, to the slots of a micro-op.
#ifndef WAVEFUZZ_GPU_SIM_BIND_H_
#define WAVEFUZZ_GPU_SIM_BIND_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gpu/sim/asm_text.h"
#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

// Binds the instructions of one program. Constants and Extras that ops point to go to `code`, whose
// arch must be set.
class Binder {
 public:
  // `where` names the program in messages.
  Binder(HostIsa isa, Code* code, std::string where);

  struct Bound {
    Op op;
    std::optional<uint64_t> branch;  // the address it branches to; Op::target is the caller's
  };
  // Empty when the table has no row for the instruction or its operands do not fit the row.
  // `encoding` is its first dword. Throws Error when the program has too many constants.
  std::optional<Bound> bind(const AsmText& text, uint32_t encoding, uint64_t address);

 private:
  const AsmOperand& operand(size_t k) const;
  void expect_operands(size_t count) const;
  void expect_modifiers(std::initializer_list<std::string_view> known) const;
  Slot constant(uint32_t value);
  uint64_t constant_value(const AsmOperand& o, OperandType type, bool half) const;
  void add_source(const AsmOperand& o, OperandType type, unsigned k, const Extras& extras);

  void bind_operands();
  void bind_vector();
  void bind_scalar();
  void bind_branch();
  void bind_scalar_load();
  void bind_scalar_store();
  void bind_scalar_offset();
  void bind_lds();
  void bind_memory();
  void bind_buffer();
  void bind_lane_move();
  void bind_matrix();
  void bind_sparse();
  void bind_wide();
  void bind_bare();

  const HostIsa isa_;
  Code* const code_;
  const std::string where_;
  std::map<uint32_t, size_t> constants_;  // to the index in Code::constants
  // The instruction being bound.
  const AsmText* asm_ = nullptr;
  const Row* row_ = nullptr;
  uint32_t encoding_ = 0;
  uint64_t address_ = 0;
  Op op_;
  std::optional<uint64_t> branch_;
};

// The DPP part of an instruction's extras: source lanes and write masks. False when the text names
// no control of GFX9. In dpp.cc.
bool bind_dpp(const AsmText& text, Extras* extras);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_BIND_H_
