# pgsidecar_module(name [DEPENDS module...] [LIBRARIES target...])
#
# Declares the static library pgsidecar_<name> from src/<name>/*.cc. Third-party libraries are
# linked privately, so that their headers can be included in this module only.
function(pgsidecar_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  if(NOT sources)
    set(sources ${PROJECT_SOURCE_DIR}/cmake/empty.cc)
  endif()
  add_library(pgsidecar_${name} STATIC ${sources})
  target_include_directories(pgsidecar_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src
                                                      ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(pgsidecar_${name} PRIVATE pgsidecar_flags)
  foreach(module ${ARG_DEPENDS})
    target_link_libraries(pgsidecar_${name} PUBLIC pgsidecar_${module})
  endforeach()
  target_link_libraries(pgsidecar_${name} PRIVATE ${ARG_LIBRARIES} Threads::Threads)
endfunction()

# pgsidecar_unit_tests(name): tests/unit/<name>/*_test.cc against that module alone.
function(pgsidecar_unit_tests name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name}_test PRIVATE
    PGSIDECAR_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name}_test PRIVATE pgsidecar_${name} pgsidecar_flags GTest::gmock
                                             GTest::gtest_main Threads::Threads ${ARGN})
  add_test(NAME ${name} COMMAND ${name}_test)
endfunction()
