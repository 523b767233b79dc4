// What ps shows of this process.
#pragma once

#include <string_view>

namespace kclhost::host {

// Shows `arguments`, each with a zero behind it, as the command line, as far as the one shown before was as long; and
// `name`, 15 bytes at the most, where names alone are shown.
void set_process_title(const char* name, std::string_view arguments);

}  // namespace kclhost::host
