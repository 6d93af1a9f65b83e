#ifndef WAVEFUZZ_FUZZ_OPERATORS_PAGING_H_
#define WAVEFUZZ_FUZZ_OPERATORS_PAGING_H_

#include <cstdint>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/operators/operator_page.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {

/// How the pages of a cache are handed out, as parameters of a case, so that a block table of any
/// length has a short description.
///   page_order  sequential, reversed, shuffled (a permutation keyed by the case's seed)
///   first_page  the lowest page id in use
///   page_step   page ids between one and the next in use: far apart over a sparse cache
inline constexpr const char* kPageOrders[] = {"sequential", "reversed", "shuffled"};

/// `count` distinct page ids, in the order in which logical pages take them. Throws Error(kUsage).
std::vector<int64_t> page_ids(const Case& c, uint64_t count);

/// Pages a cache must have to hold `count` of them.
int64_t pages_needed(const Case& c, uint64_t count);

/// Steps towards sequential pages from 0.
void plainer_pages(std::vector<Step>& steps, const Case& c, const Repair& repair = {});

/// The parameters above, for an operator's page.
std::vector<OperatorPage::Entry> paging_parameters();

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_PAGING_H_
