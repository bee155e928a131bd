# What `pgsidecar version` says: the project's version, and the commit if this is a git checkout.
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
set_source_files_properties(
  ${PROJECT_SOURCE_DIR}/src/app/version.cc
  PROPERTIES COMPILE_DEFINITIONS
             "PGSIDECAR_VERSION=\"${PROJECT_VERSION}\";PGSIDECAR_REVISION=\"${PGSIDECAR_REVISION}\"")
