#include "gpu/sim/opcode_test/case.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace wavefuzz::sim::opcode {

Probe::Probe(std::string mnemonic, Arch arch, HostIsa isa, bool brief)
    : mnemonic_(std::move(mnemonic)),
      arch_(arch),
      isa_(isa),
      brief_(brief),
      random_(std::hash<std::string>()(mnemonic_) + unsigned(arch)) {}

std::unique_ptr<AsmWave> Probe::wave(const std::string& text, AsmOptions options, bool optional) {
  options.arch = arch_;
  options.isa = isa_;
  std::unique_ptr<AsmWave> wave;
  try {
    wave = std::make_unique<AsmWave>(text, options);
  } catch (const Error& e) {
    if (!optional) {
      ADD_FAILURE() << text << "\n" << e.what();
      failed_ = true;
      throw;
    }
    return nullptr;
  }
  text_ = text;
  const auto list = wave->mnemonics();
  if (std::count(list.begin(), list.end(), mnemonic_) == 0) {
    ADD_FAILURE() << text << "\nhas no " << mnemonic_ << " that the simulator knows";
    failed_ = true;
  }
  return wave;
}

void Probe::run(AsmWave& wave) {
  if (failed_) return;
  wave.run();
  if (const std::string findings = wave.findings(); !findings.empty()) {
    ADD_FAILURE() << text_ << "\n" << findings;
    failed_ = true;
  }
}

void Probe::equal(u64 got, u64 want, u64 before, const std::function<std::string()>& what) {
  ++compared_;
  changed_ += want != before;
  distinct_ += want != last_ && compared_ > 1;
  last_ = want;
  if (got == want || failed_) return;
  failed_ = true;
  ADD_FAILURE() << what() << "\n" << fmt::format("got {:#x}, want {:#x}", got, want);
}

const Cases& all_cases() {
  static const Cases cases = [] {
    Cases list;
    add_int_cases(list);
    add_int16_cases(list);
    add_bit_cases(list);
    add_dot_cases(list);
    add_float_cases(list);
    add_float_bits_cases(list);
    add_convert_cases(list);
    add_fp8_cases(list);
    add_scalef32_cases(list);
    add_compare_cases(list);
    add_math_cases(list);
    add_salu_cases(list);
    add_control_cases(list);
    add_lane_cases(list);
    add_memory_cases(list);
    add_lds_cases(list);
    add_atomic_cases(list);
    add_scalar_memory_cases(list);
    add_sparse_cases(list);
    return list;
  }();
  return cases;
}

}  // namespace wavefuzz::sim::opcode
