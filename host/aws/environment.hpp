// Environment variables, as a value that tests can replace.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace kclhost::host::aws {

// A variable's value by its name. An empty variable counts as unset, as with the AWS tools.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// This process's own. Calls must not overlap with setenv.
Environment process_environment();

}  // namespace kclhost::host::aws
