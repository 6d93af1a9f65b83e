#include <fmt/format.h>

#include <iostream>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/options.h"
#include "fuzz/cli/paths.h"
#include "fuzz/judge/corpus.h"
#include "fuzz/store/version.h"

namespace wavefuzz {
namespace {

void declare(CLI::App& app, CaseArguments& options) {
  add_kernels(app, options);
  app.add_option("file", options.file, "Corpus file")->required();
}

Exit replay(const CaseArguments& options) {
  const Harness harness = make_harness(options);
  const CorpusEntry entry = read_corpus_file(user_path(options.file));
  const Verdict verdict = harness.evaluate(entry.c, {.inexact = true});
  const bool same = verdict.status == Status::kFail && agrees(entry.signature, signature(verdict));
  if (options.json) {
    nlohmann::ordered_json json = verdict_json(entry.c, verdict);
    json["reproduced"] = same;
    std::cout << json.dump(1) << "\n";
  } else {
    fmt::print("wavefuzz {}, seed {}\n", kVersion, entry.c.seed);
    print_verdict(stdout, harness, entry.c, verdict);
    fmt::print("{}: {}\n", same ? "reproduced" : "not reproduced", entry.signature);
  }
  return exit_of(verdict);
}

}  // namespace

void add_replay_command(CLI::App& app, Session& session) {
  add_command(app, session, "replay", "Run a corpus file and say whether it fails as recorded",
              declare, replay);
}

}  // namespace wavefuzz
