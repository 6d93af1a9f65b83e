#include "gpu/sim/round_trip.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "gpu/sim/print.h"
#include "gpu/sim/program.h"

namespace wavefuzz::sim {
namespace {

constexpr char kObjdump[] = "/usr/bin/llvm-objdump-22";
constexpr size_t kDescribed = 20;

using Listing = std::unordered_map<uint64_t, std::string>;  // by address

bool is_branch(std::string_view text) {
  return text.starts_with("s_branch ") || text.starts_with("s_cbranch_") ||
         text.starts_with("s_call_b64 ");
}

// Lines are "\tTEXT  // ADDRESS: ENCODING". A branch's target may be a symbol's name in them; it is
// the low half of the encoding.
Listing disassemble(const std::string& path) {
  const std::string command = fmt::format("{} -d -z '{}'", kObjdump, path);
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw Error(command + ": cannot be run");
  std::string output;
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) != 0;) output.append(buffer, n);
  if (pclose(pipe) != 0) throw Error(command + ": failed");
  Listing listing;
  for (size_t at = 0; at < output.size();) {
    const size_t end = std::min(output.find('\n', at), output.size());
    const std::string_view line(output.data() + at, end - at);
    at = end + 1;
    if (line.starts_with('\t')) {
      const size_t comment = line.find("// ");
      if (comment == line.npos) continue;
      const uint64_t address = std::stoull(std::string(line.substr(comment + 3, 16)), nullptr, 16);
      std::string text(line.substr(1, comment - 1));
      std::replace(text.begin(), text.end(), '\t', ' ');
      text.resize(text.find_last_not_of(' ') + 1);
      if (is_branch(text)) {
        const std::string encoding(line.substr(comment + 3 + 14, 8));
        text = fmt::format("{} {}", text.substr(0, text.rfind(' ')),
                           std::stoull(encoding, nullptr, 16) & 0xffff);
      }
      listing.emplace(address, std::move(text));
    }
  }
  return listing;
}

}  // namespace

RoundTrip round_trip(const std::string& path) {
  const Listing listing = disassemble(path);
  RoundTrip result;
  const CodeObject object = CodeObject::load(path);
  for (const KernelInfo& kernel : object.kernels()) {
    const Program program(object, kernel.symbol);
    const Code& code = program.code();
    for (size_t i = 0; i < code.instructions; ++i) {
      const Op& op = code.ops[i];
      const std::string& text = code.texts[i];
      if (text == "(end of code)") continue;
      ++result.instructions;
      const auto differs = [&](const char* what, const std::string& got, const std::string& want) {
        if (++result.differences <= kDescribed)
          result.descriptions.push_back(fmt::format("{}: {:#x}: {} `{}`, llvm-objdump has `{}`",
                                                    path, code.addresses[i], what, got, want));
      };
      const auto it = listing.find(code.addresses[i]);
      if (it == listing.end()) {
        differs("text", text, "(nothing)");
        continue;
      }
      const std::string& want = it->second;
      if (text == "(undecodable)" ? !want.starts_with(".long") : text != want) {
        differs("text", text, want);
      } else if (op.row == nullptr) {
        ++result.without_row;
      } else if (const std::string printed = print(code, op); printed != normalised(want)) {
        differs("operands", printed, normalised(want));
      }
    }
  }
  return result;
}

}  // namespace wavefuzz::sim
