// Small tables of our own in which each fault is planted once; what the audit must say of them is
// worked out by hand from the rule in select.h.
#include "fuzz/audit/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fuzz/audit/csv.h"
#include "fuzz/audit/select.h"
#include "gpu/error.h"

namespace wavefuzz::audit {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPaHeader =
    "qType,kvType,Gqa,Mtp,Msk,Hp,blkSz,knl_name,co_name,ps,qTile,quant_type\n";
constexpr const char* kMlaHeader =
    "qType,kvType,Gqa,ps,qSeqLen,prefill,causal,lse,cprr,knl_name,co_name\n";
// A real code object; it holds no kernel of a table, but those of this name.
constexpr const char* kObject = "gpu/kernels/quantise_fp8.gfx942.co";
constexpr const char* kSymbol = "quantise_fp8_f16_e4m3fn";

/// A folder as AITER's hsa.
class Tree {
 public:
  explicit Tree(const std::string& name) : root_(testing::TempDir() + name) {
    fs::remove_all(root_);
  }
  const std::string& root() const { return root_; }

  Tree& table(const std::string& arch, const std::string& op, const std::string& text) {
    fs::create_directories(root_ + "/" + arch + "/" + op);
    std::ofstream(root_ + "/" + arch + "/" + op + "/" + op + "_asm.csv") << text;
    return *this;
  }
  /// `path` below the root, a copy of a real code object of gfx942.
  Tree& object(const std::string& path) {
    fs::copy_file(kObject, root_ + "/" + path);
    return *this;
  }
  Report audit(const std::string& op, const std::vector<std::string>& of = arches()) const {
    return wavefuzz::audit::audit(root_, load_tables(root_, op), of, ManifestIndex());
  }

 private:
  std::string root_;
};

std::vector<Finding> of_kind(const Report& report, Kind kind) {
  std::vector<Finding> found;
  for (const Finding& finding : report.findings) {
    if (finding.kind == kind) found.push_back(finding);
  }
  return found;
}

std::string csv_error(const std::string& text) {
  try {
    Csv::parse(text, "t.csv");
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    return e.what();
  }
  return "no error";
}

TEST(Csv, ReadsRowsBetweenComments) {
  const Csv csv = Csv::parse("# ours\na, b\r\n\n1,2\n// more\n3,x\n", "t.csv");
  ASSERT_EQ(csv.rows().size(), 2u);
  EXPECT_EQ(csv.rows()[0].line, 4);
  EXPECT_EQ(csv.integer(csv.rows()[0], 1), 2);
  EXPECT_EQ(csv.rows()[1].fields[*csv.column("b")], "x");
  EXPECT_EQ(csv.column("c"), std::nullopt);
}

TEST(Csv, SaysWhichLineIsBroken) {
  EXPECT_EQ(csv_error("a,b\n1,2\n3\n"), "t.csv:3: has 1 fields, and the header has 2");
  EXPECT_EQ(csv_error("a,b\n1,2,3\n"), "t.csv:2: has 3 fields, and the header has 2");
  EXPECT_EQ(csv_error("a,a\n"), "t.csv:1: names column 'a' twice");
  EXPECT_EQ(csv_error("a\n\"x\"\n"), "t.csv:2: has a quote, which is not read");
  EXPECT_EQ(csv_error(""), "t.csv:1: is no header: the file is empty");
}

TEST(Tables, RefuseABrokenTable) {
  const auto error = [](const std::string& name, const std::string& text) -> std::string {
    const Tree tree = Tree("broken_" + name).table("gfx942", "pa", text);
    try {
      load_tables(tree.root(), "pa");
    } catch (const Error& e) {
      return std::string(e.what()).substr(tree.root().size());
    }
    return "no error";
  };
  const std::string row = "bf16,fp8,16,0,0,0,16,k,k.co,0,0,0\n";
  EXPECT_EQ(error("fine", kPaHeader + row), "no error");
  EXPECT_EQ(error("short", kPaHeader + row + "bf16,fp8,16,0\n"),
            "/gfx942/pa/pa_asm.csv:3: has 4 fields, and the header has 12");
  EXPECT_EQ(error("word", std::string(kPaHeader) + "bf16,fp8,many,0,0,0,16,k,k.co,0,0,0\n"),
            "/gfx942/pa/pa_asm.csv:2: column 'Gqa' must be an integer, is 'many'");
  EXPECT_EQ(error("name", "qType,kvType,Gqa,Mtp,Msk,Hp,blkSz,co_name,ps,qTile,quant_type\n"),
            "/gfx942/pa/pa_asm.csv: column 'knl_name' is missing");
  EXPECT_EQ(error("hp", "qType,kvType,Gqa,Mtp,Msk,blkSz,knl_name,co_name,ps,qTile,quant_type\n"),
            "/gfx942/pa/pa_asm.csv: column 'Hp' is missing, and no table of another arch has it");
}

TEST(Tables, TakeAColumnThatOnlyAnotherArchHasAsZero) {
  const Tree tree =
      Tree("other_arch")
          .table("gfx942", "mla",
                 "qType,kvType,Gqa,ps,qSeqLen,prefill,causal,lse,knl_name,co_name\n"
                 "fp8,fp8,16,1,1,0,1,0,k,k.co\n")
          .table("gfx950", "mla", std::string(kMlaHeader) + "fp8,fp8,16,1,1,0,1,0,1,k,k.co\n");
  const Tables tables = load_tables(tree.root(), "mla");
  ASSERT_EQ(tables.rows.size(), 2u);
  EXPECT_EQ(tables.rows[0].cprr, 0);
  EXPECT_EQ(tables.rows[1].cprr, 1);
}

/// pa_fwd_asm on gfx942 of bf16 and fp8 with pages of 16.
Request pa_request(int64_t gqa, int64_t qlen, int64_t hp) {
  Request wanted;
  for_each_request(Entry::kPaFwd, "gfx942", [&](const Request& r) {
    if (r.q_type() == "bf16" && r.kv_type() == "fp8" && r.gqa() == gqa && r.qlen() == qlen &&
        r.page() == 16 && r.number(Dim::kHighPrecision) == hp &&
        (r.value(Dim::kQoIndptr) == "given") == (qlen > 1)) {
      wanted = r;
    }
  });
  return wanted;
}

std::vector<std::string> chosen(const Tables& tables, const Request& request) {
  std::vector<std::string> names;
  for (const KernelRow* row : select(tables, request).rows) names.push_back(row->name());
  return names;
}

TEST(Select, TriesTheExactQlenThenTheGeneralOneAndTheRatioThenItRoundedUp) {
  const Tree tree = Tree("order").table("gfx942", "pa",
                                        std::string(kPaHeader) +
                                            "bf16,fp8,16,0,0,0,16,a,plain16.co,0,0,0\n"
                                            "bf16,fp8,16,1,1,0,16,b,mtp16.co,0,0,0\n"
                                            "bf16,fp8,16,12,1,0,16,c,two16.co,0,0,0\n"
                                            "bf16,fp8,10,1,1,0,16,d,mtp10.co,0,0,0\n");
  const Tables tables = load_tables(tree.root(), "pa");
  EXPECT_THAT(chosen(tables, pa_request(16, 1, 1)), ElementsAre("plain16"));
  EXPECT_THAT(chosen(tables, pa_request(10, 1, 1)), ElementsAre("plain16"));
  EXPECT_THAT(chosen(tables, pa_request(10, 2, 1)), ElementsAre("two16"))
      << "a kernel of just this qlen goes before one of just this ratio";
  EXPECT_THAT(chosen(tables, pa_request(10, 3, 1)), ElementsAre("mtp10"));
  EXPECT_THAT(chosen(tables, pa_request(12, 3, 1)), ElementsAre("mtp16"));
  EXPECT_THAT(chosen(tables, pa_request(17, 1, 1)), IsEmpty());
  EXPECT_THAT(chosen(tables, pa_request(8, 1, 1)), IsEmpty());
}

TEST(Select, HighPrecision1MatchesEveryRow) {
  const Tree tree = Tree("hp").table("gfx942", "pa",
                                     std::string(kPaHeader) +
                                         "bf16,fp8,8,0,0,0,16,a,plain.co,0,0,0\n"
                                         "bf16,fp8,8,0,0,2,16,b,uhp.co,0,0,0\n");
  const Tables tables = load_tables(tree.root(), "pa");
  EXPECT_THAT(chosen(tables, pa_request(8, 1, 1)), ElementsAre("plain", "uhp"));
  EXPECT_THAT(chosen(tables, pa_request(8, 1, 0)), ElementsAre("plain"));
  EXPECT_THAT(chosen(tables, pa_request(8, 1, 2)), ElementsAre("uhp"));
}

TEST(Audit, FindsARatioThatIsRoundedUp) {
  const Report report =
      Tree("rounded")
          .table("gfx942", "pa", std::string(kPaHeader) + "bf16,fp8,16,0,0,0,16,k,gqa16.co,0,0,0\n")
          .audit("pa");
  const std::vector<Finding> found = of_kind(report, Kind::kMisrouted);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].text, "asks for gqa 9..15, gets a kernel of gqa 16");
  // 7 ratios; high_precision 0 and 1, as the row has Hp 0; qlen 1 with and without qo_indptr, and
  // qlen 2..8 without.
  EXPECT_EQ(found[0].count, 7u * 2 * (2 + 7));
  EXPECT_EQ(found[0].first->text(),
            "pa_fwd_asm(gfx942, bf16 x fp8, gqa 9, qlen 1, page_size 16, high_precision 1, "
            "qo_indptr none)");
  EXPECT_EQ(found[0].first_kernel, "gfx942/pa/gqa16");
  EXPECT_FALSE(found[0].objection->by_manifest);
  EXPECT_EQ(found[0].with_manifest, 0u);
  // Without qo_indptr the host takes several query tokens for one.
  EXPECT_EQ(found[1].text, "asks for qlen 2..8, gets a kernel of qlen 1");
  EXPECT_EQ(found[1].count, 8u * 2 * 7);
}

TEST(Audit, FindsRowsBetweenWhichAMapDecides) {
  const Report report = Tree("ambiguous")
                            .table("gfx950", "mla",
                                   std::string(kMlaHeader) +
                                       "bf16,bf16,8,0,2,0,1,0,0,first,first.co\n"
                                       "bf16,bf16,8,0,2,0,1,0,0,second,second.co\n")
                            .audit("mla");
  const std::vector<Finding> found = of_kind(report, Kind::kAmbiguous);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].text, HasSubstr("2 rows fit: first (line 2), second (line 3)"));
  EXPECT_EQ(found[0].count, 5u * 2 * 2) << "page sizes, return_lse, num_kv_splits";
  EXPECT_EQ(text(found[0].boxes[0], Entry::kMlaDecode),
            "gfx950; bf16 x bf16; gqa 8; qlen 2; persistent 0; causal 1; g_kv_indptr none");
}

TEST(Audit, FindsRowsThatNoRequestLeadsTo) {
  const Report report = Tree("dead")
                            .table("gfx942", "pa",
                                   std::string(kPaHeader) +
                                       "bf16,fp8,8,1,1,0,16,alive,alive.co,0,0,0\n"
                                       "bf16,fp8,8,1,0,0,16,dead,dead.co,0,0,0\n")
                            .audit("pa");
  const std::vector<Finding> found = of_kind(report, Kind::kDeadRow);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, "no request selects it: Msk 0 is only looked for with Mtp 0");
  EXPECT_THAT(found[0].kernels, ElementsAre("gfx942/pa/dead (line 3)"));
}

TEST(Audit, FindsRequestsThatAbortBesideOnesThatDoNot) {
  const Report report = Tree("abort")
                            .table("gfx942", "pa",
                                   std::string(kPaHeader) +
                                       "bf16,bf16,16,0,0,0,16,a,plain16.co,0,0,0\n"
                                       "bf16,bf16,8,1,1,0,16,b,mtp8.co,0,0,0\n")
                            .audit("pa");
  std::vector<std::string> texts;
  for (const Finding& finding : of_kind(report, Kind::kNoKernel)) {
    for (const Box& box : finding.boxes)
      texts.push_back(finding.text + ": " + text(box, finding.entry));
  }
  EXPECT_THAT(texts, testing::Contains("aborts (no row fits), and does not with another gqa, or "
                                       "another qlen: gfx942; bf16 x bf16; gqa 9..16; qlen 2..8; "
                                       "page_size 16; high_precision 1, 0; qo_indptr given"));
}

TEST(Audit, HoldsRowsAgainstTheirCodeObjects) {
  const std::string symbol = kSymbol;
  Tree tree("objects");
  tree.table("gfx942", "pa",
             std::string(kPaHeader) + "bf16,fp8,8,0,0,0,16," + symbol + ",right.co,0,0,0\n" +
                 "bf16,fp8,16,0,0,0,16,other,right.co,0,0,0\n" +
                 "bf16,int8,16,0,0,0,16,third,missing.co,0,0,0\n" + "bf16,int8,8,0,0,0,16," +
                 symbol + ",right.co,0,0,0\n")
      .table("gfx950", "pa",
             std::string(kPaHeader) + "bf16,fp8,8,0,0,0,16," + symbol + ",wrong_arch.co,0,0,0\n")
      .object("gfx942/pa/right.co")
      .object("gfx942/pa/stray.co")
      .object("gfx950/pa/wrong_arch.co");
  const Report report = tree.audit("pa");
  std::vector<std::string> bad;
  for (const Finding& finding : of_kind(report, Kind::kBadRow))
    bad.push_back(finding.kernels.front() + ": " + finding.text);
  EXPECT_THAT(
      bad, ElementsAre("gfx942/pa/missing (line 4): its code object is not there",
                       HasSubstr("gfx942/pa/right (line 3): knl_name other: the object holds "),
                       "gfx942/pa/right (line 5): never enters the host's map: line 2 has the same "
                       "symbol",
                       "gfx950/pa/wrong_arch (line 2): its code object is of gfx942"));
  const std::vector<Finding> unnamed = of_kind(report, Kind::kUnnamedFile);
  ASSERT_EQ(unnamed.size(), 1u);
  EXPECT_THAT(unnamed[0].kernels, ElementsAre("gfx942/pa/stray.co"));
  EXPECT_THAT(of_kind(tree.audit("pa", {"gfx950"}), Kind::kUnnamedFile), IsEmpty());
}

}  // namespace
}  // namespace wavefuzz::audit
