// One instance of a plugin, wherever it runs.
#pragma once

#include "processor/call.hpp"

namespace kclhost::host::processor {

// Calls run one at a time: start one, run the event loop until busy() is false, look at outcome(). Host's thread only.
class Processor {
 public:
  virtual ~Processor() = default;

  virtual const Descriptor& descriptor() const = 0;
  // Begins a call. Only when !busy() and alive().
  virtual void start(const Request& request) = 0;
  virtual bool busy() const = 0;
  // Of the last call; also says how the instance died when that happened between calls.
  virtual const Outcome& outcome() const = 0;
  virtual bool alive() const = 0;
  // The memory of a process that this instance has to itself, in bytes; 0 when it has none.
  virtual std::uint64_t resident_memory() const = 0;
  // Tells the plugin, through should_stop, to return early from the call in progress; reset by the next start.
  virtual void request_stop() = 0;
  // Ends the instance by force, for the reason given. No-op where that is impossible (isolation none).
  virtual void abort(std::string_view reason) = 0;
};

}  // namespace kclhost::host::processor
