#include "fuzz/operators/operator_page.h"

#include <fmt/format.h>

namespace wavefuzz {
namespace {

void list(std::string& out, const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out += fmt::format("\n## {}\n\n", title);
  for (const std::string& line : lines) out += fmt::format("- {}\n", line);
}

void table(std::string& out, const char* title, const char* first,
           const std::vector<OperatorPage::Entry>& entries) {
  if (entries.empty()) return;
  out += fmt::format("\n## {}\n\n| {} | meaning |\n|---|---|\n", title, first);
  for (const auto& entry : entries)
    out += fmt::format("| `{}` | {} |\n", entry.name, entry.meaning);
}

}  // namespace

std::vector<OperatorPage::Entry> one_each(const std::vector<OperatorPage::Entry>& entries) {
  std::vector<OperatorPage::Entry> out;
  for (const OperatorPage::Entry& entry : entries) {
    size_t begin = 0;
    for (size_t end = 0; end != std::string::npos; begin = end + 2) {
      end = entry.name.find(", ", begin);
      out.push_back(
          {entry.name.substr(begin, end == std::string::npos ? end : end - begin), entry.meaning});
    }
  }
  return out;
}

std::string markdown(const OperatorPage& page) {
  std::string out = fmt::format("# {}\n\n{}\n", page.name, page.summary);
  list(out, "What it computes", page.semantics);
  out += "\n## Buffers\n\n| buffer | dtype | layout | direction |\n|---|---|---|---|\n";
  for (const auto& b : page.buffers)
    out += fmt::format("| `{}` | {} | {} | {} |\n", b.name, b.dtype, b.layout, b.direction);
  out +=
      "\n## Parameters of a case\n\n| parameter | meaning | plain | not claimed "
      "|\n|---|---|---|---|\n";
  for (const auto& p : page.parameters)
    out += fmt::format("| `{}` | {} | {} | {} |\n", p.name, p.meaning, p.plain, p.unclaimed);
  out +=
      "\nA case leaves out what is plain. What a manifest does not claim is *refused* (it must be "
      "there), *plain* (the kernel knows that value alone) or *any*.\n";
  table(out, "Parameters that manifest expressions see besides", "parameter", page.derived);
  table(out, "Numerics contract", "field", page.numerics);
  table(out, "Metamorphic relations", "relation", page.relations);
  list(out, "Unspecified", page.unspecified);
  list(out, "Presets", page.presets);
  return out;
}

}  // namespace wavefuzz
