// ${NAME} and ${NAME:-default} in values, from the environment.
#pragma once

#include <functional>
#include <string>

#include "config/yaml_tree.hpp"

namespace kclhost::host::config {

// Called with the exact place of what can't be expanded, and why.
using Report = std::function<void(Position, std::string)>;

// A scalar's text with its references replaced; $$ is a dollar sign, any other $ stands for itself. The default serves
// when the variable is unset or empty, as in a shell; it ends at the brace that closes the reference's, so braces in it
// come in pairs. What can't be expanded is reported and left out.
std::string expand(const Node& scalar, const std::string& source, const Report& report);

}  // namespace kclhost::host::config
