# Declares a plugin that only tests load: as kclhost_add_plugin does, but it is not optimised in the release build, as a test's own
# code is not (test_program.cmake), and what is in C++ shares the SDK's headers as they were parsed once.
#
# OWN_FLAGS: it is compiled with options that others are not, and so parses them itself.
kclhost_declare_precompiled(kclhost_plugin_headers 17 kclhost_unoptimised
  <kclhost/record_processor.hpp> <cstdio> <cstdlib> <stdexcept> <string> <vector>)
target_link_libraries(kclhost_plugin_headers PRIVATE kclhost_sdk)
set_target_properties(kclhost_plugin_headers PROPERTIES
  POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_compile_options(kclhost_plugin_headers PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)

function(kclhost_add_test_plugin name)
  cmake_parse_arguments(ARG "OWN_FLAGS" "" "" ${ARGN})
  kclhost_add_plugin(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE kclhost_warnings kclhost_unoptimised)
  if(NOT ARG_OWN_FLAGS AND ARG_UNPARSED_ARGUMENTS MATCHES "[.]cpp")
    kclhost_use_precompiled(kclhost_plugin_headers ${name})
  endif()
endfunction()
