// Sorting options and counting equals: the second half of every order.
#pragma once

#include "fluxgate/policies/orders.hpp"

namespace fluxgate::policies {

// Best score first; equal scores keep the order they came in. No allocation for a route of up to 16 targets.
void sort_by_score(Options& options);

// How many from the front have at least this score. The slack absorbs what sums of doubles lose.
std::size_t count_from(const Options& options, double least);

// The route's `near`, else the default of its order.
double near_of(const OrderInput& input);

}  // namespace fluxgate::policies
