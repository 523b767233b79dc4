// kclhost replay --compare: two plugins, the same records.
#pragma once

#include <string>
#include <vector>

#include "cli/compare_run.hpp"
#include "cli/replay_arguments.hpp"

namespace kclhost::host::cli {

// The exit code: 1 when a record fared otherwise with the second plugin than with the first.
int compare(const ReplayArguments& arguments);

namespace comparison {

// The records of which the two made something else.
std::vector<std::size_t> differences(const Run& one, const Run& other);

std::string table(const Run& one, const Run& other, const std::vector<RecordName>& names);
// A JSON document; docs/replay.md names its members.
std::string json(const Run& one, const Run& other, const std::vector<RecordName>& names);

}  // namespace comparison

}  // namespace kclhost::host::cli
