// For tests: damaged code objects. Whatever happens to the bytes, loading and running them ends in
// an Error, an unsupported instruction, a finding or an unharmed run.
#ifndef WAVEFUZZ_GPU_SIM_FAULTS_H_
#define WAVEFUZZ_GPU_SIM_FAULTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wavefuzz::sim {

struct FaultCounts {
  size_t refused = 0;      // Error from parse(), Program or run()
  size_t unsupported = 0;  // the run met an instruction without semantics
  size_t faulted = 0;      // findings
  size_t too_large = 0;    // a budget ended it
  size_t completed = 0;
};

// Damages `count` times one of the objects, one byte changed or the end cut off, and loads and runs
// what is left: headers, notes, descriptors, symbols and code have equal shares. A crash says on
// stderr which fault it was; with that text in WAVEFUZZ_FAULT, only that fault runs.
// WAVEFUZZ_FAULT_SEED draws others. Throws when anything but Error comes out.
FaultCounts inject_faults(const std::vector<std::string>& paths, size_t count, uint64_t seed);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_FAULTS_H_
