// A file with several streams, taken apart into what each of them is configured with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_tree.hpp"

namespace kclhost::host::config {

// The key `streams` of a file.
struct StreamsKey {
  bool there = false;
  Position position;
  std::vector<Member> streams;  // in the file's order, each with a name that is one
  std::vector<Problem> problems;
};

// Whether a key of the file's top is one for all streams, so that none can have its own.
bool is_shared(std::string_view key);

StreamsKey find_streams(const Tree& tree, const std::string& file);

// The file as it would be written for this stream alone: what the stream says wins over the rest of the file, section
// by section; below a section a key's value counts as a whole. `tree` gets the nodes that this takes.
Value file_of_stream(Tree& tree, const Member& stream, const std::string& file, std::vector<Problem>& problems);

}  // namespace kclhost::host::config
