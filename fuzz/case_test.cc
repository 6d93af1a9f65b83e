#include "fuzz/case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fuzz/corpus.h"
#include "gpu/error.h"

namespace wavefuzz {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Case example() {
  Case c;
  c.op = "op";
  c.kernel = "kernel";
  c.plant = "bug";
  c.target = "sim:gfx942";
  c.seed = 18446744073709551615u;
  c.params.set("head_dim", 128);
  c.params.set("layout", "shuffle");
  c.rows["k"] = {{"normal", -3, {}}, {"zero", 0, {{0, 0x3F80}, {127, 0x8000}}}};
  c.rows["empty"] = {};
  c.integers["slot_mapping"] = {5, -1, int64_t{1} << 40};
  c.integers["none"] = {};
  return c;
}

const char* const kText = R"json({
 "operator": "op", "kernel": "kernel+bug", "target": "sim:gfx942", "seed": 18446744073709551615,
 "params": {"head_dim": 128, "layout": "shuffle"},
 "tensors": {
  "none": [],
  "slot_mapping": [5, -1, 1099511627776],
  "empty": {"rows": []},
  "k": {"rows": [{"fill": "normal", "exponent": -3}, {"fill": "zero", "set": {"0": "0x3f80", "127": "0x8000"}}]}
 }})json";

Case parse(const json& document) { return parse_case(JsonView(document, "c.json")); }

std::string error_of(const json& document) {
  try {
    parse(document);
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    return e.what();
  }
  return "no error";
}

TEST(Case, ReadsItsText) { EXPECT_EQ(parse(json::parse(kText)), example()); }

TEST(Case, WritesItsText) { EXPECT_EQ(json(to_json(example())), json::parse(kText)); }

TEST(Case, HasAnIdThatChangesWithEveryPart) {
  const std::string id = case_id(example());
  EXPECT_EQ(id.size(), 12u);
  EXPECT_EQ(id, case_id(example()));
  Case c = example();
  c.seed = 1;
  EXPECT_NE(case_id(c), id);
  c = example();
  c.rows["k"][1].set[0] = 0x3F81;
  EXPECT_NE(case_id(c), id);
  c = example();
  c.plant = "";
  EXPECT_NE(case_id(c), id);
}

TEST(StableHash, IsFnv1a) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325u);  // the published offset basis and test vectors
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8u);
}

TEST(CaseErrors, NameFileFieldAndValue) {
  json document = json::parse(kText);
  document.erase("target");
  EXPECT_EQ(error_of(document), "c.json: field 'target' is missing");
  document = json::parse(kText);
  document["params"]["head_dim"] = true;
  EXPECT_EQ(error_of(document), "c.json: field 'params.head_dim' must be an integer, is true");
  document = json::parse(kText);
  document["seed"] = -1;
  EXPECT_THAT(error_of(document), HasSubstr("'seed'"));
  document = json::parse(kText);
  document["tensors"]["k"]["rows"][1]["set"]["127"] = "0x180000000";
  EXPECT_THAT(error_of(document), HasSubstr("'tensors.k.rows[1].set.127'"));
  document = json::parse(kText);
  document["tensors"]["k"]["rows"][0]["exponent"] = int64_t{1} << 40;
  EXPECT_THAT(error_of(document), HasSubstr("'tensors.k.rows[0].exponent'"));
  EXPECT_EQ(error_of(json::parse("[1]")), "c.json: the document must be an object, is [1]");
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
