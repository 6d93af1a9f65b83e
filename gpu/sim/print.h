// A micro-op as assembly text again: what will be executed, told in the words it was decoded from.
#ifndef WAVEFUZZ_GPU_SIM_PRINT_H_
#define WAVEFUZZ_GPU_SIM_PRINT_H_

#include <string>
#include <string_view>

#include "gpu/sim/micro_op.h"

namespace wavefuzz::sim {

// LLVM's text of the instruction, made from the micro-op and its row alone: the text that `code`
// keeps is not looked at, so that a wrongly bound operand shows. `op` is one of code.ops and has a
// row.
std::string print(const Code& code, const Op& op);

// LLVM's text without what a micro-op does not hold:
// - the encoding suffixes _e32 and _e64;
// - more than one space between tokens;
// - lit() and hexadecimal 16-bit numbers, which say that a constant is spelled as a literal where
//   an inline one would do;
// - the sign of a constant in ||, which has been applied to it;
// - which of DPP's row_mask and bank_mask is 0, when one is and no lane is written;
// - the message of s_sendmsg;
// - op_sel of v_fma_mix* on a source that is a whole f32, where it has no meaning.
std::string normalised(std::string_view text);

}  // namespace wavefuzz::sim

#endif  // WAVEFUZZ_GPU_SIM_PRINT_H_
