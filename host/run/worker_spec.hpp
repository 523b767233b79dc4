// What the configuration says of a worker of this host's.
#pragma once

#include "config/config.hpp"
#include "worker/life.hpp"

namespace kclhost::host::run {

// Without its plugin and its lane.
worker::Spec worker_spec(const config::Config& config, const std::optional<worker::User>& user);

}  // namespace kclhost::host::run
