#include "embedded.hpp"

// CMake writes the .incbin lines, since it knows the files. A section of its own, so that the linker can drop it.
#include "embedded_files.inc"
asm(".pushsection .rodata.fluxgate_catalogue,\"a\",@progbits\n"
    "fluxgate_catalogue_models:\n" FLUXGATE_MODEL_FILES
    "fluxgate_catalogue_models_end:\n"
    ".byte 0\n"
    "fluxgate_catalogue_providers:\n" FLUXGATE_PROVIDER_FILE
    "fluxgate_catalogue_providers_end:\n"
    ".byte 0\n"
    ".globl fluxgate_catalogue_models, fluxgate_catalogue_models_end\n"
    ".globl fluxgate_catalogue_providers, fluxgate_catalogue_providers_end\n"
    ".hidden fluxgate_catalogue_models, fluxgate_catalogue_models_end\n"
    ".hidden fluxgate_catalogue_providers, fluxgate_catalogue_providers_end\n"
    ".popsection\n");

extern "C" {
extern const char fluxgate_catalogue_models[] __attribute__((visibility("hidden")));
extern const char fluxgate_catalogue_models_end[] __attribute__((visibility("hidden")));
extern const char fluxgate_catalogue_providers[] __attribute__((visibility("hidden")));
extern const char fluxgate_catalogue_providers_end[] __attribute__((visibility("hidden")));
}

namespace fluxgate::catalogue {

std::string_view embedded_models() { return {fluxgate_catalogue_models, fluxgate_catalogue_models_end}; }

std::string_view embedded_providers() { return {fluxgate_catalogue_providers, fluxgate_catalogue_providers_end}; }

}  // namespace fluxgate::catalogue
