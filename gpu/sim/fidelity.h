// How far a result can be trusted to carry the hardware's bits.
#ifndef GPU_SIM_FIDELITY_H_
#define GPU_SIM_FIDELITY_H_

#include <cstdint>
#include <string_view>

namespace wavefuzz::sim {

// From strongest to weakest.
enum class Fidelity : uint8_t {
  kExact,       // fixed by the ISA manual, or what hardware was seen to do bit for bit
  kOneUlp,      // the manual promises 1 ulp; which of the neighbours comes out is not public
  kHypothesis,  // undocumented: a stated assumption
};
std::string_view name(Fidelity fidelity);  // "exact", "within 1 ulp", "hypothesis"

}  // namespace wavefuzz::sim

#endif  // GPU_SIM_FIDELITY_H_
