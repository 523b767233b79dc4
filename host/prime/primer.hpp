// Makes a new application's tables and leases.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "aws/dynamodb.hpp"
#include "aws/kinesis.hpp"
#include "launch/priming.hpp"

namespace kclhost::host::prime {

// One transaction takes no more, and only in one transaction do all leases come at once.
inline constexpr std::size_t most_leases = 100;

// How long a table may take until it can be used; later is the KCL's matter.
inline constexpr std::chrono::seconds most_patience{60};

// Does nothing unless none of the three tables is there, and then what the KCL would do next. Where it can't go on, the
// rest is left to the KCL, which goes on from whatever is there. Returns what to tell: one line, or nothing for an
// application that is not new. `pause` is called between two looks at a table. Throws what the services throw.
std::string prime(const launch::PrimingPlan& plan, aws::Kinesis& kinesis, aws::DynamoDb& dynamodb,
                  const std::function<void()>& pause);

}  // namespace kclhost::host::prime
