# kclhost_add_plugin(name sources... [VERSION version]) builds name.so, a plugin that kclhost can load: a MODULE library that
# exports its entry function and nothing else, has no undefined symbols, and is not writable by others (kclhost refuses such
# files). CMake 3.16 will do.
#
# It goes where CMAKE_LIBRARY_OUTPUT_DIRECTORY says, else into plugins/ in the build tree. C or C++ sources; link further
# libraries with target_link_libraries as usual. The sources see the version as KCLHOST_PLUGIN_VERSION, a string literal for
# KCLHOST_PLUGIN, so that it is said in one place.

# A function runs in its caller's scope: what it needs of this file's place is kept where every scope sees it.
set_property(GLOBAL PROPERTY KCLHOST_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/kclhost_plugin.map)

function(kclhost_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "VERSION" "")
  if(plugin_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "kclhost_add_plugin(${name}): VERSION is followed by no version; does project() have one?")
  endif()
  add_library(${name} MODULE ${plugin_UNPARSED_ARGUMENTS})
  if(DEFINED plugin_VERSION)
    target_compile_definitions(${name} PRIVATE KCLHOST_PLUGIN_VERSION="${plugin_VERSION}")
  endif()
  target_link_libraries(${name} PRIVATE kclhost::sdk)
  if(CMAKE_CXX_COMPILE_FEATURES)
    target_compile_features(${name} PRIVATE cxx_std_17)
  endif()
  if(CMAKE_C_COMPILE_FEATURES)
    target_compile_features(${name} PRIVATE c_std_11)
  endif()

  get_property(exports GLOBAL PROPERTY KCLHOST_PLUGIN_MAP)
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${exports})
  if(NOT CMAKE_LIBRARY_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  # The dynamic linker unifies unique symbols across plugins even under RTLD_LOCAL.
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports} -Wl,--build-id)

  # clang leaves a sanitizer's own symbols to the program that loads the library.
  get_directory_property(directory_options COMPILE_OPTIONS)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  set(flags "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${build_type}} ${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} ${directory_options}")
  if(NOT flags MATCHES "-fsanitize=")
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()

  add_custom_command(TARGET ${name} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${name}> VERBATIM)
endfunction()
