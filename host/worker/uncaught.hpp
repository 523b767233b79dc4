// Exceptions that a plugin lets out of its table.
#pragma once

#include <string>

namespace kclhost::host::worker {

// Has the end of the process name the exception that ends it: its type and what() on standard error, as the C++ library
// does where it can. It can't where the plugin is linked to a copy of its own, because this program's copy has caught
// the exception by then, at the noexcept that nothing passes. `path` is the plugin's file, which is loaded.
void name_what_is_let_out(const std::string& path);

}  // namespace kclhost::host::worker
