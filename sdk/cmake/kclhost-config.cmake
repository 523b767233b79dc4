include(${CMAKE_CURRENT_LIST_DIR}/kclhost-targets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/kclhost_add_plugin.cmake)
