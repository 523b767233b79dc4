// Loads a plugin somewhere harmless, to see what it is.
#pragma once

#include <functional>
#include <string>

#include "config/config.hpp"
#include "plugin/call.hpp"
#include "support/result.hpp"
#include "worker/user.hpp"

namespace kclhost::host::worker {

struct Probed {
  Descriptor about;
  // What the plugin says against the configuration; empty: nothing, or it was not asked.
  std::string objection{};
};

// What the plugin is asked, once it is loaded.
struct Question {
  std::string config_json{};   // empty: nothing
  std::optional<User> user{};  // as whom; none: as this process
  bool shadow = false;         // whether it can run as a shadow: else the error says that it can't
  // Whether the plugin, which this describes, may be asked: the configuration fits its schema.
  std::function<bool(const Descriptor&)> fits{};
};

// Loads the shared object in a process of its own, reads its table, asks it through its extension check_config where it
// has one, and lets it go; create is never called. The error begins with a verb, "can't be loaded: ...", and has the
// last of what the plugin printed meanwhile: a library that ends its process says there why. Both parts may take
// `timeout`. With an event loop of its own.
Result<Probed> probe(const std::string& path, config::Milliseconds timeout, const Question& question = {});

}  // namespace kclhost::host::worker
