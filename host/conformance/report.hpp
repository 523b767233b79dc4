// What conformance found, in words for the plugin's author.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kclhost::host::conformance {

enum class Weight {
  warning,  // unwise, and allowed
  fault     // to be mended
};

struct Finding {
  Weight weight = Weight::fault;
  std::string key;   // findings of one key are one: "died lease_lost"
  std::string done;  // what was done to the plugin: "the lease was lost"
  std::string did;   // what it did: "lease_lost: the worker was killed by SIGSEGV at address 0x8"
  std::string mend;  // what to do about it
  std::size_t times = 1;

  // "DONE: DID; MEND"
  std::string str() const;
};

class Report {
 public:
  // A finding that is known already, by its key, only counts.
  void add(Finding finding);
  const std::vector<Finding>& findings() const { return findings_; }
  std::size_t count(Weight weight) const;
  bool has(Weight weight) const { return count(weight) != 0; }

  std::string id, version, file;  // of the plugin
  std::uint64_t seed = 0;
  std::vector<std::string> scenes;  // that were played
  // Why those that follow were not; empty: all were.
  std::string broken_off;

 private:
  std::vector<Finding> findings_;
};

// A line for each finding, and one for the whole. Each ends in a newline.
std::string text_of(const Report& report);
std::string json_of(const Report& report);

}  // namespace kclhost::host::conformance
