// The files in sdk/templates, which are in the program.
#pragma once

#include <span>
#include <string_view>

namespace kclhost::host::project {

struct Template {
  std::string_view part;  // the folder in sdk/templates
  std::string_view path;  // within it
  std::string_view text;
};

// cmake/embed_templates.cmake writes it.
std::span<const Template> templates();

}  // namespace kclhost::host::project
