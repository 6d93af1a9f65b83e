#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>

#include "fuzz/case/plural.h"
#include "fuzz/cli/commands.h"
#include "fuzz/cli/known_faults.h"
#include "fuzz/cli/options.h"

namespace wavefuzz {
namespace {

struct LedgerOptions : Options {
  std::string ledger;
};

void declare(CLI::App& app, LedgerOptions& options) {
  app.require_subcommand(0, 1);
  add_ledger(app, options.ledger);
  add_roots(app, options);
  add_json(app, options);
}

void declare_check(CLI::App& app, LedgerOptions& options) {
  add_ledger(app, options.ledger);
  add_kernels(app, options);
  add_threads(app, options);
}

size_t count(const std::vector<LedgerReplay>& replays, LedgerReplay::State state) {
  return static_cast<size_t>(std::count_if(
      replays.begin(), replays.end(), [&](const LedgerReplay& r) { return r.state == state; }));
}

Exit ledger_list(const LedgerOptions& options) {
  const Ledger ledger = ledger_of(options, options.ledger);
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

Exit ledger_check(const LedgerOptions& options) {
  using State = LedgerReplay::State;
  const Ledger ledger = ledger_of(options, options.ledger);
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

}  // namespace

void add_ledger_command(CLI::App& app, Session& session) {
  CLI::App& ledger =
      add_command(app, session, "ledger", "List the faults that are known by name, or check them",
                  declare, ledger_list);
  add_command(ledger, session, "check",
              "Replay the cases of known faults: do they still fail, are the fixed ones fixed?",
              declare_check, ledger_check);
}

}  // namespace wavefuzz
