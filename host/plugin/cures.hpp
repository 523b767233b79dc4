// What usually is behind a plugin that can't be loaded.
#pragma once

#include <string>
#include <string_view>

namespace kclhost::host::plugin {

// The loader's text, or how the process ended that loaded it, with what to do where that is known.
std::string with_cure(std::string why);

// The Debian package that has a library such as "libcurl.so.4"; "" for one that is not known here.
std::string package_of(std::string_view library);

}  // namespace kclhost::host::plugin
