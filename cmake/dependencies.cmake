# Third-party libraries, all from the distribution. docs/architecture.md says which module may
# include which.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(libevent REQUIRED IMPORTED_TARGET libevent_core libevent_pthreads)

# A sanitizer has to see inside of spdlog, where one thread hands its lines to another: with the
# distribution's library ThreadSanitizer reports races that are not there. Compiled once, because
# header-only it would double the time to compile.
if(PGSIDECAR_SANITIZE)
  find_package(fmt REQUIRED)
  add_library(pgsidecar_spdlog STATIC ${CMAKE_CURRENT_LIST_DIR}/spdlog.cc)
  target_compile_definitions(pgsidecar_spdlog PUBLIC SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
  target_link_libraries(pgsidecar_spdlog PUBLIC fmt::fmt Threads::Threads)
else()
  add_library(pgsidecar_spdlog INTERFACE)
  target_link_libraries(pgsidecar_spdlog INTERFACE spdlog::spdlog)
endif()

# libpg_query, civetweb and hiredis have no usable CMake package on every release we build on.
function(pgsidecar_plain_library target library header)
  find_library(${target}_LIBRARY ${library} REQUIRED)
  find_path(${target}_INCLUDE ${header} REQUIRED)
  add_library(${target} INTERFACE IMPORTED)
  target_link_libraries(${target} INTERFACE ${${target}_LIBRARY})
  target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE})
endfunction()
pgsidecar_plain_library(pg_query pg_query pg_query.h)
pgsidecar_plain_library(civetweb civetweb civetweb.h)
pgsidecar_plain_library(hiredis hiredis hiredis/hiredis.h)

if(PGSIDECAR_TESTS)
  find_package(GTest REQUIRED)
endif()
