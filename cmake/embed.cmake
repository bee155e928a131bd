# Run as a script: cmake -DINPUT=file -DOUTPUT=file.cc -DNAMESPACE=a::b -DHEADER=x.h -DNAME=kName
# -P embed.cmake. Writes a source file that defines `const std::string_view kName` with the bytes
# of INPUT.
#
# Included: pgsidecar_embed(target HEADER x.h NAMESPACE a::b FILES kName=path...) adds such sources
# to a target at build time.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ ${INPUT} bytes HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace ${NAMESPACE} {
namespace {
constexpr char kBytes[] = {
    ${bytes}};
}  // namespace
const std::string_view ${NAME}{kBytes, sizeof(kBytes)};
}  // namespace ${NAMESPACE}
")
  return()
endif()

set(PGSIDECAR_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(pgsidecar_embed target)
  cmake_parse_arguments(ARG "" "HEADER;NAMESPACE" "FILES" ${ARGN})
  foreach(entry ${ARG_FILES})
    string(REPLACE "=" ";" pair ${entry})
    list(GET pair 0 name)
    list(GET pair 1 input)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${input}.cc)
    add_custom_command(
      OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${PROJECT_SOURCE_DIR}/${input} -DOUTPUT=${output}
              -DNAMESPACE=${ARG_NAMESPACE} -DHEADER=${ARG_HEADER} -DNAME=${name} -P
              ${PGSIDECAR_EMBED_SCRIPT}
      DEPENDS ${PROJECT_SOURCE_DIR}/${input} ${PGSIDECAR_EMBED_SCRIPT}
      VERBATIM)
    target_sources(${target} PRIVATE ${output})
  endforeach()
endfunction()
