#include "fuzz/judge/corpus.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

Case example() {
  Case c;
  c.op = "op";
  c.kernel = "kernel";
  c.plant = "bug";
  c.target = "sim:gfx942";
  c.seed = 18446744073709551615u;
  c.params.set("head_dim", 128);
  c.rows["k"] = {{"normal", -3, {}}, {"zero", 0, {{0, 0x3F80}, {127, 0x8000}}}};
  c.integers["slot_mapping"] = {5, -1, int64_t{1} << 40};
  return c;
}

TEST(Corpus, KeepsAnEntryAsItWas) {
  const std::string folder = testing::TempDir() + "corpus/deep";
  const std::string path = folder + "/entry.json";
  const CorpusEntry entry = {example(), "wrong_value:out", "byte 3 is wrong", "owner/project#1"};
  write_file(path, corpus_text(entry));
  const CorpusEntry read = read_corpus_file(path);
  EXPECT_EQ(read.c, entry.c);
  EXPECT_EQ(read.signature, entry.signature);
  EXPECT_EQ(read.message, entry.message);
  EXPECT_EQ(read.history, entry.history);
  EXPECT_EQ(corpus_files(testing::TempDir() + "corpus"), std::vector<std::string>{path});
  EXPECT_EQ(corpus_files(path), std::vector<std::string>{path});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1)
      << "no partial file may be left";
}

TEST(Corpus, RefusesAnotherFormat) {
  const std::string path = testing::TempDir() + "format.json";
  write_file(path, R"({"wavefuzz_corpus": 2, "signature": "", "message": "", "case": {}})");
  try {
    read_corpus_file(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()), path + ": field 'wavefuzz_corpus' must be 1, is 2");
  }
}

TEST(Corpus, RefusesASignatureOfNoKindThatExists) {
  const std::string path = testing::TempDir() + "kind.json";
  write_file(path, corpus_text({example(), "lost_value:out", "byte 3 is lost"}));
  try {
    read_corpus_file(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()), path +
                                         ": field 'signature' must begin with a kind of "
                                         "finding, is \"lost_value:out\"");
  }
}

TEST(Corpus, SaysWhyAFileCannotBeWritten) {
  const std::string file = testing::TempDir() + "a_file";
  write_file(file, "text");
  try {
    write_file(file + "/below", "text");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kInternal);
    EXPECT_EQ(std::string(e.what()), file + "/below: cannot be written: Not a directory");
  }
}

TEST(Corpus, SaysThatAFolderIsNotThere) {
  try {
    corpus_files("/nowhere");
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "/nowhere: No such file or directory");
  }
}

}  // namespace
}  // namespace wavefuzz
