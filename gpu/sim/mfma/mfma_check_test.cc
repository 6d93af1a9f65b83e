// mfma_check as a user sees it: exit codes, the summary line, what an error names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

using testing::HasSubstr;

struct Outcome {
  int exit;
  std::string output;
};

Outcome check(const std::string& arguments) {
  FILE* const pipe = popen(("gpu/sim/mfma/mfma_check " + arguments + " 2>&1").c_str(), "r");
  Outcome run;
  char text[256];
  while (fgets(text, sizeof(text), pipe) != nullptr) run.output += text;
  run.exit = WEXITSTATUS(pclose(pipe));
  return run;
}

std::string file(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string f32(uint32_t bits) { return std::string(reinterpret_cast<const char*>(&bits), 4); }
std::string bf16(uint16_t bits) { return std::string(reinterpret_cast<const char*>(&bits), 2); }

// Two vectors of eight bf16: 1 * 1 with C = -1e-30 and with +1e-30.
std::string vectors(uint32_t first_d) {
  const std::string one = bf16(0x3F80) + std::string(14, '\0');
  return one + one + one + one + f32(0x8DA24260) + f32(0x0DA24260) + f32(first_d) + f32(0x3F800000);
}

TEST(MfmaCheck, AcceptsWhatTheRuleGives) {
  const Outcome run = check("--op=bf16_k8 " + file("good", vectors(0x3F7FFFFF)));
  EXPECT_EQ(run.output, "bf16_k8: 2 vectors, 0 mismatches\n");
  EXPECT_EQ(run.exit, 0);
}

TEST(MfmaCheck, ShowsMismatchesInHex) {
  const Outcome run = check("--op=bf16_k8 " + file("bad", vectors(0x3F800000)));
  EXPECT_THAT(run.output, HasSubstr("vector 0: D is 3f800000, the rule gives 3f7fffff"));
  EXPECT_THAT(run.output, HasSubstr("bf16_k8: 2 vectors, 1 mismatches\n"));
  EXPECT_EQ(run.exit, 1);
}

TEST(MfmaCheck, NanEqualsNan) {
  const std::string nan = bf16(0x7FC1) + std::string(14, '\0');
  const Outcome run = check("--op=bf16_k8 " + file("nan", nan + nan + f32(0) + f32(0xFFFFFFFF)));
  EXPECT_EQ(run.exit, 0) << run.output;
}

TEST(MfmaCheck, AIsOfTheTypeNamedFirst) {
  // bf8 0x44 and fp8 0x48 are both 2 in fnuz; with the types swapped they would be 1.5 and 4.
  const auto row = [](char code) { return std::string(1, code) + std::string(31, '\0'); };
  const Outcome run =
      check("--op=bf8_fp8_k32 " + file("mixed", row(0x44) + row(0x48) + f32(0) + f32(0x40800000)));
  EXPECT_EQ(run.exit, 0) << run.output;
}

TEST(MfmaCheck, NamesTheFileOrOpItCannotUse) {
  const std::string odd = file("odd", std::string(41, 'x'));
  for (const auto& [arguments, named] :
       {std::pair<std::string, std::string>{"--op=bf16_k8 " + odd, odd},
        {"--op=bf16_k8 " + file("empty", ""), "empty"},
        {"--op=bf16_k8 /nonexistent/file", "/nonexistent/file"},
        {"--op=fp99 " + odd, "fp99"}}) {
    const Outcome run = check(arguments);
    EXPECT_EQ(run.exit, 2) << arguments;
    EXPECT_THAT(run.output, HasSubstr(named));
  }
  EXPECT_EQ(check("").exit, 2);
  EXPECT_EQ(check("--help").exit, 0);
}

}  // namespace
