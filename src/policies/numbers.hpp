// Lists of a few numbers, without the heap for the usual route.
#pragma once

#include <boost/container/small_vector.hpp>
#include <span>

namespace fluxgate::policies {

using Numbers = boost::container::small_vector<double, 16>;

// The middle one, or the mean of the two in the middle; NaN of none. Sorts the values in place.
double median(std::span<double> values);

}  // namespace fluxgate::policies
