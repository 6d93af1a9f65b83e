// The host's side of generated programs: each registers itself.
#ifndef WAVEFUZZ_GPU_SIM_PROGRAMS_REGISTRY_H_
#define WAVEFUZZ_GPU_SIM_PROGRAMS_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace wavefuzz::sim {

struct HostArguments {
  const uint8_t* in;
  uint8_t* out;
  uint8_t* own;
  uint64_t* common;
  uint64_t b;
  uint32_t a;
  float c;
};

// A part of what a work-item stores as its result.
struct ResultField {
  std::string_view name;
  size_t offset, bytes;
};

struct HostProgram {
  std::string_view set;   // the file it was compiled with
  std::string_view name;  // "p" and the seed; the kernel is "program_" and this
  uint32_t group_size;
  size_t result_bytes;  // of a work-item
  std::span<const ResultField> fields;
  void (*run_group)(const HostArguments&, uint32_t group);
};

inline std::vector<HostProgram>& programs() {
  static std::vector<HostProgram> all;
  return all;
}
inline bool add_program(const HostProgram& program) {
  programs().push_back(program);
  return true;
}

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_PROGRAMS_REGISTRY_H_
