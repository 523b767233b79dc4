#include "cli/dead_letters_command.hpp"
namespace kclhost::host::cli::dead_letters { int replay(const Options&) { return 1; } }
