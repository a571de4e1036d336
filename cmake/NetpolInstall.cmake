# SPDX-License-Identifier: Apache-2.0
# Install rules: headers, libraries, the CMake package netpol, libnetpol.pc. The static library is a
# separate export, for only its users need the development files of what it links. The runtime library
# links nothing, so its two forms are one export.
include(CMakePackageConfigHelpers)

set(netpol_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/netpol)

if(TARGET netpol)
    install(TARGETS netpol EXPORT netpolSharedTargets LIBRARY FILE_SET HEADERS)
    install(EXPORT netpolSharedTargets NAMESPACE netpol:: DESTINATION ${netpol_package_dir})
endif()
if(TARGET netpol_static)
    install(TARGETS netpol_static EXPORT netpolStaticTargets ARCHIVE FILE_SET HEADERS)
    install(EXPORT netpolStaticTargets NAMESPACE netpol:: DESTINATION ${netpol_package_dir})
endif()
if(NETPOL_BUILD_SHARED)
    install(TARGETS netpol_runtime EXPORT netpolRuntimeTargets LIBRARY FILE_SET HEADERS)
endif()
install(TARGETS netpol_runtime_static EXPORT netpolRuntimeTargets ARCHIVE FILE_SET HEADERS)
install(EXPORT netpolRuntimeTargets NAMESPACE netpol:: DESTINATION ${netpol_package_dir})

configure_package_config_file(cmake/netpolConfig.cmake.in ${PROJECT_BINARY_DIR}/netpolConfig.cmake
                              INSTALL_DESTINATION ${netpol_package_dir})
# Before 1.0 another minor version is another ABI.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/netpolConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/netpolConfig.cmake
              ${PROJECT_BINARY_DIR}/netpolConfigVersion.cmake cmake/FindCidr.cmake
        DESTINATION ${netpol_package_dir})

# The prefix is written relative to the file, so that an installed tree can be moved.
file(RELATIVE_PATH netpol_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(netpol_pc_libs_private "")
if(NETPOL_WITH_LIBCIDR)
    set(netpol_pc_libs_private -lcidr)
endif()
configure_file(cmake/libnetpol.pc.in ${PROJECT_BINARY_DIR}/libnetpol.pc @ONLY)
configure_file(cmake/libnetpol-runtime.pc.in ${PROJECT_BINARY_DIR}/libnetpol-runtime.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/libnetpol-runtime.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(TARGET netpol_static)
    install(FILES ${PROJECT_BINARY_DIR}/libnetpol.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The manual page and the shell completions come from the command's own tables, so the command that
# was built writes them; a cross build goes without.
if(TARGET netpol_command AND NOT CMAKE_CROSSCOMPILING)
    set(pages ${PROJECT_BINARY_DIR}/pages)
    file(MAKE_DIRECTORY ${pages})
    add_custom_command(
        OUTPUT ${pages}/netpol.1 ${pages}/netpol.bash ${pages}/_netpol ${pages}/netpol.fish
        COMMAND sh -c "\"$0\" help --man >\"$1\"" $<TARGET_FILE:netpol_command>
                ${pages}/netpol.1
        COMMAND sh -c "\"$0\" completion bash >\"$1\"" $<TARGET_FILE:netpol_command>
                ${pages}/netpol.bash
        COMMAND sh -c "\"$0\" completion zsh >\"$1\"" $<TARGET_FILE:netpol_command>
                ${pages}/_netpol
        COMMAND sh -c "\"$0\" completion fish >\"$1\"" $<TARGET_FILE:netpol_command>
                ${pages}/netpol.fish
        DEPENDS netpol_command
        VERBATIM)
    add_custom_target(netpol_pages ALL DEPENDS ${pages}/netpol.1)
    install(FILES ${pages}/netpol.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    install(FILES ${pages}/netpol.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
            RENAME netpol)
    install(FILES ${pages}/_netpol DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES ${pages}/netpol.fish
            DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
