// The launch that looks after those of several streams, as one of these sees it.
#pragma once

#include <optional>
#include <string>

#include "hub/launch_state.hpp"
#include "support/fd.hpp"

namespace kclhost::host::launch {

// The environment variable that tells a stream's launch the hub of the one that started it.
inline constexpr char parent_variable[] = "KCLHOST_PARENT_HUB";

class Parent {
 public:
  // Nothing when there is none. Takes the variable out of the environment: it is meant for this process alone.
  static std::optional<Parent> from_environment();

  // The hub, which this stream's hosts report to as well.
  const std::string& hub() const { return hub_; }
  // Never waits.
  void tell(const hub::LaunchState& state) const;

 private:
  Parent() = default;

  std::string hub_;
  Fd fd_;
};

}  // namespace kclhost::host::launch
