// What `kclhost doctor` prints.
#pragma once

#include <string>
#include <vector>

#include "doctor/finding.hpp"

namespace kclhost::host::doctor {

struct Looked {
  const char* check;
  Outcome outcome;
};

std::size_t count_findings(const std::vector<Looked>& all);

// Prints a line for each check, then each finding with its cure.
void print_text(const std::vector<Looked>& all);

// One object.
std::string to_json(const std::vector<Looked>& all);

}  // namespace kclhost::host::doctor
