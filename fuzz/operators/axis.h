#ifndef WAVEFUZZ_FUZZ_OPERATORS_AXIS_H_
#define WAVEFUZZ_FUZZ_OPERATORS_AXIS_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "fuzz/case/case.h"
#include "fuzz/operators/simpler.h"

namespace wavefuzz {

/// One number of a case that can be moved while the rest stays: a parameter, the length of every
/// sequence, how many sequences there are. What a failure's boundary is told along.
struct Axis {
  std::string name;  ///< as a reader knows it: ctx, qlen, batch; a parameter's own name
  int64_t value = 0;
  int64_t least = 0;  ///< no value below it means anything; claims say more
  std::function<void(Case&, int64_t)> set;
};

/// Axes of integer parameters, those that the case has.
void parameter_axes(std::vector<Axis>& axes, const Case& c,
                    std::initializer_list<const char*> names, const Repair& repair = {});

/// An axis of an integer list: all of its entries where they are alike, otherwise one for each
/// entry, "ctx[1]". Nothing where the case has no such list.
void list_axes(std::vector<Axis>& axes, const Case& c, const std::string& name,
               const std::string& list, const Repair& repair = {});

/// An axis of how many entries integer lists have, those that the case has: cut, or repeated from
/// the front.
void count_axis(std::vector<Axis>& axes, const Case& c, const std::string& name,
                const std::vector<std::string>& lists, const Repair& repair = {});

/// Throws Error(kUsage) naming the axes there are.
const Axis& find_axis(const std::vector<Axis>& axes, const std::string& name);

}  // namespace wavefuzz

#endif  // WAVEFUZZ_FUZZ_OPERATORS_AXIS_H_
