// What a check of the doctor's comes to.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kclhost::host::doctor {

// One thing that is wrong. Each part is for a person, and is made one line where it is printed.
struct Finding {
  std::string where;  // a place in a file, a path, an endpoint; "": this machine
  std::string what;
  std::string cure;  // what to do about it; doing it makes the finding go away
};

struct Outcome {
  std::string says;    // what was found to be so, or why it was not looked at
  bool looked = true;  // false: nothing is known
  std::vector<Finding> findings;
};

inline Outcome not_looked(std::string why) {
  return {std::move(why), false, {}};
}
inline Outcome well(std::string says) {
  return {std::move(says), true, {}};
}
inline Outcome found(Finding finding) {
  return {{}, true, {std::move(finding)}};
}

// A message without what stands in front of it, where that is named beside it.
inline std::string without(const std::string& named, const std::string& message) {
  return message.starts_with(named + ": ") ? message.substr(named.size() + 2) : message;
}

// Of a message that kclhost has elsewhere: what is wrong, and, behind the first "; ", what to do about it. `cure` is
// for a message without.
inline Finding finding_of(std::string where, const std::string& message, std::string cure) {
  const auto end = message.find("; ");
  if (end != std::string::npos) cure = message.substr(end + 2);
  return {std::move(where), message.substr(0, end), std::move(cure)};
}

}  // namespace kclhost::host::doctor
