#include "gpu/sim/asm_text.h"

#include <charconv>
#include <cstdlib>

#include "gpu/sim/wave.h"

namespace wavefuzz::sim {
namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A whole decimal or 0x number, with sign. Values up to 64 bits unsigned are kept as their bits.
std::optional<int64_t> integer(std::string_view s, bool* hex = nullptr) {
  const bool negative = s.starts_with('-');
  if (negative) s.remove_prefix(1);
  const bool sixteen = s.starts_with("0x");
  if (sixteen) s.remove_prefix(2);
  if (hex != nullptr) *hex = sixteen;
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(s.data(), s.data() + s.size(), value, sixteen ? 16 : 10);
  if (s.empty() || error != std::errc() || end != s.data() + s.size()) return std::nullopt;
  return negative ? int64_t(0 - value) : int64_t(value);
}

// `12` or `[12:15]` after a register letter.
bool register_range(std::string_view s, AsmOperand* operand) {
  if (s.empty()) return false;
  std::string_view low = s, high;
  if (s.front() == '[') {
    if (s.back() != ']') return false;
    s = s.substr(1, s.size() - 2);
    const size_t colon = s.find(':');
    low = s.substr(0, colon);
    high = colon == s.npos ? low : s.substr(colon + 1);
  }
  const auto first = integer(low);
  const auto last = high.empty() ? first : integer(high);
  if (!first || !last || *first < 0 || *last < *first || *last > 255) return false;
  operand->first = uint16_t(*first);
  operand->count = uint8_t(*last - *first + 1);
  return true;
}

struct Named {
  std::string_view name;
  uint16_t first;
  uint8_t count;
};
constexpr Named kNamed[] = {
    {"vcc", kVcc, 2},
    {"vcc_lo", kVcc, 1},
    {"vcc_hi", kVcc + 1, 1},
    {"exec", kExec, 2},
    {"exec_lo", kExec, 1},
    {"exec_hi", kExec + 1, 1},
    {"m0", kM0, 1},
    {"src_scc", kScc, 1},
    {"scc", kScc, 1},
    {"flat_scratch", kFlatScratch, 2},
    {"flat_scratch_lo", kFlatScratch, 1},
    {"flat_scratch_hi", kFlatScratch + 1, 1},
};
struct Aperture {
  std::string_view name;
  uint64_t value;
};
constexpr Aperture kApertures[] = {
    {"src_shared_base", uint64_t{kSharedAperture} << 32},
    {"src_shared_limit", uint64_t{kSharedAperture} << 32 | 0xffff'ffff},
    {"src_private_base", uint64_t{kPrivateAperture} << 32},
    {"src_private_limit", uint64_t{kPrivateAperture} << 32 | 0xffff'ffff},
};

bool parse_operand(std::string_view s, AsmOperand* out) {
  s = trim(s);
  if (s.empty()) return false;
  out->word = s;
  // Sign modifiers, outermost first. "-1" is a number, "-v1" a negated register.
  if (s.size() > 1 && s[0] == '-' && !is_digit(s[1])) {
    out->neg = true;
    s.remove_prefix(1);
  } else if (s.starts_with("neg(") && s.ends_with(')')) {
    out->neg = true;
    s = s.substr(4, s.size() - 5);
  }
  if (s.size() > 2 && s.front() == '|' && s.back() == '|') {
    out->abs = true;
    s = s.substr(1, s.size() - 2);
  } else if (s.starts_with("abs(") && s.ends_with(')')) {
    out->abs = true;
    s = s.substr(4, s.size() - 5);
  } else if (s.starts_with("sext(") && s.ends_with(')')) {
    out->sext = true;
    s = s.substr(5, s.size() - 6);
  }
  // A literal that would also fit an inline constant is printed as such: lit(0xffffffff).
  if ((s.starts_with("lit(") || s.starts_with("lit64(")) && s.ends_with(')'))
    s = s.substr(s.find('(') + 1, s.size() - s.find('(') - 2);
  s = trim(s);
  if (s.empty()) return false;
  for (const Named& n : kNamed) {
    if (s == n.name) {
      out->kind = AsmOperand::Kind::kScalar;
      out->first = n.first;
      out->count = n.count;
      return true;
    }
  }
  for (const Aperture& a : kApertures) {
    if (s == a.name) {
      out->kind = AsmOperand::Kind::kAperture;
      out->value = int64_t(a.value);
      return true;
    }
  }
  if (s == "off") {
    out->kind = AsmOperand::Kind::kOff;
    return true;
  }
  const char letter = s.front();
  if ((letter == 'v' || letter == 'a' || letter == 's') && s.size() > 1 &&
      (is_digit(s[1]) || s[1] == '[')) {
    if (!register_range(s.substr(1), out)) return false;
    out->kind = letter == 'v'   ? AsmOperand::Kind::kVgpr
                : letter == 'a' ? AsmOperand::Kind::kAgpr
                                : AsmOperand::Kind::kScalar;
    return letter != 's' || out->first + out->count <= int(kScalars);
  }
  if (is_digit(letter) || letter == '-') {
    if (const auto value = integer(s, &out->hex)) {
      out->kind = AsmOperand::Kind::kInteger;
      out->value = *value;
      return true;
    }
    const std::string copy(s);
    char* end = nullptr;
    out->real = std::strtod(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size()) return false;
    out->kind = AsmOperand::Kind::kFloat;
    return true;
  }
  return true;  // a word
}

// Numbers of "[1,0,3]", "(1,2)" or "5".
std::vector<int64_t> number_list(std::string_view s) {
  if (s.size() >= 2 && (s.front() == '[' || s.front() == '(')) s = s.substr(1, s.size() - 2);
  std::vector<int64_t> list;
  while (!s.empty()) {
    const size_t comma = s.find(',');
    const auto value = integer(trim(s.substr(0, comma)));
    if (!value) return {};
    list.push_back(*value);
    if (comma == s.npos) break;
    s.remove_prefix(comma + 1);
  }
  return list;
}

// The end of the token that starts at `at`: a space or comma outside brackets.
size_t token_end(std::string_view s, size_t at) {
  int depth = 0;
  for (; at < s.size(); ++at) {
    const char c = s[at];
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (depth == 0 && (c == ' ' || c == ',')) break;
  }
  return at;
}

bool strip_suffix(std::string_view* s, std::string_view suffix) {
  if (!s->ends_with(suffix)) return false;
  s->remove_suffix(suffix.size());
  return true;
}

}  // namespace

const AsmModifier* AsmText::find(std::string_view name) const {
  for (const AsmModifier& modifier : modifiers)
    if (modifier.name == name) return &modifier;
  return nullptr;
}

int64_t AsmText::number(std::string_view name, int64_t otherwise) const {
  const AsmModifier* modifier = find(name);
  return modifier == nullptr || modifier->list.empty() ? otherwise : modifier->list[0];
}

std::optional<AsmText> parse_asm(std::string_view text) {
  text = trim(text);
  // LLVM's remark that an operand is not valid.
  if (text.find("/*") != text.npos) return std::nullopt;
  AsmText result;
  size_t at = token_end(text, 0);
  result.mnemonic = text.substr(0, at);
  if (result.mnemonic.empty()) return std::nullopt;
  result.e64 = strip_suffix(&result.mnemonic, "_e64");
  if (!result.e64) strip_suffix(&result.mnemonic, "_e32");
  result.dpp = strip_suffix(&result.mnemonic, "_dpp");
  result.sdwa = strip_suffix(&result.mnemonic, "_sdwa");
  if (result.dpp) result.e64 |= strip_suffix(&result.mnemonic, "_e64");

  // Operands are separated by commas; what follows the last one, by spaces, are modifiers.
  bool more_operands = true;
  while (at < text.size()) {
    while (at < text.size() && text[at] == ' ') ++at;
    if (at >= text.size()) break;
    const size_t end = token_end(text, at);
    const std::string_view token = text.substr(at, end - at);
    at = end;
    if (more_operands) {
      AsmOperand operand;
      if (!parse_operand(token, &operand)) return std::nullopt;
      result.operands.push_back(operand);
      while (at < text.size() && text[at] == ' ') ++at;
      more_operands = at < text.size() && text[at] == ',';
      if (more_operands) ++at;
    } else {
      AsmModifier modifier;
      const size_t colon = token.find(':');
      modifier.name = token.substr(0, colon);
      if (colon != token.npos) {
        modifier.text = token.substr(colon + 1);
        modifier.list = number_list(modifier.text);
      }
      result.modifiers.push_back(std::move(modifier));
      if (at < text.size() && text[at] == ',') ++at;
    }
  }
  return result;
}

}  // namespace wavefuzz::sim
