# find_package(pgsidecar) for a service that links the library. One archive holds the modules that
# the public headers need, so that the order in which they are linked is nobody's concern.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(library_modules base net metrics sql cache executor)
set(library_archive ${CMAKE_CURRENT_BINARY_DIR}/libpgsidecar.a)
set(library_script "CREATE ${library_archive}\n")
set(library_targets "")
foreach(module ${library_modules})
  string(APPEND library_script "ADDLIB $<TARGET_FILE:pgsidecar_${module}>\n")
  list(APPEND library_targets pgsidecar_${module})
endforeach()
string(APPEND library_script "SAVE\nEND\n")
file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/libpgsidecar.mri CONTENT "${library_script}")
add_custom_command(
  OUTPUT ${library_archive}
  COMMAND ${CMAKE_AR} -M < ${CMAKE_CURRENT_BINARY_DIR}/libpgsidecar.mri
  DEPENDS ${library_targets} ${CMAKE_CURRENT_BINARY_DIR}/libpgsidecar.mri
  COMMENT "Archiving the library"
  VERBATIM)
add_custom_target(pgsidecar_library ALL DEPENDS ${library_archive})

configure_package_config_file(
  cmake/pgsidecar-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/pgsidecar-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pgsidecar
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/pgsidecar-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)

install(FILES ${library_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(DIRECTORY include/pgsidecar DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/pgsidecar-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/pgsidecar-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pgsidecar COMPONENT library)
