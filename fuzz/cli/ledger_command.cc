#include "fuzz/cli/ledger_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "fuzz/case/plural.h"
#include "fuzz/cli/paths.h"
#include "fuzz/cli/terminal.h"
#include "fuzz/judge/corpus.h"

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

size_t count(const std::vector<LedgerReplay>& replays, LedgerReplay::State state) {
  return static_cast<size_t>(std::count_if(
      replays.begin(), replays.end(), [&](const LedgerReplay& r) { return r.state == state; }));
}

}  // namespace

Ledger ledger_of(const Options& options) {
  if (options.ledger == "none") return Ledger();
  if (!options.ledger.empty()) return Ledger(user_path(options.ledger));
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
               run_case_command(options.command, r.at->recorded.c, harness_arguments(options)));
  }
  return any;
}

Exit ledger_list(const Options& options) {
  const Ledger ledger = ledger_of(options);
  if (options.json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const LedgerEntry& e : ledger.entries()) {
      nlohmann::ordered_json cases = nlohmann::ordered_json::array();
      for (const LedgerCase& c : e.cases) cases.push_back(c.file);
      list.push_back({{"name", e.name},
                      {"what", e.what},
                      {"link", e.link},
                      {"kernels", e.kernels},
                      {"signatures", e.signatures},
                      {"expect", e.fixed ? "fixed" : "fails"},
                      {"cases", cases}});
    }
    std::cout << list.dump(1) << "\n";
    return Exit::kClean;
  }
  for (const LedgerEntry& e : ledger.entries()) {
    fmt::print("{} ({}, {})\n  {}\n  {}\n  {} in {}\n", e.name, e.fixed ? "fixed" : "fails",
               plural(e.cases.size(), "case"), e.what, e.link, fmt::join(e.signatures, ", "),
               fmt::join(e.kernels, ", "));
  }
  fmt::print("{} known faults\n", ledger.entries().size());
  return Exit::kClean;
}

Exit ledger_check(const Options& options) {
  using State = LedgerReplay::State;
  const Ledger ledger = ledger_of(options);
  const Harness harness = make_harness(options);
  const std::vector<LedgerReplay> replays =
      ledger.replay(harness, {}, options.threads, interrupted);
  if (options.json) std::cout << to_json(replays).dump(1) << "\n";
  std::FILE* out = text_out(options);
  const bool off = print_off(out, replays, options);
  for (const LedgerReplay& r : replays) {
    if (r.state == State::kCannot) fmt::print(out, "ledger: {}\n", r.words());
  }
  const size_t replayed = replays.size() - count(replays, State::kCannot);
  fmt::print(out, "{} of {} replayed: {} as recorded, {} in another way, {}\n", replayed,
             plural(replays.size(), "case"), count(replays, State::kFails),
             count(replays, State::kOther), fmt::format("{} pass", count(replays, State::kPasses)));
  if (off) return Exit::kFindings;
  return replayed == 0 ? Exit::kNothingRan : Exit::kClean;
}

}  // namespace wavefuzz
