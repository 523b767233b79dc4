# `cpack` makes two Debian packages of a build: kclhost, the programs and what is beside them on a system, and kclhost-sdk, what
# plugins are built with. The component debian is in the first and in no `cmake --install`: it has places of its own.
set(packaging ${PROJECT_SOURCE_DIR}/packaging)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME debian)
set(documents share/doc/kclhost)

# The sample, with the paths of the package.
file(READ ${PROJECT_SOURCE_DIR}/config/kclhost.yaml configuration)
foreach(change "schema=kclhost.schema.json>schema=/usr/share/kclhost/kclhost.schema.json"
        "../build/release/plugins>/usr/${CMAKE_INSTALL_LIBDIR}/kclhost/plugins" "KCLHOST_STATE_DIR:->KCLHOST_STATE_DIR:-/var/lib/kclhost"
        "../.cache/jars>/var/lib/kclhost/jars" "daemon/logback.xml>/usr/share/kclhost/daemon/logback.xml")
  string(REGEX MATCH "^(.*)>(.*)$" change "${change}")
  string(FIND "${configuration}" "${CMAKE_MATCH_1}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "config/kclhost.yaml has no ${CMAKE_MATCH_1}, which cmake/packages.cmake changes")
  endif()
  string(REPLACE "${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}" configuration "${configuration}")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/packaging/kclhost.yaml CONTENT "${configuration}" @ONLY)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/config/kclhost.yaml)

install(FILES ${PROJECT_BINARY_DIR}/packaging/kclhost.yaml DESTINATION /etc/kclhost EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/config/kclhost.schema.json DESTINATION share/kclhost EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/HACKING.md DESTINATION ${documents} EXCLUDE_FROM_ALL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${documents} EXCLUDE_FROM_ALL)
install(FILES ${packaging}/copyright DESTINATION share/doc/kclhost-sdk COMPONENT kclhost-sdk EXCLUDE_FROM_ALL)
if(EXISTS ${PROJECT_SOURCE_DIR}/config/deploy/kclhost.service)
  install(FILES ${PROJECT_SOURCE_DIR}/config/deploy/kclhost.service DESTINATION lib/systemd/system EXCLUDE_FROM_ALL)
endif()
install(CODE "
  set(share \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/man-pages $<TARGET_FILE:kclhost> \${share}/man/man1 COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${packaging}/copyright own)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/third-party-notices COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE others)
  file(WRITE \${share}/doc/kclhost/copyright \"\${own}\${others}\")" EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
if(NOT CPACK_PACKAGE_CONTACT)
  set(CPACK_PACKAGE_CONTACT "The authors of kclhost <kclhost@example.com>")  # who distributes it names who answers for it
endif()
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL kclhost debian kclhost-sdk)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME kclhost)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "host for compiled Kinesis record processors
Amazon's Kinesis Client Library leases shards and balances load in its Java
process, the MultiLangDaemon; kclhost is the child that the daemon starts
for each shard. It loads record processors from shared libraries, runs them
in processes of their own, and replaces them while the stream is served.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "adduser, ca-certificates")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "default-jre-headless, maven")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS kclhost-sdk)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${packaging}/postinst ${packaging}/prerm ${packaging}/postrm ${packaging}/conffiles)

set(CPACK_DEBIAN_SDK_PACKAGE_NAME kclhost-sdk)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_SDK_DESCRIPTION "what Kinesis record processors for kclhost are built with
Headers for C and C++, the CMake package, and the crate for Rust: what a
project that 'kclhost new' makes is built with.")
set(CPACK_DEBIAN_SDK_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_SDK_PACKAGE_RECOMMENDS "kclhost, g++, cmake, make, libgtest-dev")
set(CPACK_DEBIAN_SDK_PACKAGE_SUGGESTS cargo)

include(CPack)
cpack_add_component_group(program)
cpack_add_component_group(sdk)
cpack_add_component(kclhost GROUP program)
cpack_add_component(debian GROUP program)
cpack_add_component(kclhost-sdk GROUP sdk)
