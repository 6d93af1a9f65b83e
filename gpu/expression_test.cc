#include "gpu/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/error.h"

namespace wavefuzz {
namespace {

Params params() {
  Params p;
  p.set("page_size", 64);
  p.set("head_dim", 128);
  p.set("layout", "shuffle");
  return p;
}

std::string error_of(const std::string& expression) {
  try {
    evaluate(expression, params());
  } catch (const Error& e) {
    EXPECT_EQ(e.exit(), Exit::kUsage);
    return e.what();
  }
  return "no error";
}

TEST(Expression, ComputesOverTheParametersOfTheCase) {
  EXPECT_EQ(evaluate("page_size * (head_dim + 4)", params()), 64 * 132);
  EXPECT_EQ(evaluate("ceildiv(head_dim, 48)", params()), 3);
  EXPECT_EQ(evaluate("head_dim % 48", params()), 32);
  EXPECT_EQ(evaluate("page_size * 67108864 * 1048576", params()), 64ll << 46);
}

TEST(Expression, ComparesATextParameterWithAQuotedText) {
  EXPECT_EQ(evaluate("layout == \"shuffle\"", params()), 1);
  EXPECT_EQ(evaluate("layout == \"normal\"", params()), 0);
  EXPECT_EQ(
      evaluate("layout != \"shuffle\" || page_size % 16 == 0 && head_dim % 16 == 0", params()), 1);
}

TEST(Expression, SeesTheNewValuesOfALaterCase) {
  Params p = params();
  EXPECT_EQ(evaluate("page_size + 1", p), 65);
  p.set("page_size", 16);
  EXPECT_EQ(evaluate("page_size + 1", p), 17);
  p.set("extra", 1);
  EXPECT_EQ(evaluate("page_size + extra", p), 17);
}

TEST(Expression, SaysWhichExpressionIsWrong) {
  EXPECT_THAT(error_of("page_size * nheads"), testing::HasSubstr("'page_size * nheads'"));
  EXPECT_THAT(error_of("head_dim / 48"), testing::HasSubstr("not an integer"));
  EXPECT_THAT(error_of("page_size % 0"), testing::HasSubstr("not an integer"));
}

TEST(Expression, ListsTheParametersThatItNames) {
  EXPECT_THAT(names_in("ceildiv(rows, 4) + max(columns, 1)"),
              testing::ElementsAre("columns", "rows"));
  EXPECT_THAT(names_in("layout == \"shuffle\" ? page_size : 16"),
              testing::ElementsAre("layout", "page_size"));
  EXPECT_THAT(names_in("64"), testing::IsEmpty());
  EXPECT_THROW(names_in("rows %"), Error);
}

}  // namespace
}  // namespace wavefuzz
