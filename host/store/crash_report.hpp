// A file for each worker that died, for whoever has to find out why.
#pragma once

#include <cstdint>
#include <string>

#include "batch/batch.hpp"
#include "config/config.hpp"
#include "observe/log.hpp"
#include "plugin/call.hpp"

namespace kclhost::host::store {

// Writes STATE_DIR/crashes/TIME.SHARD.GENERATION.json: the cause, what the worker printed last, the stack, the plugin,
// the records in hand by their numbers and keys (with their data only where worker.crash_payloads says so), the last
// log lines. It is JSON whatever bytes are in all that: what is no UTF-8 becomes U+FFFD. The newest 20 reports are
// kept. What goes wrong with that is logged and changes nothing else.
void write_crash_report(const config::Config& config, observe::Log& log, const std::string& shard_id,
                        std::uint32_t generation, const Death& death, const Batch& batch);

}  // namespace kclhost::host::store
