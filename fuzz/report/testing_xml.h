// XML read back with libxml2, for tests.
#ifndef WAVEFUZZ_FUZZ_REPORT_TESTING_XML_H_
#define WAVEFUZZ_FUZZ_REPORT_TESTING_XML_H_

#include <gtest/gtest.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>

#include <memory>
#include <string>
#include <vector>

namespace wavefuzz {

class Xml {
 public:
  /// Fails the test when the text is not well-formed.
  explicit Xml(const std::string& text)
      : document_(xmlReadMemory(text.data(), static_cast<int>(text.size()), "report.xml", "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_HUGE),
                  xmlFreeDoc) {
    EXPECT_NE(document_, nullptr) << "not well-formed: " << text.substr(0, 2000);
  }

  /// The text of every node that the XPath expression selects.
  std::vector<std::string> all(const std::string& path) const {
    std::vector<std::string> texts;
    if (document_ == nullptr) return texts;
    const std::unique_ptr<xmlXPathContext, decltype(&xmlXPathFreeContext)> context(
        xmlXPathNewContext(document_.get()), xmlXPathFreeContext);
    const std::unique_ptr<xmlXPathObject, decltype(&xmlXPathFreeObject)> found(
        xmlXPathEvalExpression(reinterpret_cast<const xmlChar*>(path.c_str()), context.get()),
        xmlXPathFreeObject);
    if (found == nullptr || found->nodesetval == nullptr) return texts;
    for (int i = 0; i < found->nodesetval->nodeNr; ++i) {
      xmlChar* content = xmlNodeGetContent(found->nodesetval->nodeTab[i]);
      texts.emplace_back(reinterpret_cast<const char*>(content));
      xmlFree(content);
    }
    return texts;
  }
  size_t count(const std::string& path) const { return all(path).size(); }

 private:
  std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document_;
};

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_REPORT_TESTING_XML_H_
