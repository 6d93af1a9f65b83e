#ifndef WAVEFUZZ_FUZZ_OPERATORS_OPERATOR_PAGE_H_
#define WAVEFUZZ_FUZZ_OPERATORS_OPERATOR_PAGE_H_

#include <string>
#include <vector>

namespace wavefuzz {

/// What a reader needs to know of an operator, and an author of a manifest for it.
struct OperatorPage {
  struct Entry {
    std::string name;
    std::string meaning;
    std::string plain = {};  ///< of a parameter: the value that a case leaves out
    std::string unclaimed =
        {};  ///< of a parameter: what it means that a manifest does not claim it
  };
  struct BufferEntry {
    std::string name;
    std::string dtype;
    std::string layout;     ///< shape and strides
    std::string direction;  ///< in, out, in/out
  };

  std::string name = {};
  std::string summary = {};
  std::vector<std::string> semantics = {};  ///< formulas and masks, a line each
  std::vector<BufferEntry> buffers = {};
  std::vector<Entry> parameters = {};  ///< of a case; manifests claim ranges or choices of them
  std::vector<Entry> derived = {};     ///< parameters that manifest expressions see besides
  std::vector<Entry> numerics = {};    ///< fields of a manifest's numerics contract
  std::vector<Entry> relations =
      {};  ///< metamorphic relations, choices of the parameter "relation"
  std::vector<std::string> unspecified = {};
  std::vector<std::string> presets = {};  ///< by project
};

/// The entries with each name of a list "a, b, c" as one of its own.
std::vector<OperatorPage::Entry> one_each(const std::vector<OperatorPage::Entry>& entries);

/// The page in Markdown, as docs/operators/NAME.md holds it.
std::string markdown(const OperatorPage& page);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_OPERATOR_PAGE_H_
