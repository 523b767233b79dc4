# Declares a GoogleTest program. Its own code is not optimised in the release build: compiling it would cost more than running it
# does, and the host's code that it tests is compiled as users get it. OPTIMISED for those that work hard. A build
# that looks for undefined behaviour does not look in it, which would more than double the time to compile it; OF_HEADERS where what
# is tested are headers, and so are compiled with it.
#
# PREFIX text: stands before the tests' names. LABELS: for ctest. Each test is a process of its own; with a sanitizer, whose
# processes are slow to start, the whole program is.
function(kclhost_add_test_program name)
  cmake_parse_arguments(ARG "OPTIMISED;OF_HEADERS" "PREFIX" "LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE kclhost_warnings GTest::gmock)
  kclhost_compile_program_together(${name})
  if(ARG_OPTIMISED OR (ARG_OF_HEADERS AND KCLHOST_SANITIZE))
    kclhost_use_precompiled(kclhost_std_headers ${name})
  else()
    target_link_libraries(${name} PRIVATE kclhost_test_options)
    kclhost_use_precompiled(kclhost_test_headers ${name})
  endif()
  if(KCLHOST_SANITIZE)
    add_test(NAME ${ARG_PREFIX}${name} COMMAND ${name})
    set_tests_properties(${ARG_PREFIX}${name} PROPERTIES LABELS "${ARG_LABELS}")
  else()
    set(prefix)
    if(ARG_PREFIX)
      set(prefix TEST_PREFIX ${ARG_PREFIX})
    endif()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST ${prefix} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()
