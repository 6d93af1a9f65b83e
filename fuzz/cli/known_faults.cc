#include "fuzz/cli/known_faults.h"

#include <fmt/format.h>

#include <filesystem>

#include "fuzz/cli/paths.h"
#include "fuzz/cli/terminal.h"

namespace wavefuzz {

namespace fs = std::filesystem;

namespace {

const char* name(LedgerReplay::State state) {
  switch (state) {
    case LedgerReplay::State::kFails:
      return "fails";
    case LedgerReplay::State::kOther:
      return "fails otherwise";
    case LedgerReplay::State::kPasses:
      return "passes";
    case LedgerReplay::State::kCannot:
      break;
  }
  return "not replayed";
}

}  // namespace

void add_ledger(CLI::App& app, std::string& ledger) {
  app.add_option("--ledger", ledger,
                 "Known faults (default: corpus/ledger.json of the tree), or 'none'");
}

Ledger ledger_of(const Options& options, const std::string& ledger) {
  if (ledger == "none") return Ledger();
  if (!ledger.empty()) return Ledger(user_path(ledger));
  const fs::path file = fs::path(tree_of(options)) / "corpus/ledger.json";
  return fs::exists(file) ? Ledger(file.string()) : Ledger();
}

nlohmann::ordered_json to_json(const std::vector<LedgerReplay>& replays) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const LedgerReplay& r : replays) {
    list.push_back({{"entry", r.entry->name},
                    {"link", r.entry->link},
                    {"expect", r.entry->fixed ? "fixed" : "fails"},
                    {"case", r.at->file},
                    {"state", name(r.state)},
                    {"off", r.off()}});
    if (!r.now.empty()) list.back()["now"] = r.now;
  }
  return list;
}

bool print_off(std::FILE* out, const std::vector<LedgerReplay>& replays, const Options& options) {
  bool any = false;
  for (const LedgerReplay& r : replays) {
    if (!r.off()) continue;
    any = true;
    fmt::print(out, "ledger: {}\n  replay: {}\n", r.words(),
               run_case_command(options.program, r.at->recorded.c, harness_arguments(options)));
  }
  return any;
}

}  // namespace wavefuzz
