# Warnings, sanitizers and the version header that every target shares.
add_library(pgsidecar_flags INTERFACE)
target_compile_options(
  pgsidecar_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
                            -fno-omit-frame-pointer -fstack-protector-strong)

# GCC 12 warns at -O3 of overlaps inside std::string that are not there (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(pgsidecar_flags INTERFACE -Wno-restrict)
endif()

if(PGSIDECAR_SANITIZE STREQUAL "address")
  # Null and misaligned pointers fault by themselves; their checks are most of the time to compile.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,alignment,object-size
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(PGSIDECAR_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(NOT PGSIDECAR_SANITIZE STREQUAL "")
  message(FATAL_ERROR "PGSIDECAR_SANITIZE is '${PGSIDECAR_SANITIZE}'; allowed: empty, address, thread")
endif()

if(PGSIDECAR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
