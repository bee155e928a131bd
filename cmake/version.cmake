# What `pgsidecar version` and build_info say: the project's version, the commit if this is a git
# checkout, and the version of libpg_query's grammar.
set(PGSIDECAR_REVISION unknown)
find_program(GIT git)
if(GIT AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(
    COMMAND ${GIT} describe --always --dirty --abbrev=12 --exclude=*
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE described
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET
    RESULT_VARIABLE failed)
  if(NOT failed)
    set(PGSIDECAR_REVISION ${described})
  endif()
endif()

set(PGSIDECAR_PG_QUERY_VERSION unknown)
file(STRINGS ${pg_query_INCLUDE}/pg_query.h version_line REGEX "^#define PG_VERSION ")
if(version_line MATCHES "\"(.*)\"")
  set(PGSIDECAR_PG_QUERY_VERSION ${CMAKE_MATCH_1})
endif()

set_source_files_properties(
  ${PROJECT_SOURCE_DIR}/src/app/version.cc
  PROPERTIES
    COMPILE_DEFINITIONS
    "PGSIDECAR_VERSION=\"${PROJECT_VERSION}\";PGSIDECAR_REVISION=\"${PGSIDECAR_REVISION}\";PGSIDECAR_PG_QUERY_VERSION=\"${PGSIDECAR_PG_QUERY_VERSION}\"")
