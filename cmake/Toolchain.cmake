# Language level, warnings, sanitizers and the compiler cache: what every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # ccache can only reuse a result that involves a precompiled header under this sloppiness.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()

add_library(fluxgate_options INTERFACE)
target_compile_options(fluxgate_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wcast-qual -Wconversion -Wno-sign-conversion
  $<$<BOOL:${FLUXGATE_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of these inside inlined library code at -O2.
  target_compile_options(fluxgate_options INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Winvalid-pch)
endif()
target_compile_options(fluxgate_options INTERFACE -fstack-protector-strong)
target_include_directories(fluxgate_options INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_definitions(fluxgate_options INTERFACE FLUXGATE_VERSION="${PROJECT_VERSION}")

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections")
if(FLUXGATE_SANITIZE)
  target_compile_options(fluxgate_options INTERFACE -fsanitize=${FLUXGATE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND FLUXGATE_SANITIZE MATCHES "undefined")
    # clang 14 puts this check's data before each function and cannot do so for the parts of a coroutine.
    target_compile_options(fluxgate_options INTERFACE -fno-sanitize=function)
  endif()
  target_link_options(fluxgate_options INTERFACE -fsanitize=${FLUXGATE_SANITIZE})
  target_compile_definitions(fluxgate_options INTERFACE FLUXGATE_SANITIZED=1)
endif()
if(FLUXGATE_FUZZ)
  target_compile_options(fluxgate_options INTERFACE -fsanitize=fuzzer-no-link)  # coverage of the parsers themselves
endif()
