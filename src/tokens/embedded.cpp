#include "tokens/embedded.hpp"

#include <cstddef>

// An array in a source file would take the compiler minutes; the assembler copies a file as it is. The directive must
// be visible in the preprocessed source: a compiler cache that sees it does not cache this object.
asm(".pushsection .rodata.fluxgate_tokenizers, \"a\", %progbits\n"
    "fluxgate_o200k_base_begin:\n"
    ".incbin \"" FLUXGATE_TOKENIZERS "/o200k_base.bin\"\n"
    "fluxgate_o200k_base_end:\n"
    "fluxgate_cl100k_base_begin:\n"
    ".incbin \"" FLUXGATE_TOKENIZERS "/cl100k_base.bin\"\n"
    "fluxgate_cl100k_base_end:\n"
    "fluxgate_unicode_classes_begin:\n"
    ".incbin \"" FLUXGATE_TOKENIZERS "/unicode_classes.bin\"\n"
    "fluxgate_unicode_classes_end:\n"
    ".popsection\n");

extern "C" {
extern const char fluxgate_o200k_base_begin[];
extern const char fluxgate_o200k_base_end[];
extern const char fluxgate_cl100k_base_begin[];
extern const char fluxgate_cl100k_base_end[];
extern const char fluxgate_unicode_classes_begin[];
extern const char fluxgate_unicode_classes_end[];
}

namespace fluxgate::tokens::embedded {

namespace {
std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }
}  // namespace

std::string_view o200k_base() { return between(fluxgate_o200k_base_begin, fluxgate_o200k_base_end); }
std::string_view cl100k_base() { return between(fluxgate_cl100k_base_begin, fluxgate_cl100k_base_end); }
std::string_view unicode_classes() { return between(fluxgate_unicode_classes_begin, fluxgate_unicode_classes_end); }

}  // namespace fluxgate::tokens::embedded
