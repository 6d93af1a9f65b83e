#include "gpu/sim/source_lines.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>

#include "gpu/sim/launch.h"

namespace wavefuzz::sim {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kKernels[] = "gpu/sim/testdata/source_lines.hip";
constexpr char kInlined[] = "gpu/sim/testdata/source_lines.h";

// The line that ends with these words.
uint32_t line_of(const std::string& file, const std::string& words) {
  std::ifstream in(file);
  std::string text;
  for (uint32_t line = 1; std::getline(in, text); ++line)
    if (text.ends_with("// " + words)) return line;
  ADD_FAILURE() << file << " has no line " << words;
  return 0;
}

// "FILE:LINE in FUNCTION" of each: columns are the compiler's.
std::vector<std::string> without_columns(const std::vector<SourceLine>& source) {
  std::vector<std::string> out;
  for (const SourceLine& at : source) {
    EXPECT_NE(at.column, 0u);
    out.push_back(text({at.file, at.line, 0}) + " in " + at.function);
  }
  return out;
}

std::string place(const char* file, const std::string& words, const std::string& function) {
  return text({file, line_of(file, words), 0}) + " in " + function;
}

std::string object_file(const std::string& build, Arch arch) {
  return "gpu/sim/testdata/" + build + "." + std::string(name(arch)) + ".co";
}

std::vector<std::byte> bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> raw{std::istreambuf_iterator<char>(in), {}};
  EXPECT_FALSE(raw.empty()) << path;
  const auto* bytes = reinterpret_cast<const std::byte*>(raw.data());
  return {bytes, bytes + raw.size()};
}

class Lines : public testing::TestWithParam<Arch> {
 protected:
  RunResult launch(const CodeObject& object, const std::string& kernel) {
    const RunResult first = launch(object, kernel, nullptr);
    return first.unsettled_reads.empty() ? first : launch(object, kernel, &first.unsettled_reads);
  }
  RunResult launch(const CodeObject& object, const std::string& kernel,
                   const std::vector<UnsettledRead>* unsettled) {
    memory_.reset();
    Island& in = memory_.add({.name = "in", .bytes = 1024, .access = Access::kRead});
    Island& out = memory_.add({.name = "out", .bytes = 2048});
    in.write_values<float>(0, std::vector<float>(256, 2));
    out.clear_written();
    LaunchConfig config;
    config.groups = {2, 1, 1};
    config.group_size = {128, 1, 1};
    config.set_arg(0, in.address());
    config.set_arg(8, out.address());
    config.unsettled_reads = unsettled;
    return run(Program(object, kernel), memory_, config);
  }
  RunResult launch(const std::string& build, const std::string& kernel) {
    return launch(CodeObject::load(object_file(build, GetParam())), kernel);
  }
  // The first of that kind.
  Finding finding(const std::string& build, const std::string& kernel, FindingKind kind) {
    const RunResult result = launch(build, kernel);
    const auto it = std::ranges::find(result.findings, kind, &Finding::kind);
    if (it != result.findings.end()) return *it;
    ADD_FAILURE() << build << ": " << kernel << " has no " << name(kind);
    return {};
  }
  Memory memory_;
};

INSTANTIATE_TEST_SUITE_P(Arches, Lines, testing::Values(Arch::kGfx942, Arch::kGfx950),
                         [](const auto& info) { return std::string(name(info.param)); });

// Line tables alone; all there is; compressed.
constexpr const char* kOptimised[] = {"source_lines", "source_lines_g", "source_lines_gz"};

TEST_P(Lines, OutOfBoundsNamesItsLineAndTheCallThatItWasInlinedAt) {
  for (const char* build : kOptimised) {
    SCOPED_TRACE(build);
    const Finding f = finding(build, "read_past_end", FindingKind::kOutOfBoundsRead);
    EXPECT_THAT(without_columns(f.source),
                ElementsAre(place(kInlined, "LOAD", "load_row"),
                            place(kKernels, "READ CALL", "read_past_end")));
    EXPECT_THAT(f.message, AllOf(StartsWith(text(f.source[0]) + ": out-of-bounds read: "),
                                 EndsWith("; in load_row, inlined at " + text(f.source[1]) +
                                          " in read_past_end")));
  }
}

TEST_P(Lines, UndefinedDataNamesWhereItIsUsedAndWhereItWasLoaded) {
  for (const char* build : kOptimised) {
    SCOPED_TRACE(build);
    const Finding f = finding(build, "undefined", FindingKind::kUninitialised);
    EXPECT_THAT(without_columns(f.source), ElementsAre(place(kInlined, "STORE", "store_row"),
                                                       place(kKernels, "STORE CALL", "undefined")));
    ASSERT_TRUE(f.loaded_by);
    EXPECT_THAT(without_columns(f.loaded_by->source),
                ElementsAre(place(kInlined, "LOAD", "load_row"),
                            place(kKernels, "UNDEFINED CALL", "undefined")));
    EXPECT_THAT(f.message,
                AllOf(HasSubstr("a value stored to global memory depends on undefined data; loaded "
                                "at pc 0x"),
                      HasSubstr("` (" + text(f.loaded_by->source[0]) + ");")));
    const Finding branch = finding(build, "undefined_branch", FindingKind::kUninitialised);
    EXPECT_THAT(without_columns(branch.source),
                ElementsAre(place(kKernels, "BRANCH", "undefined_branch")));
    EXPECT_THAT(branch.message, HasSubstr("a branch depends on undefined data"));
  }
}

TEST_P(Lines, ARaceNamesBothAccesses) {
  for (const char* build : kOptimised) {
    SCOPED_TRACE(build);
    // One of the waves writes what the other has read, and uses.
    const Finding f = finding(build, "race", FindingKind::kDataRace);
    EXPECT_THAT(f.instruction, StartsWith("ds_read"));
    EXPECT_THAT(without_columns(f.source),
                ElementsAre(place(kInlined, "LOAD", "load_row"),
                            place(kKernels, "READ BEFORE CALL", "race")));
    ASSERT_TRUE(f.other);
    EXPECT_EQ(f.other->does, "writes");
    EXPECT_THAT(without_columns(f.other->at.source),
                ElementsAre(place(kInlined, "STORE", "store_row"),
                            place(kKernels, "OVERWRITTEN CALL", "race")));
    EXPECT_THAT(f.message,
                AllOf(StartsWith(text(f.source[0]) + ": data race: "),
                      HasSubstr("` (" + text(f.other->at.source[0]) + "), in no order")));
    EXPECT_EQ(launch(build, "race_twin").findings.size(), 0u);
  }
}

TEST_P(Lines, CodeThatIsNotOptimisedCallsWhatItWouldInline) {
  const Finding f = finding("source_lines_O0", "read_past_end", FindingKind::kOutOfBoundsRead);
  EXPECT_THAT(without_columns(f.source), ElementsAre(place(kInlined, "LOAD", "load_row")));
  EXPECT_THAT(f.message, StartsWith(text(f.source[0]) + ": out-of-bounds read: "));
}

TEST_P(Lines, WithoutDebugInformationThereIsNoSourceAndTheSameFinding) {
  const Finding with = finding("source_lines", "read_past_end", FindingKind::kOutOfBoundsRead);
  Finding without = finding("source_lines_none", "read_past_end", FindingKind::kOutOfBoundsRead);
  EXPECT_TRUE(without.source.empty());
  EXPECT_THAT(without.message, StartsWith("out-of-bounds read: "));
  // Line tables change no instruction.
  without.source = with.source;
  EXPECT_EQ(message_of(without), with.message);
  EXPECT_EQ(CodeObject::load(object_file("source_lines_none", GetParam())).source_lines(), nullptr);
}

TEST_P(Lines, ArgumentsThatTheMetadataLeaveNamelessHaveTheirParametersNames) {
  const auto names = [&](const std::string& build) {
    std::vector<std::string> list;
    const CodeObject object = CodeObject::load(object_file(build, GetParam()));
    for (const KernelArg& arg : object.kernel("race").args)
      if (!arg.hidden()) list.push_back(arg.name);
    return list;
  };
  EXPECT_THAT(names("source_lines_g"), ElementsAre("in", "out"));
  EXPECT_THAT(names("source_lines_O0"), ElementsAre("in", "out"));
  EXPECT_THAT(names("source_lines"), ElementsAre("", ""));  // lines alone
}

TEST_P(Lines, ManyThreadsMayAsk) {
  const CodeObject object = CodeObject::load(object_file("source_lines", GetParam()));
  const KernelInfo& kernel = object.kernel("undefined");
  const auto all = [&] {
    std::vector<std::vector<SourceLine>> lines;
    for (uint64_t at = 0; at < kernel.code_bytes; at += 4)
      lines.push_back(object.source_lines()->at(kernel.code_address + at));
    return lines;
  };
  std::vector<std::vector<SourceLine>> seen[4];
  std::vector<std::thread> threads;
  for (auto& lines : seen) threads.emplace_back([&] { lines = all(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& lines : seen) EXPECT_EQ(lines, all());
}

// Whatever happens to the bytes of the debug information, nothing worse comes of it than that lines
// are wrong or not there.
void damage(const std::string& path, size_t count) {
  const std::vector<std::byte> file = bytes_of(path);
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof(header));
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::memcpy(sections.data(), file.data() + header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
  // Not loaded, and neither names nor symbols: the debug sections.
  std::erase_if(sections, [](const Elf64_Shdr& s) {
    return s.sh_type != SHT_PROGBITS || (s.sh_flags & SHF_ALLOC) != 0 || s.sh_size == 0;
  });
  ASSERT_GE(sections.size(), 5u);
  std::mt19937_64 random(1);
  const auto below = [&](size_t n) { return size_t(random() % n); };
  size_t told = 0;
  for (size_t i = 0; i < count; ++i) {
    std::vector<std::byte> damaged = file;
    const Elf64_Shdr& section = sections[below(sections.size())];
    for (size_t changes = size_t{1} << below(4); changes-- > 0;)
      damaged[section.sh_offset + below(section.sh_size)] = std::byte(below(256));
    const CodeObject object = CodeObject::parse(std::move(damaged), path);
    if (object.source_lines() == nullptr) continue;  // what is compressed may not come out
    for (const KernelInfo& kernel : object.kernels())
      for (uint64_t at = 0; at < kernel.code_bytes; at += 16)
        for (const SourceLine& line : object.source_lines()->at(kernel.code_address + at)) {
          ++told;
          EXPECT_NE(line.line, 0u);
          EXPECT_TRUE(std::ranges::none_of(line.file + line.function,
                                           [](char c) { return uint8_t(c) < 32; }));
        }
  }
  EXPECT_GT(told, 0u);
}

TEST(Damage, OfLineTables) { damage(object_file("source_lines", Arch::kGfx942), 500); }
TEST(Damage, OfAllThereIs) { damage(object_file("source_lines_g", Arch::kGfx942), 250); }
TEST(Damage, OfCompressedSections) { damage(object_file("source_lines_gz", Arch::kGfx942), 250); }

}  // namespace
}  // namespace wavefuzz::sim
