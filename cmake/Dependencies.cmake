# Everything here comes from Debian packages: cmake/packages.txt names them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(CLI11 REQUIRED)

# Debian's libre2-dev has pkg-config data only.
find_library(RE2_LIBRARY re2 REQUIRED)
add_library(re2::re2 UNKNOWN IMPORTED)
set_target_properties(re2::re2 PROPERTIES IMPORTED_LOCATION "${RE2_LIBRARY}")

# Asio and Beast compiled once: their templates are the largest part of the build time.
add_library(fluxgate_boost STATIC "${PROJECT_SOURCE_DIR}/cmake/boost_impl.cpp")
target_include_directories(fluxgate_boost SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
target_link_libraries(fluxgate_boost PUBLIC Threads::Threads OpenSSL::SSL OpenSSL::Crypto PRIVATE fluxgate_options)
target_compile_definitions(fluxgate_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
if(FLUXGATE_SANITIZE)
  # Recycled coroutine frames hide use-after-free and leaks from the sanitizer.
  target_compile_definitions(fluxgate_boost PUBLIC BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
endif()
target_compile_options(fluxgate_boost PRIVATE -w)
