#include "gpu/sim/describe.h"

#include "gpu/sim/source_lines.h"

namespace wavefuzz::sim {

void describe(const Code& code, RunResult& result) {
  const auto source = [&](int64_t pc) {
    return code.source_lines->at(code.kernel.descriptor.entry + uint64_t(pc));
  };
  for (Finding& f : result.findings) {
    if (code.source_lines != nullptr) {
      f.source = source(f.pc);
      if (f.loaded_by) f.loaded_by->source = source(f.loaded_by->pc);
      if (f.other) f.other->at.source = source(f.other->at.pc);
    }
    f.message = message_of(f);
  }
  if (code.source_lines == nullptr) return;
  for (InexactUse& use : result.inexact_uses)
    for (Instruction* i : {&use.from, &use.at}) i->source = source(i->pc);
  for (NonFinite& n : result.non_finite)
    if (const auto lines = source(n.pc); !lines.empty())
      n.message = text(lines.front()) + ": " + n.message;
}

}  // namespace wavefuzz::sim
