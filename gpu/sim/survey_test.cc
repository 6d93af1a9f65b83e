// The survey of everything that is compiled in this repository finds nothing unsupported; what it
// says of other files.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace wavefuzz::sim {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  int exit;
  std::string text;  // stdout and stderr
};
Outcome survey(const std::string& arguments) {
  FILE* pipe = popen(("gpu/sim/survey " + arguments + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}
void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}
fs::path folder(const char* name) {
  const fs::path path = fs::path(testing::TempDir()) / name;
  fs::remove_all(path);
  fs::create_directories(path);
  return path;
}
const char kSaxpy[] = "gpu/sim/testdata/saxpy.gfx942.co";

// Little-endian 64-bit fields, as an offload bundle has them.
std::string word(uint64_t x) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += char(x >> 8 * i);
  return bytes;
}
std::string bundle(const std::string& id, const std::string& object) {
  const std::string host = "host-x86_64-unknown-linux--";
  const size_t start = 4096;
  std::string text = "__CLANG_OFFLOAD_BUNDLE__" + word(2);
  text += word(start) + word(0) + word(host.size()) + host;
  text += word(start) + word(object.size()) + word(id.size()) + id;
  text.resize(start);
  return text + object;
}

TEST(Survey, EverythingInTheTreeIsSupported) {
  const Outcome all = survey("gpu quant");
  EXPECT_EQ(all.exit, 0);
  EXPECT_EQ(all.text.find("unsupported:"), std::string::npos)
      << all.text.substr(all.text.find("unsupported:"));
  unsigned objects = 0, kernels = 0, instructions = 0, runnable = 0;
  const size_t last = all.text.rfind('\n', all.text.size() - 2) + 1;
  ASSERT_EQ(
      std::sscanf(all.text.c_str() + last, "%u objects, %u kernels, %u instructions; %u kernels",
                  &objects, &kernels, &instructions, &runnable),
      4)
      << all.text.substr(last);
  EXPECT_EQ(kernels, runnable);
  EXPECT_GE(kernels, 400u);  // the generated programs alone, on two arches
  EXPECT_GE(instructions, 500'000u);
}

TEST(Survey, OffloadBundlesAndAnyFileName) {
  const fs::path dir = folder("bundles");
  const std::string id = "hipv4-amdgcn-amd-amdhsa--gfx942";
  put(dir / "kernel.hipfb", bundle(id, contents(kSaxpy)));
  put(dir / "deep" / "plain_without_extension", contents(kSaxpy));
  // A host object that carries a bundle in a section.
  std::string host =
      "\x7f"
      "ELF\2\1\1";
  host.resize(64);
  host[18] = 62;
  put(dir / "program", host + bundle(id, contents(kSaxpy)));
  put(dir / "readme.txt", "no code here");
  const Outcome all = survey(dir);
  EXPECT_EQ(all.exit, 0) << all.text;
  EXPECT_NE(all.text.find("3 objects, 3 kernels"), std::string::npos) << all.text;
  EXPECT_NE(all.text.find("kernel.hipfb:" + id + "  gfx942  saxpy"), std::string::npos) << all.text;
}

TEST(Survey, SaysWhatItLeavesOut) {
  const fs::path dir = folder("others");
  std::string other = contents(kSaxpy);
  other[48] = 0x3f;  // gfx90a
  put(dir / "other.hsaco", other);
  put(dir / "packed.bin", "CCOB and more");
  const Outcome none = survey(dir);
  EXPECT_EQ(none.exit, 4) << none.text;
  EXPECT_NE(none.text.find("other.hsaco  skipped: built for machine 0x3f"), std::string::npos);
  EXPECT_NE(none.text.find("packed.bin  skipped: a compressed offload bundle"), std::string::npos);
  EXPECT_EQ(survey(folder("empty")).exit, 4);
}

TEST(Survey, UnreadableInputIsOneLineAndTheRestIsSurveyed) {
  const fs::path dir = folder("bad");
  put(dir / "a.co", "not an object");
  put(dir / "b.co", contents(kSaxpy));
  put(dir / "c.bundle",
      bundle("hipv4-amdgcn-amd-amdhsa--gfx942", contents(kSaxpy)).substr(0, 5000));
  const Outcome some = survey(dir);
  EXPECT_EQ(some.exit, 2);
  EXPECT_NE(some.text.find("a.co: not an ELF file"), std::string::npos) << some.text;
  EXPECT_NE(some.text.find("c.bundle: truncated"), std::string::npos) << some.text;
  EXPECT_NE(some.text.find("1 objects, 1 kernels"), std::string::npos) << some.text;
  EXPECT_EQ(survey((dir / "none.co").string()).exit, 2);
  EXPECT_EQ(survey("").exit, 2);
}

}  // namespace
}  // namespace wavefuzz::sim
