// The files of config/tokenizers, as part of the program: read-only pages that are loaded when they are touched.
#pragma once

#include <string_view>

namespace fluxgate::tokens::embedded {

std::string_view o200k_base();       // format: config/tokenizers/build.py
std::string_view cl100k_base();
std::string_view unicode_classes();  // format: config/tokenizers/unicode_classes.py

}  // namespace fluxgate::tokens::embedded
