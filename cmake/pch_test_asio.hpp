// Precompiled for the unit tests of the rooms that do I/O.
#pragma once
#include "pch_asio.hpp"
#include "pch_test.hpp"
