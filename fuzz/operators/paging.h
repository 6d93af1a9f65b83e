#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGING_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGING_H_

#include <cstdint>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/operators/operator_page.h"
#include "fuzz/operators/parameter.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {

// How the pages of a cache are handed out, as parameters of a case, so that a block table of any
// length has a short description. Rows for the tables of operators with pages.

inline const Choice kPageOrder = {
    .name = "page_order",
    .meaning = "how logical pages take page ids; shuffled: a permutation keyed by the case's seed",
    .choices = {"sequential", "reversed", "shuffled"},
    .plain = "sequential",
    .unclaimed = Unclaimed::kAny};
inline const Integer kFirstPage = {.name = "first_page",
                                   .meaning = "the lowest page id in use",
                                   .plain = 0,
                                   .axis = true,
                                   .unclaimed = Unclaimed::kAny};
inline const Integer kPageStep = {.name = "page_step",
                                  .meaning = "page ids from one in use to the next",
                                  .min = 1,
                                  .plain = 1,
                                  .unclaimed = Unclaimed::kAny};

/// `count` distinct page ids, in the order in which logical pages take them. Throws Error(kUsage).
std::vector<int64_t> page_ids(const Case& c, uint64_t count);

/// Pages a cache must have to hold `count` of them.
int64_t pages_needed(const Case& c, uint64_t count);

/// Steps towards sequential pages from 0.
void plainer_pages(std::vector<Step>& steps, const Case& c, const Repair& repair = {});

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_PAGING_H_
