// generate FIRST [COUNT]: prints generated programs, seeds FIRST to FIRST + COUNT - 1, as one file
// that is HIP for a device compiler and C++ for a host compiler (see prelude.h).
//
// The programs are well defined: shifts are masked, signed arithmetic wraps through unsigned types,
// divisions are total, conversions stay in range, floats only meet operations that IEEE 754 rounds
// correctly, and atomics that lanes share are such that their order does not matter.
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "gpu/sim/programs/value_rules.h"

namespace wavefuzz::programs {
namespace {

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

struct Name {
  Type type;
  Text text;
  bool assignable = false;
};

struct Function {
  Type result;
  std::vector<Type> arguments;
  Text name;
};

// An array in LDS with one element per work-item.
struct LdsArray {
  Type type;
  Text name;
  bool writing = true;  // else read; a barrier lies between
};

class Generator {
 public:
  Generator(uint64_t seed, const std::vector<Rule>& all) : seed_(seed), random_(seed) {
    // Swarm testing: a program takes some of the types and rules only, and meets them more often.
    std::array<bool, kTypes> used{};
    for (bool& u : used) u = !random_.one_in(3);
    for (const Type always : {kU32, kI32, kU64, kBool, kF32}) used[always] = true;
    const unsigned keep = random_.between(3, 10);
    by_type_.resize(kTypes);
    for (const Rule& rule : all) {
      bool good = used[rule.result] && random_.below(10) < keep;
      for (const Type t : rule.arguments) good &= used[t];
      if (good) by_type_[rule.result].push_back(rule);
    }
    for (int i = 0; i < kTypes; ++i)
      if (used[i]) types_.push_back(Type(i));
    const unsigned sizes[] = {64, 128, 256, 192, 100, 37};
    size_ = sizes[random_.below(6)];
    whole_waves_ = size_ % 64 == 0;
  }

  Text program() {
    const Text name = "p" + std::to_string(seed_);
    choose_state();
    Text functions, phases, steps;
    const unsigned function_count = random_.below(4);
    for (unsigned i = 0; i < function_count; ++i) functions += function();
    phases += first_phase();
    steps += "    EACH(start);\n    g.barrier();\n";
    after_barrier();
    const unsigned phase_count = random_.between(3, 5);
    for (unsigned i = 0; i < phase_count; ++i) {
      if (random_.one_in(3)) {
        phases += uniform_phase(i);
        steps += "    EVERY_WAVE(wave_phase" + std::to_string(i) + ");\n";
      }
      phases += phase(i);
      steps += "    EACH(phase" + std::to_string(i) + ");\n";
      const unsigned exchanges = random_.below(4);
      for (unsigned k = 0; k < exchanges; ++k) steps += "    " + exchange() + ";\n";
      if (random_.one_in(2)) {
        steps += "    g.barrier();\n";
        after_barrier();
      }
    }
    steps += "    g.barrier();\n";
    Text text = "\nBOTH_SIDES\nnamespace " + name + " {\n";
    text += tables_;
    text += "struct State {\n";
    for (const Name& f : state_) text += Text("  ") + kNames[f.type] + " " + f.text + ";\n";
    text += "};\nstruct Uniform {\n";
    for (const Name& f : uniform_) text += Text("  ") + kNames[f.type] + " " + f.text + ";\n";
    text += "};\nstruct Shared {\n";
    for (const LdsArray& a : lds_)
      text += Text("  ") + kNames[a.type] + " " + a.name + "[" + std::to_string(size_) + "];\n";
    text += "  u32 sums[16];\n  u64 wide[8];\n};\n";
    text += functions + phases;
    text += finish();
    text += "}  // namespace " + name + "\nBOTH_SIDES_END\n";
    text += "PROGRAM_KERNEL(" + name + ", " + std::to_string(size_) + ", {\n" + steps + "})\n";
    return text;
  }

 private:
  Type any_type() { return random_.of(types_); }
  Type integer_type() {
    for (;;)
      if (const Type t = any_type(); is_integer(t)) return t;
  }

  void choose_state() {
    const auto add = [&](std::vector<Name>& list, Type t, const char* prefix) {
      list.push_back({t, prefix + std::to_string(list.size()), true});
    };
    for (const Type t : {kU32, kU32, kI32, kU64, kBool, kBool, kF32}) add(state_, t, "s");
    const unsigned more = random_.between(2, 7);
    for (unsigned i = 0; i < more; ++i) add(state_, any_type(), "s");
    for (const Type t : {kU32, kI32, kU64, kU32}) add(uniform_, t, "u");
    if (random_.one_in(2)) add(uniform_, kF32, "u");
    if (random_.one_in(2)) add(uniform_, kI64, "u");
    const unsigned arrays = random_.between(1, 3);
    for (unsigned i = 0; i < arrays; ++i)
      lds_.push_back({any_type(), "x" + std::to_string(i), true});
    const unsigned tables = random_.below(3);
    for (unsigned i = 0; i < tables; ++i) {
      const Type t = integer_type();
      const Text name = "kTable" + std::to_string(i);
      tables_ += Text("static constexpr ") + kNames[t] + " " + name + "[16] = {";
      for (int k = 0; k < 16; ++k) tables_ += (k ? ", " : "") + literal(t);
      tables_ += "};\n";
      table_names_.push_back({t, name});
    }
  }

  // --- Expressions -------------------------------------------------------------------------------

  static Text hex(uint64_t x) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(x));
    return text;
  }

  Text literal(Type t) {
    if (t == kBool) return random_.one_in(2) ? "true" : "false";
    if (is_integer(t)) {
      const uint64_t all = kBits[t] == 64 ? ~uint64_t{0} : (uint64_t{1} << kBits[t]) - 1;
      uint64_t value = 0;
      switch (random_.below(6)) {
        case 0:
          value = random_.below(65);  // inline constants
          break;
        case 1:
          value = uint64_t(0) - random_.below(17);
          break;
        case 2:
          value = uint64_t{1} << random_.below(kBits[t]);
          break;
        case 3:
          value = (uint64_t{1} << random_.below(kBits[t])) - 1;
          break;
        case 4:
          value = all >> 1;
          break;
        default:
          value = random_.bits();
      }
      return Text(kNames[t]) + "(" + hex(value & all) + (t == kU64 || t == kI64 ? "ul)" : "u)");
    }
    static const char* const kFloats[] = {"0.0", "1.0",  "-1.0", "0.5",    "-0.5",    "2.0",
                                          "4.0", "-4.0", "3.0",  "0.3125", "-1000.0", "0.0078125"};
    const Text number = kFloats[random_.below(12)];
    if (t == kF64) return number;
    if (t == kF32) return number + "f";
    if (t == kF16 || t == kBf16) return Text(kNames[t]) + "(" + number + "f)";
    if (t == kF16x2) return "made<f16x2, f16>(" + literal(kF16) + ", " + literal(kF16) + ")";
    if (t == kF32x2) return "made<f32x2, f32>(" + literal(kF32) + ", " + literal(kF32) + ")";
    if (t == kU32x4)
      return "made4(" + literal(kU32) + ", " + literal(kU32) + ", " + literal(kU32) + ", " +
             literal(kU32) + ")";
    return Text("__builtin_bit_cast(") + kNames[t] + ", " + literal(kU32) + ")";
  }

  // What memory gives: any type that has no trap representations.
  Text load(Type t, unsigned depth) {
    if (t == kBool) return "((" + load(kU32, depth) + " & 1) != 0)";
    const Text index = expression(kU32, depth);
    const bool anywhere = random_.one_in(4) && t != kBf16;
    return Text(anywhere ? "input_at<" : "input<") + kNames[t] + ">(g, " + index + ")";
  }

  Text leaf(Type t, unsigned depth) {
    std::vector<Text> choices;
    for (const Name& n : scope_)
      if (n.type == t) choices.push_back(n.text);
    const auto here = choices.size();
    if (can_load_ && random_.one_in(here == 0 ? 3 : 10)) return load(t, depth == 0 ? 0 : 1);
    if (can_load_)
      for (const auto& [type, name] : table_names_)
        if (type == t && random_.one_in(6))
          return name + "[" + expression(kU32, depth == 0 ? 0 : 1) + " & 15]";
    if (lane_phase_) {
      for (const LdsArray& a : lds_)
        if (a.type == t && !a.writing && random_.one_in(3))
          return "l." + a.name + "[" + expression(kU32, depth == 0 ? 0 : 1) + " % " +
                 std::to_string(size_) + "]";
      if (sums_op_.empty() && t == kU32 && random_.one_in(8))
        return "l.sums[" + expression(kU32, 0) + " & 15]";
      if (sums_op_.empty() && t == kU64 && random_.one_in(4))
        return "l.wide[" + expression(kU32, 0) + " & 7]";
      if (is_integer(t) && random_.one_in(12)) return own_read(t);
    }
    for (const Array& a : arrays_)
      if (a.type == t && random_.one_in(2))
        return a.name + "[" + expression(kU32, depth == 0 ? 0 : 1) + a.index + "]";
    if (here != 0 && !random_.one_in(5)) return random_.of(choices);
    return literal(t);
  }

  Text expression(Type t, unsigned depth) {
    const auto& rules = by_type_[t];
    if (depth == 0 || rules.empty() || random_.one_in(8)) return leaf(t, depth);
    if (!functions_.empty() && random_.one_in(20)) {
      for (const Function& f : functions_) {
        if (f.result != t) continue;
        Text text = f.name + "(";
        for (size_t i = 0; i < f.arguments.size(); ++i)
          text += (i ? ", " : "") + expression(f.arguments[i], 1);
        return text + ")";
      }
    }
    const Rule& rule = random_.of(rules);
    Text text;
    std::vector<Text> values;
    for (const Type a : rule.arguments) values.push_back(expression(a, depth - 1));
    for (size_t i = 0; i < rule.format.size(); ++i) {
      if (rule.format[i] == '$')
        text += values[size_t(rule.format[++i] - '0')];
      else
        text += rule.format[i];
    }
    return text;
  }
  Text expression(Type t) { return expression(t, random_.between(1, 3)); }

  // --- Statements --------------------------------------------------------------------------------

  struct Array {
    Type type;
    Text name, index;
  };

  Text indent() const { return Text(2 * level_, ' '); }

  Text own_read(Type t) {
    return Text("*own<") + kNames[t] + ">(g, it, " + std::to_string(size_) + ", " +
           expression(kU32, 0) + ")";
  }

  Text assignment() {
    std::vector<const Name*> targets;
    for (const Name& n : scope_)
      if (n.assignable) targets.push_back(&n);
    if (!arrays_.empty() && random_.one_in(3)) {
      const Array& a = random_.of(arrays_);
      return indent() + a.name + "[" + expression(kU32, 2) + a.index + "] = " + expression(a.type) +
             ";\n";
    }
    const Name& n = *random_.of(targets);
    return indent() + n.text + " = " + expression(n.type) + ";\n";
  }

  Text block(unsigned count) {
    ++level_;
    const size_t names = scope_.size(), arrays = arrays_.size();
    Text text;
    for (unsigned i = 0; i < count; ++i) text += statement();
    scope_.resize(names);
    arrays_.resize(arrays);
    --level_;
    return text;
  }

  Text loop() {
    const Text k = "k" + std::to_string(counter_++);
    Text text;
    const size_t names = scope_.size();
    ++loops_;
    if (random_.one_in(3)) {
      text = indent() + "u32 " + k + " = " + std::to_string(random_.between(1, 9)) + ";\n";
      text += indent() + "while (" + k + " != 0 && " + expression(kBool, 2) + ") {\n";
      text += indent() + "  --" + k + ";\n";
      scope_.push_back({kU32, k});
      text += block(random_.between(1, 3));
    } else {
      const Text n = "n" + k;
      text = indent() + "for (u32 " + k + " = 0, " + n + " = " +
             (random_.one_in(3) ? std::to_string(random_.between(2, 9)) + "u"
                                : expression(kU32, 1) + " & 7") +
             "; " + k + " < " + n + "; ++" + k + ") {\n";
      scope_.push_back({kU32, k});
      text += block(random_.between(1, 3));
    }
    if (random_.one_in(2))
      text += indent() + "  if (" + expression(kBool, 2) + ") " +
              (random_.one_in(2) ? "break" : "continue") + ";\n" + indent() + "  " +
              assignment().substr(indent().size());
    scope_.resize(names);
    --loops_;
    return text + indent() + "}\n";
  }

  Text selection() {
    Text text = indent() + "switch (" + expression(kU32, 2) + " & 7) {\n";
    unsigned at = random_.below(3);
    while (at < 8) {
      text += indent() + "  case " + std::to_string(at) + ":\n";
      ++level_;
      const size_t names = scope_.size();
      text += indent() + "{\n" + block(random_.between(1, 2)) + indent() + "}\n";
      scope_.resize(names);
      text += indent() + (random_.one_in(4) ? "  [[fallthrough]];\n" : "  break;\n");
      --level_;
      at += random_.between(1, 3);
    }
    text += indent() + "  default:\n" + indent() + "    " + assignment().substr(indent().size());
    return text + indent() + "}\n";
  }

  Text array() {
    const Type t = any_type();
    const Text name = "a" + std::to_string(counter_++);
    const unsigned sizes[] = {4, 8, 16, 40};
    const unsigned n = sizes[random_.below(4)];
    const Text k = "k" + std::to_string(counter_++);
    Text text = indent() + kNames[t] + " " + name + "[" + std::to_string(n) + "];\n";
    scope_.push_back({kU32, k});
    text += indent() + "for (u32 " + k + " = 0; " + k + " < " + std::to_string(n) + "; ++" + k +
            ") " + name + "[" + k + "] = " + expression(t, 2) + ";\n";
    scope_.pop_back();
    arrays_.push_back({t, name, " % " + std::to_string(n)});
    return text;
  }

  // Each work-item has a slot of its own, which another one may read after the next barrier.
  Text own_slot() {
    if (!whole_waves_ || random_.one_in(2)) return "it.id";
    if (size_ == 192) return "191 - it.id";
    return "it.id * " + std::to_string(2 * random_.below(40) + 1) + " % " + std::to_string(size_);
  }

  // Of one kind per array between two barriers, or, for global memory, per program.
  Text shared_atomic() {
    const Text& op = sums_op_;
    if (random_.one_in(3)) {
      const unsigned word = random_.below(32);  // the word says the operation
      static const char* const kOps[] = {"add", "and", "or", "xor", "min", "max"};
      return indent() + "atomic_" + kOps[word % 6] + "(g.common + " + std::to_string(word) + ", " +
             expression(kU64, 2) + ");\n";
    }
    if (op.empty()) return own_atomic();
    if (random_.one_in(3))
      return indent() + op + "(&l.wide[" + expression(kU32, 1) + " & 7], " + expression(kU64, 2) +
             ");\n";
    return indent() + op + "(&l.sums[" + expression(kU32, 1) + " & 15], " + expression(kU32, 2) +
           ");\n";
  }

  // In memory that no other work-item uses: the old content is known.
  Text own_atomic() {
    static const Type kAtomic[] = {kU32, kI32, kU64, kI64};
    const Type t = kAtomic[random_.below(4)];
    Text text = indent();
    for (const Name& n : scope_)
      if (n.assignable && n.type == t && !random_.one_in(3)) {
        text += n.text + " = ";
        break;
      }
    static const char* const kOps[] = {"atomic_add", "atomic_and", "atomic_or",  "atomic_xor",
                                       "atomic_min", "atomic_max", "atomic_swap"};
    Text op = kOps[random_.below(7)];
    if (t == kU64 && random_.one_in(3)) op = "loop_add";
    return text + op + "(own<" + kNames[t] + ">(g, it, " + std::to_string(size_) + ", " +
           expression(kU32, 1) + "), " + expression(t, 2) + ");\n";
  }

  Text float_atomic() {
    // Exact whatever the order: small whole numbers.
    const bool wide = random_.one_in(2);
    const Text value = expression(kU32, 2) + " & 0xff";
    return indent() + "atomic_add(reinterpret_cast<" + (wide ? "f64" : "f32") + "*>(g.common + " +
           std::to_string((wide ? 32 : 48) + random_.below(4)) + "), " + (wide ? "f64(" : "f32(") +
           value + "));\n";
  }

  Text statement() {
    const unsigned kind = random_.below(level_ > 3 ? 6 : 13);
    if (lane_phase_ && random_.one_in(4)) {
      switch (random_.below(4)) {
        case 0:
          for (const LdsArray& a : lds_)
            if (a.writing && random_.one_in(2))
              return indent() + "l." + a.name + "[" + own_slot_of(a) + "] = " + expression(a.type) +
                     ";\n";
          return own_atomic();
        case 1: {
          const Type t = integer_type();
          return indent() + own_read(t) + " = " + expression(t) + ";\n";
        }
        case 2:
          return shared_atomic();
        default:
          return random_.one_in(2) ? own_atomic() : float_atomic();
      }
    }
    switch (kind) {
      case 6:
      case 7: {
        Text text = indent() + "if (" + expression(kBool, 3) + ") {\n" +
                    block(random_.between(1, 3)) + indent() + "}";
        if (random_.one_in(2)) text += " else {\n" + block(random_.between(1, 3)) + indent() + "}";
        return text + "\n";
      }
      case 8:
        return loops_ < 2 ? loop() : assignment();
      case 9:
        return selection();
      case 10:
        return arrays_.size() < 3 && loops_ == 0 ? array() : assignment();
      case 11:
      case 12: {
        const Type t = any_type();
        const Text name = "v" + std::to_string(counter_++);
        const Text text = indent() + kNames[t] + " " + name + " = " + expression(t) + ";\n";
        scope_.push_back({t, name, true});
        return text;
      }
      default:
        return assignment();
    }
  }

  // One per array and interval, so that no two work-items meet in a slot.
  Text own_slot_of(const LdsArray& a) {
    Text& slot = slots_[size_t(&a - lds_.data())];
    if (slot.empty()) slot = own_slot();
    return slot;
  }

  void after_barrier() {
    for (LdsArray& a : lds_) a.writing = random_.one_in(3);
    for (Text& s : slots_) s.clear();
    static const char* const kOps[] = {"atomic_add", "atomic_and", "atomic_or",
                                       "atomic_xor", "atomic_min", "atomic_max"};
    sums_op_ = random_.one_in(2) ? "" : kOps[random_.below(6)];
  }

  // --- Functions and phases ----------------------------------------------------------------------

  Text function() {
    Function f{any_type(), {}, "f" + std::to_string(functions_.size())};
    const unsigned count = random_.between(1, 4);
    Text text = Text("static NOINLINE ") + kNames[f.result] + " " + f.name + "(";
    scope_.clear();
    arrays_.clear();
    lane_phase_ = can_load_ = false;
    for (unsigned i = 0; i < count; ++i) {
      const Type t = any_type();
      f.arguments.push_back(t);
      const Text name = "q" + std::to_string(i);
      text += (i ? ", " : "") + (Text(kNames[t]) + " ") + name;
      scope_.push_back({t, name, true});
    }
    text += ") {\n" + block_of_function(f.result) + "}\n";
    functions_.push_back(f);
    return text;
  }
  Text block_of_function(Type result) {
    level_ = 0;
    ++level_;
    Text text;
    const unsigned count = random_.between(1, 4);
    for (unsigned i = 0; i < count; ++i) text += statement();
    text += indent() + "return " + expression(result) + ";\n";
    --level_;
    return text;
  }

  void enter_phase(bool lanes) {
    scope_.clear();
    arrays_.clear();
    level_ = 0;
    lane_phase_ = lanes;
    can_load_ = true;
    for (const Name& n : uniform_) scope_.push_back({n.type, "u." + n.text, !lanes});
    scope_.push_back({kU32, "g.a"});
    scope_.push_back({kU64, "g.b"});
    scope_.push_back({kF32, "g.c"});
    if (lanes) {
      for (const Name& n : state_) scope_.push_back({n.type, "s." + n.text, true});
      scope_.push_back({kU32, "it.id"});
      scope_.push_back({kU32, "it.lane"});
      scope_.push_back({kU32, "it.group"});
    } else {
      scope_.push_back({kU32, "group"});
    }
  }

  static Text header(const Text& name) {
    return "static void " + name +
           "([[maybe_unused]] State& s, [[maybe_unused]] const Uniform& u,\n"
           "    [[maybe_unused]] Shared& l, [[maybe_unused]] const Item& it,\n"
           "    [[maybe_unused]] const Args& g) {\n";
  }

  Text first_phase() {
    Text text =
        "static void start(State& s, Uniform& u, Shared& l, const Item& it, const Args& g) {\n";
    for (const Name& n : uniform_)
      text += "  u." + n.text + " = " + kNames[n.type] + "(g.a + " +
              std::to_string(random_.below(9)) + ");\n";
    for (size_t i = 0; i < state_.size(); ++i) {
      const Name& n = state_[i];
      const Text index = "it.group * " + std::to_string(size_) + " + it.id + " +
                         std::to_string(random_.below(999));
      if (n.type == kBool)
        text += "  s." + n.text + " = (input<u8>(g, " + index + ") & 1) != 0;\n";
      else if ((n.type == kF32 || n.type == kF64 || n.type == kF16) && random_.one_in(2))
        text += "  s." + n.text + " = near_one(input<" +
                (n.type == kF32   ? "u32"
                 : n.type == kF64 ? "u64"
                                  : "u16") +
                ">(g, " + index + "));\n";
      else
        text += "  s." + n.text + " = input<" + kNames[n.type] + ">(g, " + index + ");\n";
    }
    for (const LdsArray& a : lds_)
      text += "  l." + a.name + "[it.id] = " +
              (a.type == kBool ? "(it.id & 1) != 0"
                               : Text("input<") + kNames[a.type] + ">(g, it.id * 3)") +
              ";\n";
    text += "  if (it.id < 16) l.sums[it.id] = it.id * 77;\n";
    text += "  if (it.id < 8) l.wide[it.id] = it.id;\n}\n";
    return text;
  }

  Text phase(unsigned number) {
    enter_phase(true);
    return header("phase" + std::to_string(number)) + block(random_.between(2, 6)) + "}\n";
  }

  Text uniform_phase(unsigned number) {
    enter_phase(false);
    return "static void wave_phase" + std::to_string(number) +
           "(Uniform& u, [[maybe_unused]] u32 group, [[maybe_unused]] const Args& g) {\n" +
           block(random_.between(3, 8)) + "}\n";
  }

  Text field(const std::vector<Name>& list, const char* owner, Type t) {
    std::vector<Text> found;
    for (const Name& n : list)
      if (n.type == t) found.push_back(n.text);
    return Text("&") + owner + "::" + random_.of(found);
  }
  Text s(Type t) { return field(state_, "State", t); }
  Text u(Type t) { return field(uniform_, "Uniform", t); }

  Text exchange() {
    static const Type kMovable[] = {kU32, kI32, kU64, kF32};
    const Type t = kMovable[random_.below(4)];
    const Text both = s(t) + ", " + s(t);
    switch (random_.below(whole_waves_ ? 14 : 5)) {
      case 0:
        return "g.ballot(" + u(kU64) + ", " + s(kBool) + ")";
      case 1:
        return "g.count_below(" + s(kU32) + ", " + s(kBool) + ")";
      case 2:
        return "g.first_lane_where(" + both + ", " + s(kBool) + ")";
      case 3:
        return "g.ballot_where(" + s(kU64) + ", " + s(kBool) + ", " + s(kBool) + ")";
      case 4: {
        const Type some[] = {kU32, kI32, kU64};
        const Type v = some[random_.below(3)];
        return random_.one_in(2)
                   ? "g.first_lane(" + u(v) + ", " + s(v) + ")"
                   : "g.one_lane(" + u(v) + ", " + s(v) + ", " +
                         std::to_string(random_.below(whole_waves_ ? 64 : size_ % 64)) + ")";
      }
      case 5:
        return "g.shuffle(" + both + ", " + s(kU32) + ")";
      case 6:
        return "g.shuffle_xor(" + both + ", " + std::to_string(random_.below(64)) + ")";
      case 7:
        return "g.push_xor(" + both + ", " + std::to_string(random_.below(64)) + ")";
      case 8: {
        const unsigned pattern =
            random_.one_in(3) ? 0x8000 + random_.below(256) : random_.below(0x8000);
        return "g.swizzle<" + hex(pattern) + ">(" + both + ")";
      }
      case 9:
        return "g.swap_halves" + two_fields();
      case 10:
        return "g.swap_rows" + two_fields();
      default: {
        unsigned control = random_.below(256);
        switch (random_.below(7)) {
          case 0:
            control = 0x100 + random_.between(1, 15);
            break;
          case 1:
            control = 0x110 + random_.between(1, 15);
            break;
          case 2:
            control = 0x120 + random_.between(1, 15);
            break;
          case 3:
            control = 0x140 + random_.below(3);
            break;
          case 4:
            control = 0x150 + random_.below(16);
            break;
          default:
            break;
        }
        const bool all = random_.one_in(2);
        return "g.dpp<" + hex(control) + ", " + (all ? "15" : hex(random_.below(16))) + ", " +
               (all ? "15" : hex(random_.below(16))) + ", " +
               (random_.one_in(2) ? "true" : "false") + ">(" + s(kU32) + ", " + s(kU32) + ")";
      }
    }
  }
  Text two_fields() {
    std::vector<Text> found;
    for (const Name& n : state_)
      if (n.type == kU32) found.push_back("&State::" + n.text);
    return "(" + found[0] + ", " + found[1] + ")";
  }

  // What a work-item stores; its fields by name for messages.
  Text finish() {
    Text text = "struct Result {\n";
    Text fields = "#ifndef __AMDGCN__\nstatic const wavefuzz::sim::ResultField kFields[] = {\n";
    Text body = "static void finish(const State& s, const Uniform& u, Result& r) {\n";
    const auto add = [&](const Name& n, const char* from) {
      text += Text("  ") + kNames[n.type] + " " + n.text + ";\n";
      fields += "    {\"" + n.text + "\", offsetof(Result, " + n.text + "), sizeof(" +
                kNames[n.type] + ")},\n";
      body += "  r." + n.text + " = canonical(" + from + n.text + ");\n";
    };
    for (const Name& n : state_) add(n, "s.");
    for (const Name& n : uniform_) add(n, "u.");
    return text + "};\n" + fields + "};\n#endif\n" + body + "}\n";
  }

  uint64_t seed_;
  Random random_;
  std::vector<std::vector<Rule>> by_type_;
  std::vector<Type> types_;
  unsigned size_;
  bool whole_waves_;
  std::vector<Name> state_, uniform_, scope_;
  std::vector<LdsArray> lds_;
  std::array<Text, 8> slots_;
  Text sums_op_;
  Text tables_;
  std::vector<std::pair<Type, Text>> table_names_;
  std::vector<Function> functions_;
  std::vector<Array> arrays_;
  bool lane_phase_ = false, can_load_ = false;
  unsigned level_ = 0, loops_ = 0, counter_ = 0;
};

bool parse(const char* text, uint64_t* value) {
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, *value);
  return error == std::errc() && at == end;
}

int main(int argc, char** argv) {
  uint64_t first = 0, count = 1;
  if (argc < 2 || argc > 3 || !parse(argv[1], &first) || (argc == 3 && !parse(argv[2], &count))) {
    std::fprintf(stderr, "generate: usage: generate FIRST_SEED [COUNT]\n");
    return 2;
  }
  std::printf("#include \"gpu/sim/programs/prelude.h\"\n");
  const std::vector<Rule> rules = all_rules();
  for (uint64_t seed = first; seed < first + count; ++seed)
    std::fputs(Generator(seed, rules).program().c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace wavefuzz::programs

int main(int argc, char** argv) { return wavefuzz::programs::main(argc, argv); }
