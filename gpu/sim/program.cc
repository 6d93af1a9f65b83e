#include "gpu/sim/program.h"

#include <fmt/format.h>

#include <map>

#include "gpu/sim/decode.h"
#include "gpu/sim/table.h"

namespace wavefuzz::sim {

Program::Program(const CodeObject& object, std::string_view symbol, HostIsa isa)
    : code_(decode(object, object.kernel(symbol), isa)) {}

const KernelInfo& Program::kernel() const { return code_->kernel; }
Arch Program::arch() const { return code_->arch; }
size_t Program::size() const { return code_->instructions; }
int64_t Program::pc(size_t index) const {
  return code_->pc(index);
}
const std::string& Program::text(size_t index) const { return code_->texts.at(index); }

std::vector<std::string> Program::unsupported() const {
  std::map<std::string, std::string> first;
  for (size_t i = 0; i < code_->instructions; ++i) {
    if (code_->ops[i].exec != &exec_unsupported) continue;
    const std::string& text = code_->texts[i];
    first.emplace(text.substr(0, text.find(' ')),
                  fmt::format("{} [{}]", text, code_->encodings[i]));
  }
  std::vector<std::string> list;
  for (auto& [mnemonic, text] : first) list.push_back(text);
  return list;
}

}  // namespace wavefuzz::sim
