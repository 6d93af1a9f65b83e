#include "gpu/targets/sim_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include "gpu/error.h"
#include "gpu/sim/launch.h"

namespace wavefuzz {
namespace {

// Far above what a kernel needs for a case; what runs past them is looked at for a loop that cannot
// end, and else is more than anyone would wait for.
constexpr uint64_t kGroupBudget = 20'000'000;
constexpr uint64_t kInstructionBudget = 1'000'000'000;

// Where known faults are among them.
constexpr unsigned kMostFindings = 4096;

// Buffers start as a GPU allocator places them: aligned far beyond any access.
constexpr uint64_t kBufferAlignment = 4096;

sim::Access to_sim(Access access) {
  switch (access) {
    case Access::kRead:
      return sim::Access::kRead;
    case Access::kWrite:
      return sim::Access::kWrite;
    case Access::kReadWrite:
      break;
  }
  return sim::Access::kReadWrite;
}

void set_pointers(const Problem& problem, sim::Memory& memory) {
  for (const Buffer& buffer : problem.buffers) {
    sim::Island& island = *memory.find(buffer.name);
    for (const Pointer& pointer : buffer.pointers) {
      const uint64_t address =
          memory.find(pointer.buffer)->address() + problem.buffer(pointer.buffer).view_offset;
      island.write(pointer.offset, std::as_bytes(std::span(&address, 1)));
    }
    if (!buffer.pointers.empty()) island.clear_written();
  }
}

void set_kernarg(const Problem& problem, const Launch& launch, sim::Memory& memory,
                 sim::LaunchConfig& config) {
  for (const KernargField& field : launch.kernarg) {
    uint64_t value = field.value;
    if (!field.buffer.empty()) {
      const Buffer& buffer = problem.buffer(field.buffer);  // says so when there is none
      value += memory.find(field.buffer)->address() + buffer.view_offset;
    }
    config.set_arg_bytes(field.offset, std::as_bytes(std::span(&value, 1)).first(field.size));
  }
}

void read_edges(const sim::Feedback& feedback, Edges& edges) {
  for (uint32_t i = 0; i < feedback.branches.size(); ++i) {
    const uint8_t ways = (feedback.branches[i].taken != 0 ? Edges::kTaken : 0) |
                         (feedback.branches[i].not_taken != 0 ? Edges::kNotTaken : 0) |
                         (feedback.entered[i] != 0 ? Edges::kEntered : 0);
    if (ways != 0) edges.seen[i] |= ways;
  }
}

void read_compares(const sim::Feedback& feedback, std::map<uint32_t, Compared>& compares) {
  for (uint32_t i = 0; i < feedback.compares.size(); ++i) {
    const sim::CompareSeen& seen = feedback.compares[i];
    if (seen.executed == 0 || seen.real) continue;
    Compared& c = compares[i];
    c.went_true |= seen.went_true;
    c.went_false |= seen.went_false;
    if (seen.distance == ~0ull || c.pair) continue;
    c.pair = true;
    c.a = static_cast<int64_t>(seen.a);
    c.b = static_cast<int64_t>(seen.b);
  }
}

class SimTarget : public Target {
 public:
  explicit SimTarget(sim::Arch arch)
      : arch_(arch), arch_name_(sim::name(arch)), name_("sim:" + arch_name_) {}

  const std::string& name() const override { return name_; }
  const std::string& arch() const override { return arch_name_; }

  Outcome launch(const Problem& problem) override try {
    // Whether a read that a later write races with matters only a second run can tell (launch.h).
    UnsettledReads unsettled(problem.launches.size());
    Outcome outcome = run(problem, nullptr, unsettled);
    const bool settled = std::ranges::all_of(unsettled, &std::vector<sim::UnsettledRead>::empty);
    if (settled || outcome.status == Outcome::Status::kUnsupported) return outcome;
    return run(problem, &unsettled, unsettled);
  } catch (const sim::AddressSpaceError& e) {
    // When other cases have ended there may be.
    Outcome outcome;
    outcome.status = Outcome::Status::kTooLarge;
    outcome.too_large = fmt::format("no room: {}", e.what());
    return outcome;
  } catch (const sim::Error& e) {
    throw Error(Exit::kUsage, e.what());
  }

  ProgramCoverage coverage(const KernelId& kernel, const Edges& edges) override try {
    const sim::Program& program = this->program(kernel);
    sim::Feedback feedback;
    feedback.resize(program.size());
    for (const auto& [i, ways] : edges.seen) {
      if (i >= program.size()) continue;  // of another build of the object
      feedback.branches[i] = {(ways & Edges::kTaken) != 0, (ways & Edges::kNotTaken) != 0};
      feedback.entered[i] = (ways & Edges::kEntered) != 0;
    }
    const std::vector<bool> executed = program.executed(feedback);
    const auto is_padding = [&](size_t i) {  // end marks, and what fills up cache lines behind them
      const std::string& text = program.text(i);
      return text.empty() || text.starts_with("s_nop") || text.starts_with("s_code_end") ||
             text.starts_with("(");
    };
    ProgramCoverage out;
    for (size_t i = 0; i < executed.size(); ++i) {
      out.executed += executed[i];
      out.instructions += executed[i] || !is_padding(i);
      if (executed[i] || is_padding(i)) continue;
      if (i == 0 || executed[i - 1] || out.unreached.empty()) {
        Unreached& block = out.unreached.emplace_back();
        block.pc = program.pc(i);
        block.first = program.text(i);
        block.guard = guard_of(program, executed, edges, i);
      }
      ++out.unreached.back().instructions;
    }
    std::stable_sort(
        out.unreached.begin(), out.unreached.end(),
        [](const Unreached& a, const Unreached& b) { return a.instructions > b.instructions; });
    return out;
  } catch (const sim::Error& e) {
    throw Error(Exit::kUsage, e.what());
  }

  std::vector<ListingLine> listing(const CodePlace& place, size_t around) override try {
    const sim::Program& program = this->program(place.kernel);
    size_t at = 0;
    while (at < program.size() && program.pc(at) != place.pc) ++at;
    std::vector<ListingLine> lines;
    if (at == program.size()) return lines;
    for (size_t i = at - std::min(at, around); i < std::min(at + around + 1, program.size()); ++i)
      lines.push_back({program.pc(i), program.text(i)});
    return lines;
  } catch (const sim::Error& e) {
    throw Error(Exit::kUsage, e.what());
  }

 private:
  using UnsettledReads = std::vector<std::vector<sim::UnsettledRead>>;  // by launch

  /// `known`: what the run before left unsettled; without it `unsettled` takes what this one does.
  Outcome run(const Problem& problem, const UnsettledReads* known, UnsettledReads& unsettled) {
    thread_local sim::Memory memory;  // keeps its address space from case to case
    memory.reset();
    for (const Buffer& buffer : problem.buffers) {
      sim::Island& island = memory.add({.name = buffer.name,
                                        .bytes = std::max<uint64_t>(buffer.bytes, 1),
                                        .access = to_sim(buffer.access),
                                        .alignment = kBufferAlignment,
                                        .watch_races = !buffer.unordered_writes});
      for (const Extent& extent : buffer.contents) {
        island.write(extent.offset, std::as_bytes(std::span(extent.bytes)));
      }
      island.clear_written();
    }
    set_pointers(problem, memory);

    Outcome outcome;
    sim::Fidelity weakest = sim::Fidelity::kExact;
    for (size_t i = 0; i < problem.launches.size(); ++i) {
      const Launch& launch = problem.launches[i];
      const sim::Program& program = this->program(launch.kernel);
      // A runtime refuses an empty grid, so that callers skip the launch: nothing runs, nothing is
      // written.
      if (launch.groups[0] == 0 || launch.groups[1] == 0 || launch.groups[2] == 0) continue;
      sim::LaunchConfig config;
      config.groups = launch.groups;
      config.group_size = launch.group_size;
      config.dynamic_lds_bytes = launch.dynamic_lds_bytes;
      config.instruction_budget = problem.instruction_budget == 0
                                      ? kInstructionBudget
                                      : std::min(problem.instruction_budget, kInstructionBudget);
      config.group_budget = kGroupBudget;
      config.explain = problem.explain;
      config.follow_inexact = problem.follow_inexact;
      if (problem.schedule.turn != 0) config.turn = problem.schedule.turn;
      if (problem.all_findings) config.max_findings = kMostFindings;
      if (problem.unwritten_registers) config.unwritten_registers = *problem.unwritten_registers;
      if (problem.early_loads) config.late_loads = sim::LateLoads::kNewContent;
      thread_local sim::Feedback feedback;
      if (problem.coverage) {
        feedback.reset(program.size());
        config.feedback = &feedback;
      }
      set_kernarg(problem, launch, memory, config);
      if (launch.kernarg_of_host) config.kernarg.resize(program.kernel().kernarg_bytes);
      if (known != nullptr) config.unsettled_reads = &(*known)[i];
      sim::RunResult result = sim::run(program, memory, config);
      if (known == nullptr) unsettled[i] = std::move(result.unsettled_reads);
      weakest = std::max(weakest, result.weakest);
      const bool hangs = this->hangs(result);
      read_result(launch, result, outcome);  // takes the findings
      if (problem.coverage) {
        read_edges(feedback, outcome.coverage[launch.kernel]);
        read_compares(feedback, outcome.compares[launch.kernel]);
      }
      for (const std::string& note : program.kernel().notes)
        outcome.notes.push_back(fmt::format("{}: {}", launch.kernel.symbol, note));
      // Nothing begins behind a launch that does not end.
      if (outcome.status != Outcome::Status::kCompleted || hangs) break;
    }
    outcome.fidelity = sim::name(weakest);
    read_writes(problem, memory, outcome);
    return outcome;
  }

  /// The branch that kept waves from the block that begins at instruction `first`: the one in front
  /// of it, or one that leads to it; and what it was decided by.
  static std::string guard_of(const sim::Program& program, const std::vector<bool>& executed,
                              const Edges& edges, size_t first) {
    const auto describe = [&](size_t branch, const char* went) {
      std::string text =
          fmt::format("{:#x}: {} {}", program.pc(branch), program.text(branch), went);
      constexpr size_t kNear = 12;  // instructions; a compare stands close to its branch
      for (size_t i = branch; i-- > branch - std::min(branch, kNear);) {
        const std::string& before = program.text(i);
        if (program.branch_target(i)) break;
        if (!before.starts_with("s_cmp") && !before.starts_with("s_bitcmp") &&
            !before.starts_with("v_cmp"))
          continue;
        return text + ", after " + before;
      }
      return text;
    };
    if (first > 0 && executed[first - 1] && edges.seen.contains(uint32_t(first - 1)))
      return describe(first - 1, "always taken");
    for (const auto& [branch, ways] : edges.seen) {
      if ((ways & Edges::kTaken) == 0 && branch < program.size() &&
          program.branch_target(branch) == first)
        return describe(branch, "never taken");
    }
    return "";
  }

  const sim::Program& program(const KernelId& kernel) {
    const std::lock_guard lock(mutex_);
    const auto key = std::pair(kernel.code_object, kernel.symbol);
    if (const auto it = programs_.find(key); it != programs_.end()) return it->second;
    const sim::CodeObject object = sim::CodeObject::load(kernel.code_object);
    if (object.arch() != arch_) {
      throw Error(Exit::kUsage, fmt::format("{}: built for {}, and the target is {}",
                                            kernel.code_object, sim::name(object.arch()), name_));
    }
    return programs_.emplace(key, sim::Program(object, kernel.symbol)).first->second;
  }

  static bool hangs(const sim::RunResult& result) {
    return std::ranges::find(result.findings, FindingKind::kWatchdog, &Finding::kind) !=
           result.findings.end();
  }

  static void read_result(const Launch& launch, sim::RunResult& result, Outcome& outcome) {
    const auto in_launch = [&](const std::string& message) {
      return launch.name.empty() ? message : "launch " + launch.name + ": " + message;
    };
    outcome.instructions += result.instructions;
    std::ranges::move(result.inexact_uses, std::back_inserter(outcome.inexact_uses));
    for (const std::string& note : result.notes) outcome.notes.push_back(in_launch(note));
    for (const sim::NonFinite& n : result.non_finite) outcome.notes.push_back(in_launch(n.message));
    for (const sim::NonFinite& n : result.non_finite) {
      if (n.value == sim::NonFinite::Value::kNan && !outcome.first_nan)
        outcome.first_nan = CodePlace{launch.kernel, n.pc};
    }
    if (result.status == sim::RunResult::Status::kUnsupported) {
      outcome.status = Outcome::Status::kUnsupported;
      outcome.unsupported = result.unsupported_what;
    } else if (!result.too_large.empty()) {
      outcome.status = Outcome::Status::kTooLarge;
      outcome.too_large = in_launch(result.too_large);
    }
    for (Finding& f : result.findings) {
      f.kernel = launch.kernel;
      f.launch = launch.name;
      f.message = message_of(f);
      outcome.findings.push_back(std::move(f));
    }
  }

  static void read_writes(const Problem& problem, sim::Memory& memory, Outcome& outcome) {
    for (const Buffer& buffer : problem.buffers) {
      const sim::Island& island = *memory.find(buffer.name);
      WrittenBuffer written = {buffer.name, {}};
      for (const sim::ByteRange& range : island.written_ranges()) {
        const std::span<const std::byte> bytes =
            island.bytes().subspan(range.begin, range.end - range.begin);
        Extent& extent = written.extents.emplace_back();
        extent.offset = range.begin;
        extent.bytes.resize(bytes.size());
        std::memcpy(extent.bytes.data(), bytes.data(), bytes.size());
      }
      if (!written.extents.empty()) outcome.written.push_back(std::move(written));
    }
  }

  const sim::Arch arch_;
  const std::string arch_name_;
  const std::string name_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, sim::Program>
      programs_;  // references stay valid as it grows
};

}  // namespace

std::unique_ptr<Target> make_sim_target(sim::Arch arch) {
  return std::make_unique<SimTarget>(arch);
}

}  // namespace wavefuzz
