# Source files that are compiled in one piece. A piece is what stands together: a folder's files, or a test program's files whose
# names begin alike. Headers are then read, and what they define compiled, once a piece instead of once a file. It is for builds
# from nothing, as the preset `release`'s mostly are; who works on the code wants to compile what has changed alone, as the preset
# `dev` does.
#
# What is in a file's anonymous namespace is then seen by the files beside it: names of two files of a piece must differ. Files
# with options or definitions of their own stay by themselves.
option(KCLHOST_UNITY "Compile the files of a folder in one piece" OFF)

# A piece takes some hundred megabytes. GCC would go through them again and again to find some that it could use anew; that is a
# tenth of its time.
if(KCLHOST_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:--param=ggc-min-heapsize=524288>)  # KiB
endif()

function(kclhost_compile_together)
  if(NOT KCLHOST_UNITY)
    return()
  endif()
  foreach(target ${ARGN})
    get_target_property(sources ${target} SOURCES)
    foreach(source ${sources})
      if(source MATCHES "^([a-z0-9]+)[/_.].*cpp$")
        set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_1})
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  endforeach()
endfunction()
