# Warnings and sanitizers for the project's own targets; they never reach those who consume the SDK. The presets make errors of
# warnings; a build without them does not: another compiler than those that the tests see warns of other things.
option(KCLHOST_WERROR "Make errors of warnings" OFF)
set(KCLHOST_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as -fsanitize takes them")

add_library(kclhost_warnings INTERFACE)
target_compile_options(kclhost_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wundef $<$<BOOL:${KCLHOST_WERROR}>:-Werror>
  # RapidJSON's iterators, in a range-based for.
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-ambiguous-reversed-operator>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>)

if(KCLHOST_SANITIZE)
  add_compile_options(-fsanitize=${KCLHOST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KCLHOST_SANITIZE})
  if(KCLHOST_SANITIZE MATCHES "address")
    # The address sanitizer sees what is read and written there, and to ask everywhere takes a quarter of the time to compile.
    add_compile_options(-fno-sanitize=null)
    # What is instrumented misleads GCC, which warns of what its release build does not.
    add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
  endif()
endif()
