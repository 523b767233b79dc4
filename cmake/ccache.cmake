# Compiles through ccache where there is one, in such a way that every clone on a machine, and the image's build, share what
# was compiled: paths below the source tree are taken as relative. The sloppiness is what precompiled headers need. A
# compiler launcher of your own wins.
find_program(KCLHOST_CCACHE ccache)
mark_as_advanced(KCLHOST_CCACHE)
get_filename_component(KCLHOST_SOURCE_TREE ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
if(KCLHOST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${KCLHOST_SOURCE_TREE} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros ${KCLHOST_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  # Or an object's debug information would name the tree that happened to be first. Start gdb in the source tree.
  add_compile_options(-fdebug-prefix-map=${KCLHOST_SOURCE_TREE}=.)
endif()
