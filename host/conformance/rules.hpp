// What holds for every life that a plugin lives.
#pragma once

#include <string>

#include "conformance/course.hpp"
#include "conformance/report.hpp"

namespace kclhost::host::conformance {

// What a scene makes of what would be a finding otherwise.
struct Leniency {
  bool failures = false;  // a call may fail, and the shard stop: the scene has given it a reason
  bool records = false;   // what becomes of records is for the scene to say
};

// Adds what is wrong with a life. `done`: what was done to the plugin, "the lease was lost".
void judge(const Course& course, const std::string& done, Report& report, Leniency leniency = {});

// The cure of a thread that outlives its instance.
inline constexpr const char* ends_with_its_instance =
    "end and join in destroy what the instance has started: it uses what is gone";

// A worker's death in a call, or between calls.
Finding death_in(const std::string& call, const Death& death, const std::string& done);
// A call that failed without a reason.
Finding failure_of(Call call, const std::string& message, const std::string& done);
// Lines on standard output.
Finding printed(const std::string& first, const std::string& done);
// What the host says of a worker.
Finding complained(const std::string& text, const std::string& done);

}  // namespace kclhost::host::conformance
