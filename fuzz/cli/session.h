#ifndef WAVEFUZZ_FUZZ_CLI_SESSION_H_
#define WAVEFUZZ_FUZZ_CLI_SESSION_H_

#include <CLI/CLI.hpp>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gpu/error.h"

namespace wavefuzz {

/// Ctrl-C: what runs ends soon, with what it has.
extern std::atomic<bool> interrupted;

/// One run of the program: how it was called, and the command that was chosen.
struct Session {
  std::string program;             ///< what the user typed to get here
  std::vector<std::string> words;  ///< the command line as it was given
  std::function<Exit()> run;       ///< of the chosen command
  bool keeps_what_it_has = true;   ///< false: the command has nothing to lose when it ends at once
};

/// Adds a command with options of its own: `declare` puts them on the command line, `run` is the
/// command.
template <typename Options>
CLI::App& add_command(CLI::App& app, Session& session, const char* name, const char* help,
                      void (*declare)(CLI::App&, Options&), Exit (*run)(const Options&)) {
  auto options = std::make_shared<Options>();
  options->program = session.program;
  options->words = session.words;
  CLI::App* sub = app.add_subcommand(name, help);
  declare(*sub, *options);
  sub->callback([&session, options, run, sub] {
    if (!sub->get_subcommands().empty()) return;  // one of its own was chosen
    session.run = [options, run] { return run(*options); };
  });
  return *sub;
}

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CLI_SESSION_H_
