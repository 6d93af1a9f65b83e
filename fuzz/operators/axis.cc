#include "fuzz/operators/axis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "gpu/error.h"

namespace wavefuzz {

void parameter_axes(std::vector<Axis>& axes, const Case& c,
                    std::initializer_list<const char*> names, const Repair& repair) {
  for (const char* name : names) {
    if (!c.params.has(name)) continue;
    axes.push_back({name, c.params.integer(name), 0, [name, repair](Case& d, int64_t to) {
                      d.params.set(name, to);
                      if (repair) repair(d);
                    }});
  }
}

void list_axes(std::vector<Axis>& axes, const Case& c, const std::string& name,
               const std::string& list, const Repair& repair) {
  const auto it = c.integers.find(list);
  if (it == c.integers.end() || it->second.empty()) return;
  const std::vector<int64_t>& values = it->second;
  if (std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == values[0]; })) {
    axes.push_back({name, values[0], 0, [list, repair](Case& d, int64_t to) {
                      std::vector<int64_t>& all = d.integers.at(list);
                      std::fill(all.begin(), all.end(), to);
                      if (repair) repair(d);
                    }});
    return;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    axes.push_back(
        {fmt::format("{}[{}]", name, i), values[i], 0, [list, i, repair](Case& d, int64_t to) {
           d.integers.at(list)[i] = to;
           if (repair) repair(d);
         }});
  }
}

void count_axis(std::vector<Axis>& axes, const Case& c, const std::string& name,
                const std::vector<std::string>& lists, const Repair& repair) {
  constexpr int64_t kMost = 4096;  // entries: each is a sequence
  const auto it = c.integers.find(lists.front());
  if (it == c.integers.end() || it->second.empty()) return;
  axes.push_back({name, static_cast<int64_t>(it->second.size()), 1, [=](Case& d, int64_t to) {
                    if (to > kMost) {
                      throw Error(Exit::kUsage,
                                  fmt::format("{} = {} is more than {}", name, to, kMost));
                    }
                    for (const std::string& list : lists) {
                      const auto at = d.integers.find(list);
                      if (at == d.integers.end()) continue;
                      std::vector<int64_t>& all = at->second;
                      const size_t had = all.size();
                      all.resize(static_cast<size_t>(to));
                      for (size_t i = had; i < all.size(); ++i) all[i] = all[i - had];
                    }
                    if (repair) repair(d);
                  }});
}

const Axis& find_axis(const std::vector<Axis>& axes, const std::string& name) {
  std::vector<std::string> names;
  for (const Axis& axis : axes) {
    if (axis.name == name) return axis;
    names.push_back(axis.name);
  }
  throw Error(Exit::kUsage,
              fmt::format("the case has no axis '{}'; it has {}", name, fmt::join(names, ", ")));
}

}  // namespace wavefuzz
