// The steps by which a failing case of paged attention becomes the smallest one: sequences first,
// then lengths, shape, strides and pages, then data.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/operators/paged_attention.h"
#include "fuzz/operators/paging.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {

using namespace paged_attention;

namespace {

/// Repairs what a step left behind: data heads for the gqa ratio, elements within a row.
void make_coherent(Case& c) {
  std::vector<int64_t>& heads = c.integers.at("q_heads");
  const auto gqa = static_cast<size_t>(kGqa.of(c));
  while (heads.size() < gqa) heads.push_back(static_cast<int64_t>(heads.size()));
  heads.resize(gqa);
  const auto trim = [&](RowRecipe& row, int64_t columns) {
    std::erase_if(row.set, [&](const auto& element) { return element.first >= columns; });
  };
  for (const char* tensor : {"q", "k", "v"}) {
    const int64_t columns = *tensor == 'v' ? kVHeadDim.of(c) : kHeadDim.of(c);
    for (RowRecipe& row : c.rows.at(tensor)) trim(row, columns);
    const auto special = c.special.find(tensor);
    if (special == c.special.end()) continue;
    for (auto& [at, row] : special->second) trim(row, columns);
  }
}

const char* const kLists[] = {"context_lens", "qlens", "sequence", "first_query"};

void fewer_sequences(const Case& c, std::vector<Step>& steps) {
  const size_t batch = c.integers.at("qlens").size();
  for (const auto& [begin, end] : chunks(batch)) {
    if (end - begin == batch) continue;
    steps.push_back([begin = begin, end = end](Case& d) {
      for (const char* name : kLists) d.integers[name] = without(d.integers[name], begin, end);
    });
  }
}

void shorter_sequences(const Case& c, std::vector<Step>& steps) {
  for (const char* name : kLists) {
    const std::vector<int64_t>& list = c.integers.at(name);
    for (size_t b = 0; b < list.size(); ++b) {
      for (const int64_t to : toward(list[b], std::string(name) == "qlens" ? 1 : 0)) {
        if (to != list[b]) steps.push_back([name, b, to](Case& d) { d.integers[name][b] = to; });
      }
    }
  }
}

void smaller_shape(const Case& c, std::vector<Step>& steps) {
  for (const int64_t page_size : {16, 32, 64}) {
    if (page_size < kPageSize.of(c)) choose(steps, kPageSize.name, page_size);
  }
  if (kCus.of(c) == 0) return;
  const int64_t kv_heads = kKvHeads.of(c);
  lower(steps, c, kCus.name, kv_heads, kv_heads);
  // Fewer heads, and as many units for each.
  const int64_t units = std::max<int64_t>(1, kCus.of(c) / kv_heads);
  if (kv_heads > 1) {
    steps.push_back([units](Case& d) {
      kKvHeads.set(d, 1);
      kCus.set(d, units);
    });
  }
}

/// Encodes the set elements of a tensor anew in another dtype.
void recode(Case& c, const char* tensor, Dtype from, Dtype to) {
  const auto change = [&](RowRecipe& row) {
    for (auto& [column, bits] : row.set) bits = encode(to, decode(from, bits));
  };
  for (RowRecipe& row : c.rows.at(tensor)) change(row);
  if (const auto special = c.special.find(tensor); special != c.special.end()) {
    for (auto& [at, row] : special->second) change(row);
  }
}

void plainer_choices(const Case& c, std::vector<Step>& steps) {
  if (kUnowned.is(c, "finite")) choose(steps, kUnowned.name, "zero");
  if (kKvScale.is(c, "per_token")) choose(steps, kKvScale.name, "per_tensor");
  const Dtype q = parse_dtype(kQDtype.of(c));
  const Dtype kv = parse_dtype(kKvDtype.of(c));
  if (q != Dtype::kBf16) {
    steps.push_back([q](Case& d) {
      kQDtype.set(d, "bf16");
      recode(d, "q", q, Dtype::kBf16);
    });
  }
  if (kv != Dtype::kBf16) {
    steps.push_back([kv](Case& d) {
      kKvDtype.set(d, "bf16");
      kKvScale.set(d, "none");
      for (const char* tensor : {"k", "v"}) recode(d, tensor, kv, Dtype::kBf16);
    });
  }
  steps.push_back([](Case& d) { d.seed = 0; });
}

/// Fewer recipes and plainer ones. A pattern says more to a reader than its elements spelled out.
void plainer_recipes(std::vector<Step>& steps, const Case& c, const char* tensor) {
  const auto plainer = [&](const RowRecipe& row, std::function<RowRecipe&(Case&)> at) {
    const auto becomes = [&](RowRecipe to) {
      if (to != row) steps.push_back([at, to = std::move(to)](Case& d) { at(d) = to; });
    };
    if (row.fill != "zero") becomes({"zero", 0, {}});
    if (row.fill != "zero" && row.fill != "one") becomes({"one", 0, {}});
    if (row.exponent != 0) becomes({row.fill, 0, row.set});
    if (!row.set.empty() && std::string(tensor) != "sinks") becomes({row.fill, row.exponent, {}});
  };
  if (const auto special = c.special.find(tensor); special != c.special.end()) {
    std::vector<int64_t> at;
    for (const auto& [row, recipe] : special->second) at.push_back(row);
    for (const auto& [begin, end] : chunks(at.size())) {
      steps.push_back(
          [tensor, rows = std::vector(at.begin() + static_cast<ptrdiff_t>(begin),
                                      at.begin() + static_cast<ptrdiff_t>(end))](Case& d) {
            for (const int64_t row : rows) d.special.at(tensor).erase(row);
            if (d.special.at(tensor).empty()) d.special.erase(tensor);
          });
    }
    for (const auto& [row, recipe] : special->second)
      plainer(recipe,
              [tensor, row = row](Case& d) -> RowRecipe& { return d.special[tensor][row]; });
  }
  const std::vector<RowRecipe>& rows = c.rows.at(tensor);
  for (const auto& [begin, end] : chunks(rows.size())) {
    if (end - begin == rows.size()) continue;  // a tensor has at least one recipe
    steps.push_back([tensor, begin = begin, end = end](Case& d) {
      d.rows.at(tensor) = without(d.rows.at(tensor), begin, end);
    });
  }
  for (size_t i = 0; i < rows.size(); ++i)
    plainer(rows[i], [tensor, i](Case& d) -> RowRecipe& { return d.rows[tensor][i]; });
}

void plainer_data(const Case& c, std::vector<Step>& steps) {
  // What the case does not use.
  const auto unused = [&](const char* tensor) {
    steps.push_back([tensor](Case& d) {
      d.special.erase(tensor);
      d.rows[tensor] = {{}};
    });
  };
  if (kSinks.is(c, "off")) unused("sinks");
  if (kKvScale.is(c, "none")) {
    unused("k_scale");
    unused("v_scale");
  }
  for (const char* tensor : {"q", "k", "v", "k_scale", "v_scale", "sinks"})
    plainer_recipes(steps, c, tensor);
}

}  // namespace

std::vector<Step> PagedAttention::simpler(const Case& c) const {
  std::vector<Step> steps;
  fewer_sequences(c, steps);
  shorter_sequences(c, steps);
  smaller_shape(c, steps);
  table().simpler(steps, c, make_coherent);
  plainer_choices(c, steps);
  plainer_data(c, steps);
  return steps;
}

std::vector<Axis> PagedAttention::axes(const Case& c) const {
  std::vector<Axis> axes;
  list_axes(axes, c, "ctx", "context_lens");
  list_axes(axes, c, "qlen", "qlens");
  count_axis(axes, c, "batch", {std::begin(kLists), std::end(kLists)});
  table().axes(axes, c, make_coherent);
  return axes;
}

}  // namespace wavefuzz
