# Writes the files of sdk/templates into a C++ source: cmake -DOUTPUT=FILE -DFOLDER=sdk/templates -DFILES="..." -P this
set(entries)
foreach(file ${FILES})
  file(READ ${FOLDER}/${file} text)
  string(REGEX MATCH "^([^/]+)/(.+)$" matched ${file})
  string(APPEND entries "    {\"${CMAKE_MATCH_1}\", \"${CMAKE_MATCH_2}\", R\"kclhost(${text})kclhost\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"project/templates.hpp\"

namespace kclhost::host::project {

std::span<const Template> templates() {
  static constexpr Template all[] = {
${entries}  };
  return all;
}

}  // namespace kclhost::host::project
")
