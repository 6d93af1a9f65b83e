// The wavefuzz command line; exit codes as in gpu/error.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "fuzz/cli/commands.h"
#include "fuzz/cli/paths.h"
#include "fuzz/store/version.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

extern "C" void on_signal(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);  // a second one ends the process at once
}

int main(int argc, char** argv) {
  Session session;
  session.program = command_prefix(argv[0]);
  session.words.assign(argv + 1, argv + argc);
  session.run = [&] { return default_campaign(session); };
  CLI::App app(
      "wavefuzz finds the inputs that break an FP8 attention kernel, on a machine without a GPU.\n"
      "With no arguments: a 60-second campaign over every kernel in the tree, planted bugs "
      "included.\n"
      "Exit: 0 clean, 1 findings, 2 usage, 3 internal or self-check, 4 nothing ran, 5 target "
      "unavailable.");
  app.set_version_flag("--version", std::string("wavefuzz ") + kVersion);
  app.require_subcommand(0, 1);
  add_commands(app, session);
  try {
    app.parse(argc, argv);
    if (session.keeps_what_it_has) {
      std::signal(SIGINT, on_signal);
      std::signal(SIGTERM, on_signal);
    }
    return static_cast<int>(session.run());
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? static_cast<int>(Exit::kClean) : static_cast<int>(Exit::kUsage);
  } catch (const Error& e) {
    fmt::print(stderr, "wavefuzz: {}\n", e.what());
    return static_cast<int>(e.exit());
  } catch (const std::exception& e) {
    fmt::print(stderr, "wavefuzz: internal error: {}\n", e.what());
    return static_cast<int>(Exit::kInternal);
  }
}

}  // namespace
}  // namespace wavefuzz

int main(int argc, char** argv) { return wavefuzz::main(argc, argv); }
