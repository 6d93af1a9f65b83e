#ifndef WAVEFUZZ_FUZZ_CASE_TEXT_H_
#define WAVEFUZZ_FUZZ_CASE_TEXT_H_

#include <string>
#include <string_view>

namespace wavefuzz {

// Text of kernels, cases and object files as the formats of reports hold it. These few lines are
// our own: they are what the formats say of characters, and no library of the build writes them.

/// Valid UTF-8 of characters that XML 1.0 and HTML allow: every other byte or control character
/// becomes U+FFFD.
std::string clean(std::string_view text);

/// For element content and quoted attributes of XML and HTML alike. Line breaks and tabs become
/// references, so that an attribute keeps them.
std::string xml_text(std::string_view text);

/// One line of Markdown (GitHub's) that shows the text as it is, in a table too.
std::string markdown_text(std::string_view text);
/// The text as code in a line, in a table too.
std::string markdown_code(std::string_view text);

/// A relative path or an absolute one as a URI reference (RFC 3986).
std::string path_uri(std::string_view path);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_CASE_TEXT_H_
