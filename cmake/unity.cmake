# Source files that are compiled in one piece. A piece is a folder's files, or as many files of a test program as are worth a
# piece. Headers are then read, and what they define compiled, once a piece instead of once a file. It is for builds from nothing,
# as most are but for those of the preset `dev`: who works on the code wants to compile what has changed alone.
#
# What is in a file's anonymous namespace is then seen by the files beside it: names of two files of a folder, or of a test
# program, must differ. Files with options or definitions of their own stay by themselves.
option(KCLHOST_UNITY "Compile the files of a folder in one piece" OFF)

# A piece takes some hundred megabytes. GCC would go through them again and again to find some that it could use anew; that is a
# tenth of its time.
if(KCLHOST_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:--param=ggc-min-heapsize=524288>)  # KiB
endif()

# Targets of the current folder; a piece is a folder.
function(kclhost_compile_folders_together)
  foreach(target ${ARGN})
    get_target_property(sources ${target} SOURCES)
    foreach(source ${sources})
      if(source MATCHES "^([a-z0-9_]+)/.*cpp$")
        set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_1})
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${KCLHOST_UNITY} UNITY_BUILD_MODE GROUP)
  endforeach()
endfunction()

# A test program of the current folder; a piece is some 150 KB of its files, so that two processors share the work.
function(kclhost_compile_program_together target)
  get_target_property(sources ${target} SOURCES)
  set(piece 1)
  set(bytes 0)
  foreach(source ${sources})
    if(source MATCHES "^[a-z0-9_]+[.]cpp$")
      file(SIZE ${CMAKE_CURRENT_SOURCE_DIR}/${source} more)
      math(EXPR bytes "${bytes} + ${more}")
      if(bytes GREATER 150000)
        math(EXPR piece "${piece} + 1")
        set(bytes ${more})
      endif()
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${piece})
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${KCLHOST_UNITY} UNITY_BUILD_MODE GROUP)
endfunction()
