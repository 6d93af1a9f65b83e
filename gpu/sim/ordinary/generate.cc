// generate FAMILY COUNT: prints ordinary kernels, seeds 0 to COUNT - 1, as one file that is HIP for
// a device compiler and C++ for the host's (see prelude.h). FAMILY:
//   arguments  of every size and number, and what a kernel does with them before it works
//   fields     of structs in memory, with padding that nothing has written
//   barriers   in loops and branches, behind returns of work-items and of whole waves
//   hoists     loads under a condition that does not hold while another wave writes the place
// The kernels are right: what they read is defined, and no barrier lacks. Most have a twin with one
// fault; that of `hoists` is the kernel itself, where an argument makes its condition hold.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace wavefuzz::ordinary {
namespace {

using Text = std::string;

Text number(uint64_t n) { return std::to_string(n); }

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  uint64_t bits() {  // splitmix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  unsigned below(size_t n) { return unsigned(bits() % n); }
  unsigned between(unsigned low, unsigned high) { return low + below(high - low + 1); }
  bool one_in(unsigned n) { return below(n) == 0; }
  template <typename T>
  const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

 private:
  uint64_t state_;
};

struct Type {
  const char* name;
  unsigned bytes;
  bool is_signed;
};
constexpr Type kBool{"bool", 1, false}, kU8{"u8", 1, false}, kI8{"i8", 1, true},
    kU16{"u16", 2, false}, kI16{"i16", 2, true}, kU32{"u32", 4, false}, kI32{"i32", 4, true},
    kU64{"u64", 8, false}, kF32{"f32", 4, true};

// A value that a kernel may use: an argument, a field, an element of an array.
struct Source {
  Text text;
  Type type;
  unsigned bits;  // that may be set
  bool is(const Type& t) const { return std::strcmp(type.name, t.name) == 0; }
};

// A scalar, an array or a bit field of a struct, or an argument.
struct Member {
  Text name;
  Type type;
  unsigned count = 0;  // of an array
  unsigned width = 0;  // of a bit field
};
struct Struct {
  Text name;
  std::vector<Member> members;
};

// One argument: a pointer, a scalar, or a struct.
struct Argument {
  Text name;
  Text pointer = {};         // what the kernel calls its type
  const Struct* structure = nullptr;
  Type type = kU64;
};

enum Family { kArguments, kFields, kBarriers, kHoists };

class Generator {
 public:
  Generator(Family family, Text family_name, unsigned seed)
      : family_(family), family_name_(std::move(family_name)), name_(family_name_ + number(seed)),
        seed_(seed), random_(seed * 16 + family) {}

  Text kernel() {
    static const std::vector<unsigned> any = {64, 64, 128, 192, 256, 100, 37};
    static const std::vector<unsigned> waves = {128, 192, 256, 320, 200};
    size_ = random_.of(family_ == kArguments || family_ == kFields ? any : waves);
    make_element();
    make_arguments();
    const Text body = this->body();
    const bool twin = family_ != kHoists && seed_ % 3 == 0;
    Text out = "namespace in_" + name_ + " {\n";
    for (const Struct& s : structs_) out += definition(s);
    out += definition(element_);
    out += "struct Arguments {\n";
    for (const Argument& a : arguments_) out += "  " + field_type(a) + " " + a.name + ";\n";
    out += "};\n#ifdef __AMDGCN__\n";
    out += device(name_, body, "");
    if (twin) out += device(name_ + "_twin", body, fault());
    out += "#else\n" + host(body, twin) + "#endif\n}\n\n";
    return out;
  }

 private:
  // --- Types -------------------------------------------------------------------------------------

  Type scalar() {
    static const std::vector<Type> small = {kBool, kBool, kU8,  kU8,  kI8,  kU16, kU16,
                                            kI16,  kI32,  kU32, kU32, kU64, kF32};
    return random_.of(small);
  }
  Type small_scalar() {
    static const std::vector<Type> small = {kBool, kU8, kU8, kI8, kU16, kI16};
    return random_.of(small);
  }

  Struct make_struct(const Text& name, unsigned most) {
    Struct s{name, {}};
    const unsigned count = random_.between(1, most);
    for (unsigned i = 0; i < count; ++i) {
      const Text member = "m" + number(i);
      switch (random_.below(5)) {
        case 0:
          s.members.push_back({member, small_scalar(), random_.between(1, 7)});
          break;
        case 1: {
          unsigned left = 32;
          for (unsigned b = 0; left > 12 && b < 4; ++b) {
            const unsigned width = random_.between(1, 11);
            s.members.push_back(
                {member + "b" + number(b), random_.one_in(4) ? kI32 : kU32, 0, width});
            left -= width;
          }
          break;
        }
        case 2:
          s.members.push_back({member, small_scalar()});
          break;
        default:
          s.members.push_back({member, scalar()});
      }
    }
    return s;
  }

  void make_element() {
    if (family_ == kFields) {
      element_ = make_struct("Element", 6);
      // A byte, and behind it one that is no field.
      element_.members.insert(element_.members.begin(), {{"first", kU8}, {"second", kU16}});
    } else {
      element_ = {"Element", {{"a", kU32}}};
    }
  }

  void make_arguments() {
    unsigned count = family_ == kArguments ? random_.between(1, 14) : random_.between(1, 5);
    if (family_ == kArguments && random_.one_in(8)) count = random_.between(20, 40);
    unsigned few = family_ == kArguments ? 4 : 1;
    structs_.reserve(few);
    for (unsigned i = 0; i < count; ++i) {
      const Text name = "a" + number(i);
      if (structs_.size() < few && random_.one_in(5)) {
        structs_.push_back(make_struct("S" + number(structs_.size()), 5));
        arguments_.push_back({name, "", &structs_.back()});
      } else if (random_.one_in(4)) {  // several of a kind in a row
        const Type type = random_.one_in(3) ? kI32 : small_scalar();
        const unsigned row = random_.between(2, 4);
        for (unsigned r = 0; r < row; ++r)
          arguments_.push_back({name + "r" + number(r), "", nullptr, type});
      } else {
        arguments_.push_back({name, "", nullptr, scalar()});
      }
    }
    const auto insert = [&](const Argument& a) {
      arguments_.insert(arguments_.begin() + random_.below(arguments_.size() + 1), a);
    };
    if (family_ == kHoists) {
      insert({"mode", "", nullptr, kU32});
      insert({"words", random_.one_in(4) ? "u32* __restrict__" : "reference"});
    }
    insert({"in", random_.one_in(2) ? "const Element* __restrict__" : "const Element*"});
    insert({"out", random_.one_in(2) ? "u32* __restrict__" : "u32*"});
    // Three trailing ints, the last of which the compiler may load with what lies behind them.
    if (random_.one_in(4))
      for (const char* last : {"l0", "l1", "l2"}) arguments_.push_back({last, "", nullptr, kI32});
    for (const Argument& a : arguments_) {
      if (!a.pointer.empty() || a.name == "mode") continue;
      if (a.structure == nullptr) {
        uniform_.push_back({a.name, a.type, bits(a.type)});
      } else {
        add_sources(uniform_, a.name, *a.structure);
      }
    }
  }

  static unsigned bits(const Type& t) { return std::strcmp(t.name, "bool") == 0 ? 1 : t.bytes * 8; }
  void add_sources(std::vector<Source>& to, const Text& of, const Struct& s) {
    for (const Member& m : s.members) {
      const Text text = of + "." + m.name;
      if (m.count == 0) {
        to.push_back({text, m.type, m.width != 0 ? m.width : bits(m.type)});
        continue;
      }
      to.push_back({text + "[" + number(random_.below(m.count)) + "]", m.type, bits(m.type)});
      if (family_ != kBarriers && random_.one_in(2))
        to.push_back({text + "[tid % " + number(m.count) + "]", m.type, bits(m.type)});
    }
  }

  static Text definition(const Struct& s) {
    Text out = "struct " + s.name + " {\n";
    for (const Member& m : s.members) {
      out += "  " + Text(m.type.name) + " " + m.name;
      if (m.count != 0) out += "[" + number(m.count) + "]";
      if (m.width != 0) out += " : " + number(m.width);
      out += ";\n";
    }
    return out + "};\n";
  }
  static Text field_type(const Argument& a) {
    return !a.pointer.empty()        ? "u64"
           : a.structure != nullptr ? a.structure->name
                                    : Text(a.type.name);
  }

  // --- Expressions -------------------------------------------------------------------------------

  const Source& source() {
    return !local_.empty() && !random_.one_in(3) ? random_.of(local_) : random_.of(uniform_);
  }
  Text constant() {
    return number(random_.one_in(2) ? random_.below(8) : random_.bits() >> 32) + "u";
  }
  static Text word(const Source& s) {
    if (s.is(kF32)) return "u32(" + s.text + " > 2.5f)";
    return (s.type.is_signed ? "u32(i32(" : "u32((") + s.text + "))";
  }
  Text shifted(const Source& s) {
    if (s.is(kF32)) return word(s);
    return "u32(" + s.text + " >> " + number(random_.below(s.bits)) + ")";
  }
  // Of a kind that the work-item's number does not change, for branches around a barrier.
  Text uniform_word() {
    const Source& s = random_.of(uniform_);
    return random_.one_in(2) ? word(s) : shifted(s);
  }

  Text condition(const Source& s) {
    const Text bit = number(random_.below(s.bits));
    if (s.is(kF32)) return s.text + (random_.one_in(2) ? " < 1.0f" : " >= -3.5f");
    if (s.is(kBool)) return (random_.one_in(2) ? "!" : "") + s.text;
    switch (random_.below(5)) {
      case 0:
        return "(" + s.text + " >> " + bit + " & 1) != 0";
      case 1:
        return "(" + word(s) + " & " + number(1u << random_.below(8)) + "u) == 0";
      case 2: {
        const unsigned mask = random_.below(256);
        return "(" + word(s) + " & " + number(mask) + "u) == " + number(mask & random_.bits()) + "u";
      }
      case 3:
        return s.text + (random_.one_in(2) ? " == " : " != ") + number(random_.below(4));
      default: {
        static const std::vector<Text> ways = {" < ", " >= ", " > ", " <= "};
        const unsigned width = s.bits - (s.type.is_signed ? 1 : 0);
        return s.text + random_.of(ways) +
               number(random_.below(uint64_t{1} << (width > 30 ? 30 : width < 1 ? 1 : width)));
      }
    }
  }
  Text condition(unsigned depth = 2) {
    if (depth != 0 && random_.one_in(3)) {
      static const std::vector<Text> ways = {" && ", " || ", " != "};
      return "((" + condition(depth - 1) + ")" + random_.of(ways) + "(" + condition(depth - 1) +
             "))";
    }
    if (random_.one_in(6)) {
      const Source &a = source(), &b = source();
      if (!a.is(kU64) && !b.is(kU64) && !a.is(kF32) && !b.is(kF32))
        return "i32(" + a.text + ") < i32(" + b.text + ")";
    }
    return condition(source());
  }
  Text value(unsigned depth = 2) {
    if (depth == 0) {
      switch (random_.below(5)) {
        case 0:
          return constant();
        case 1:
          return random_.one_in(2) ? "s.x" : "tid";
        default:
          return word(source());
      }
    }
    const Text a = value(depth - 1), b = value(depth - 1);
    const Source& s = source();
    switch (random_.below(12)) {
      case 0:
      case 1:
        return "(" + shifted(s) + " & " + number((1u << random_.between(1, 9)) - 1) + "u)";
      case 2:
      case 3:
        return "(" + condition(1) + " ? " + a + " : " + b + ")";
      case 4:
        return "u32(" + Text(random_.one_in(2) ? "u8(" : "u16(") + a + "))";
      case 5:
        return "u32(i32(" + Text(random_.one_in(2) ? "i8(" : "i16(") + a + ")))";
      case 6:
        return "(" + a + " << (" + word(s) + " & 31))";
      case 7:
        return "(" + a + " >> (" + word(s) + " & 31))";
      case 8:
        return "bits_of(" + a + ")";
      case 9: {
        static const std::vector<Text> functions = {"less_u8x4", "equal_u16x2", "larger_u16x2"};
        return random_.of(functions) + "(" + a + ", " + b + ")";
      }
      default: {
        static const std::vector<Text> ways = {" + ", " - ", " * ", " ^ ", " & ", " | "};
        return "(" + a + random_.of(ways) + b + ")";
      }
    }
  }

  // --- Statements of a phase -----------------------------------------------------------------------

  Text statement(unsigned depth = 2) {
    if (depth != 0) {
      switch (random_.below(7)) {
        case 0: {
          Text out = "if (" + condition() + ") {" + statement(depth - 1) + "}";
          if (random_.one_in(2)) out += " else {" + statement(depth - 1) + "}";
          return out + "\n    ";
        }
        case 1: {
          const Source& s = source();
          if (s.is(kBool) || s.is(kF32)) break;
          Text out = "switch (" + (random_.one_in(2) ? word(s) : "u8(" + s.text + ")") +
                     (random_.one_in(2) ? " & 7" : "") + ") {";
          for (unsigned i = 0; i < 3; ++i)
            out += "case " + number(i * random_.between(1, 2) + i * i) + ": " +
                   statement(depth - 1) + " break; ";
          return out + "default: " + statement(depth - 1) + "}\n    ";
        }
        case 2:
          return "for (u32 i = 0; i < (" + word(source()) + " & 3) + 1; ++i) {" +
                 statement(depth - 1) + "}\n    ";
        case 3:
          if (family_ == kFields) break;
          return "if (" + condition() + ") s.x = in[" + value(1) + " % 64].a;\n    ";
      }
    }
    static const std::vector<Text> ways = {"s.h = s.h * 31 + ", "s.x ^= ", "s.h += "};
    return random_.of(ways) + value() + "; ";
  }
  Text statements(unsigned low, unsigned high) {
    Text out;
    for (unsigned count = random_.between(low, high); count != 0; --count) out += statement();
    return out;
  }

  // --- Bodies ------------------------------------------------------------------------------------

  Text body() {
    switch (family_) {
      case kArguments: {
        Text out = "  PHASE(\n    " + statements(3, 8) + ")\n";
        if (random_.one_in(3)) out += "  RETURN_IF(" + condition() + ")\n";
        return "  FAULT\n" + out + store();
      }
      case kFields: {
        Text out;
        static const std::vector<Text> places = {"tid % 64", "(tid * 5 + group) % 64", "group",
                                                 "group * 3 + 1"};
        out += "  PHASE(\n";
        for (unsigned i = 0, count = random_.between(1, 2); i < count; ++i) {
          const Text name = "e" + number(i);
          const bool copy = random_.one_in(2);
          out += "    const Element" + Text(copy ? " " : "& ") + name + " = in[" +
                 random_.of(places) + "];\n";
          add_sources(local_, name, element_);
        }
        out += "    " + statements(3, 8) + ")\n";
        local_.clear();
        if (random_.one_in(3)) out += "  RETURN_IF(" + condition() + ")\n";
        return "  FAULT\n" + out + store();
      }
      case kBarriers:
        return barriers();
      case kHoists:
        return hoists();
    }
    return "";
  }
  Text store() { return "  PHASE(out[group * " + number(size_) + " + tid] = s.h + s.x;)\n"; }

  // --- Barriers ------------------------------------------------------------------------------------

  Text barriers() {
    Text out = "  LDS(u32, box, " + number(size_ + 1) + ")\n  LDS(u32, flag, 1)\n";
    out += "  PHASE(\n    " + statements(1, 3) +
           "box[tid] = s.h;\n    if (tid == 0) { flag[0] = " + value() + "; box[" + number(size_) +
           "] = s.x; })\n";
    out += "  FAULT\n";
    if (random_.one_in(2)) out += early_return("");
    out += "  BARRIER()\n";
    for (unsigned i = random_.between(2, 5); i != 0; --i) out += stretch(2, "");
    return out + store();
  }
  Text early_return(const Text& loop) {
    const unsigned waves = (size_ + 63) / 64;
    switch (random_.below(loop.empty() ? 5 : 6)) {
      case 0:
        return "  RETURN_IF(tid / 64 == " + number(random_.below(waves)) + ")\n";
      case 1:
        return "  RETURN_IF(tid >= " + number(random_.between(1, size_)) + ")\n";
      case 2:
        return "  RETURN_IF(tid >= 1 + " + uniform_word() + " % " + number(size_) + ")\n";
      case 3:
        return "  RETURN_IF((in[tid % 64].a & " + number(random_.between(1, 7)) + ") == 0)\n";
      case 4:
        return "  RETURN_IF(" + condition() + ")\n";
      default:
        return "  RETURN_IF(tid / 64 == " + loop + " + 1)\n";
    }
  }
  // Between barriers; ends with one.
  Text stretch(unsigned depth, const Text& loop) {
    const auto inner = [&](const Text& l) {
      Text out = stretch(depth - 1, l);
      if (random_.one_in(2)) out += stretch(depth - 1, l);
      return out;
    };
    switch (random_.below(depth == 0 ? 5 : 9)) {
      case 0:
      case 1: {
        const Text from = "(tid * " + number(2 * random_.below(8) + 1) + " + " +
                          number(random_.below(size_)) + ") % " + number(size_);
        return "  PHASE(box[tid] = s.h + " + constant() + ";)\n  BARRIER()\n  PHASE(s.h = s.h * 31 + box[" +
               from + "];)\n  BARRIER()\n";
      }
      case 2:
        return "  PHASE(if (tid == 0) box[" + number(size_) + "] = s.h;)\n  BARRIER()\n" +
               "  PHASE(s.h ^= box[" + number(size_) + "];)\n  BARRIER()\n";
      case 3:
        return "  PHASE(if (tid / 64 == " + number(random_.below((size_ + 63) / 64)) +
               ") for (u32 n = 0; n < 9; ++n) {" + statement(1) + "} else {" + statement(1) +
               "})\n  BARRIER()\n";
      case 4:
        return early_return(loop) + "  PHASE(" + statement(1) + ")\n  BARRIER()\n";
      case 5: {
        const Text i = "i" + number(depth);
        return "  for (u32 " + i + " = 0; " + i + " < (" + uniform_word() + " & 3) + 1; ++" + i +
               ") {\n" + inner(i) + "  }\n";
      }
      case 6: {
        const Text d = "d" + number(depth);
        return "  for (u32 " + d + " = 1; " + d + " < " + number(size_) + "; " + d +
               " *= 2) {\n  PHASE(s.x = tid >= " + d + " ? box[tid - " + d +
               "] : 0;)\n  BARRIER()\n  PHASE(box[tid] += s.x;)\n  BARRIER()\n  }\n";
      }
      case 7: {
        const Text test = "flag[0] >> " + number(random_.below(6)) + " & 1";
        return "  if (" + test + ") {\n" + inner(loop) + "  }\n";
      }
      default: {
        Text out = "  if (" + uniform_word() + " & 1) {\n" + inner(loop) + "  }";
        if (random_.one_in(2)) out += " else {\n" + inner(loop) + "  }";
        return out + "\n";
      }
    }
  }

  // --- Hoisted loads -------------------------------------------------------------------------------

  Text hoists() {
    static const std::vector<Type> types = {kU8, kU16, kU32, kU32, kU64};
    const Text type = random_.of(types).name;
    Text out = "  LDS(" + type + ", slot, 8)\n";
    out += "  PHASE(\n    " + statements(1, 3) + "if (tid < 8) slot[tid] = 0;)\n  BARRIER()\n";
    for (unsigned i = 0, count = random_.between(2, 4); i < count; ++i) {
      // The first one is as the twin needs it: scalar loads are watched for no race.
      const bool global = i != 0 && random_.one_in(3);
      const unsigned at = random_.below(8), beside = (at + random_.between(1, 7)) % 8;
      const Text name = global ? "words" : "slot";
      const Text place = name + "[" + number(at) + "]";
      // One group owns `words`; the other one asks, and then does not read.
      const Text mine = global ? "group == 0 && " : "";
      const Text write = "if (" + mine + "tid == " + number(random_.below(size_)) + ") " + place +
                         " = " + (global ? "u32" : type) + "(" + value(1) + " | 1);\n    ";
      const Text holds = never();
      const Text read = i == 0 || random_.one_in(2)
                            ? "if (" + holds + ") s.h += u32(" + place + ");\n    "
                            : "s.x = " + holds + " ? u32(" + place + ") : " + value(1) + ";\n    ";
      const Text also = random_.one_in(2) && !global
                            ? "s.h += u32(" + name + "[" + number(beside) + "]);\n    "
                            : "";
      const Text work = random_.one_in(2) ? statement(1) : "";
      out += "  PHASE(" + (random_.one_in(2) ? write + also + read : also + read + write) + work +
             ")\n  BARRIER()\n  PHASE(" +
             (global ? "if (group == 0) s.h = s.h * 31 + " : "s.h = s.h * 31 + u32") + "(" + place +
             ");)\n  BARRIER()\n";
    }
    return out + store();
  }
  // A condition that holds only where `mode` is not 0, and then always.
  Text never() {
    switch (random_.below(4)) {
      case 0:
        return "(mode & " + number(1u << random_.below(32)) + "u) != 0";
      case 1:
        return "tid < mode";
      case 2:
        return "mode > s.x % 1024";
      default:
        return "bits_of(mode) > tid % 32";
    }
  }

  // --- The two sides -------------------------------------------------------------------------------

  Text fault() {
    const Text place = "out[group * " + number(size_) + " + tid]";
    switch (family_) {
      case kArguments:
        // A byte of the gap behind the last argument.
        return "PHASE(if (KERNARG_BYTE(kPad) & 4) " + place + " = 1;)";
      case kFields:
        return "PHASE(if (reinterpret_cast<const u8*>(&in[tid % 64])[1] & 4) " + place + " = 1;)";
      default:
        // The first wave comes to two barriers of its own, the others to one.
        return "if (tid < 64) {\n  BARRIER()\n  PHASE(box[tid] += 1;)\n  BARRIER()\n  } else {\n"
               "  PHASE(box[tid] += 2;)\n  BARRIER()\n  }";
    }
  }

  Text device(const Text& name, Text body, const Text& fault) {
    Text out;
    Text parameters;
    for (const Argument& a : arguments_) {
      if (!parameters.empty()) parameters += ", ";
      parameters += a.pointer == "reference" ? "u32 (&" + a.name + ")[16]"
                    : !a.pointer.empty()     ? a.pointer + " " + a.name
                                             : field_type(a) + " " + a.name;
    }
    if (family_ == kArguments && !fault.empty()) {
      parameters += ", u32 before, u8 last";
      out += "struct WithLast {\n";
      for (const Argument& a : arguments_) out += "  " + field_type(a) + " " + a.name + ";\n";
      out += "  u32 before;\n  u8 last;\n};\n";
      out += "constexpr u32 kPad = __builtin_offsetof(WithLast, last) + 1;\n";
    }
    if (const size_t at = body.find("FAULT"); at != Text::npos) body.replace(at, 5, fault);
    // Who has returned commits no fault.
    for (size_t at; !fault.empty() && (at = body.find("  RETURN_IF")) != Text::npos;)
      body.erase(at, body.find('\n', at) + 1 - at);
    return out + "KERNEL(" + number(size_) + ") " + name + "(" + parameters + ") {\n  WORK_ITEM()\n" +
           body + "}\n";
  }

  Text fill(const Text& to, const Member& m) {
    const auto one = [&](const Text& place) {
      if (std::strcmp(m.type.name, "bool") == 0) return place + " = draw() & 1; ";
      if (std::strcmp(m.type.name, "f32") == 0) return place + " = f32(i32(draw() & 15)) - 4; ";
      if (m.width != 0) return place + " = draw() & " + number((1u << m.width) - 1) + "; ";
      return place + " = " + m.type.name + "(draw()); ";
    };
    if (m.count == 0) return "  " + one(to) + "\n";
    return "  for (auto& x : " + to + ") { " + one("x") + "}\n";
  }
  static Text ones(const Text& to, const Member& m) {
    const auto one = [&](const Text& place) {
      if (std::strcmp(m.type.name, "bool") == 0) return place + " = true; ";
      if (std::strcmp(m.type.name, "f32") == 0)
        return "std::memset(&" + place + ", 0xff, 4); ";
      return place + " = " + Text(m.width != 0 ? "-1" : Text(m.type.name) + "(-1)") + "; ";
    };
    if (m.count == 0) return "  " + one(to) + "\n";
    return "  for (auto& x : " + to + ") { " + one("x") + "}\n";
  }

  Text host(Text body, bool twin) {
    Text out = "void arguments(std::vector<uint8_t>& bytes, Draw draw, const Pointers& pointers, "
               "[[maybe_unused]] u32 the_mode) {\n  (void)draw;\n  Arguments a;\n  std::memset(static_cast<void*>(&a), 0xa5, sizeof a);\n";
    for (const Argument& a : arguments_) {
      if (!a.pointer.empty()) {
        out += "  a." + a.name + " = pointers." + a.name + ";\n";
      } else if (a.name == "mode") {
        out += "  a.mode = the_mode;\n";
      } else if (a.structure == nullptr) {
        out += fill("a." + a.name, {"", a.type});
      } else {
        for (const Member& m : a.structure->members) out += fill("a." + a.name + "." + m.name, m);
      }
    }
    out += "  bytes.assign(sizeof a + 8, 0xa5);\n  std::memcpy(bytes.data(), &a, sizeof a);\n}\n";
    out += "void elements(std::vector<uint8_t>& bytes, std::vector<bool>& defined, Draw draw) {\n"
           "  Element e;\n  std::memset(static_cast<void*>(&e), 0, sizeof e);\n";
    for (const Member& m : element_.members) out += ones("e." + m.name, m);
    out += "  mark(&e, sizeof e, defined);\n  bytes.resize(kElements * sizeof e);\n"
           "  for (u32 i = 0; i < kElements; ++i) {\n"
           "  std::memset(static_cast<void*>(&e), 0xa5, sizeof e);\n";
    for (const Member& m : element_.members) out += fill("e." + m.name, m);
    out += "  std::memcpy(&bytes[i * sizeof e], &e, sizeof e);\n  }\n}\n";
    out += "void run_group(const void* bytes, [[maybe_unused]] u32 group) {\n"
           "  Arguments arguments;\n  std::memcpy(&arguments, bytes, sizeof arguments);\n";
    for (const Argument& a : arguments_) {
      Text type = a.pointer == "reference" ? "u32*" : a.pointer;
      if (const size_t at = type.find(" __restrict__"); at != Text::npos) type.erase(at);
      out += "  [[maybe_unused]] const auto " + a.name + " = " +
             (type.empty() ? "arguments." + a.name
                           : "reinterpret_cast<" + type + ">(arguments." + a.name + ")") +
             ";\n";
    }
    out += "  WORK_ITEMS(" + number(size_) + ")\n";
    if (const size_t at = body.find("  FAULT\n"); at != Text::npos) body.erase(at, 8);
    out += body + "}\n";
    out += "const bool added = add_kernel({\"" + family_name_ + "\", \"" + name_ + "\", \"" +
           (twin ? name_ + "_twin" : "") + "\", " + number(size_) + ", " +
           (family_ == kHoists ? "true" : "false") +
           ", sizeof(Element), arguments, elements, run_group});\n";
    return out;
  }

  const Family family_;
  const Text family_name_, name_;
  const unsigned seed_;
  Random random_;
  unsigned size_ = 64;
  std::vector<Struct> structs_;
  Struct element_;
  std::vector<Argument> arguments_;
  std::vector<Source> uniform_;  // the same for all work-items of a group, or nearly
  std::vector<Source> local_;    // of the phase that is being written
};

}  // namespace
}  // namespace wavefuzz::ordinary

int main(int argc, char** argv) {
  using namespace wavefuzz::ordinary;
  const std::vector<Text> families = {"arguments", "fields", "barriers", "hoists"};
  unsigned count = 0, family = 0;
  if (argc == 3) {
    std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), count);
    while (family < families.size() && families[family] != argv[1]) ++family;
  }
  if (count == 0 || family == families.size()) {
    std::fprintf(stderr, "usage: generate arguments|fields|barriers|hoists COUNT\n");
    return 2;
  }
  std::printf("// Made by //gpu/sim/ordinary:generate.\n#include \"gpu/sim/ordinary/prelude.h\"\n\n"
              "#ifndef __AMDGCN__\n#include <cstring>\nusing namespace wavefuzz::sim;\nnamespace {\n"
              "void mark(const void* bytes, size_t size, std::vector<bool>& defined) {\n"
              "  for (size_t i = 0; i < size; ++i)\n"
              "    defined.push_back(static_cast<const u8*>(bytes)[i] != 0);\n}\n}\n#endif\n\n");
  for (unsigned i = 0; i < count; ++i)
    std::fputs(Generator(Family(family), families[family], i).kernel().c_str(), stdout);
}
