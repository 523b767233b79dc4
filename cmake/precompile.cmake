# Headers that are parsed once, for all targets that are compiled alike. Only with GCC, where it pays and ccache can follow.
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON does without, and finds the includes that a file lacks; so does tests/style/tidy.py in
# host/.

# Declares the headers. Each target that uses them is compiled for that standard of C++, with `options` (an INTERFACE library) and
# kclhost_warnings.
function(kclhost_declare_precompiled name standard options)
  file(CONFIGURE OUTPUT ${name}.cpp CONTENT "// Carries the headers that are precompiled.\n")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  target_compile_features(${name} PRIVATE cxx_std_${standard})
  target_link_libraries(${name} PRIVATE ${options} kclhost_warnings)  # -Wpedantic changes a macro
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${name} PRIVATE ${ARGN})
  endif()
endfunction()

function(kclhost_use_precompiled name)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  foreach(target ${ARGN})
    target_precompile_headers(${target} REUSE_FROM ${name})
    # ccache needs the first. The others: GCC forgets with a precompiled header that the library's headers turn these warnings
    # off in functions of their own, and warns of strings that are moved.
    target_compile_options(${target} PRIVATE
      -fpch-preprocess -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endforeach()
endfunction()
