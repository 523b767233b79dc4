#include "launch/cold_start.hpp"

namespace kclhost::host::launch {
namespace {

constexpr std::chrono::seconds pause_between_words{10};

std::string seconds_of(std::chrono::milliseconds time) {
  return std::to_string((time.count() + 999) / 1000) + " s";
}

}  // namespace

std::string ColdStart::line_for(Sign sign, Clock::time_point now) {
  over_ = over_ || sign == Sign::first_shard;
  const bool is_wait = sign == Sign::table_empty || sign == Sign::makes_leases || sign == Sign::begun;
  if (over_ || !is_wait || sign <= last_) return {};
  // Whoever has not waited for an empty table goes on with the leases there are.
  if (last_ == Sign::none && sign != Sign::table_empty) {
    over_ = true;
    return {};
  }
  last_ = sign;
  if (said_at_ && now - *said_at_ < pause_between_words) return {};
  said_at_ = now;
  switch (sign) {
    case Sign::table_empty:
      return "the application has no leases yet; the KCL waits up to 30 s before it makes them, lest daemons that "
             "start together all do";
    case Sign::makes_leases:
      return "the KCL makes the leases, and the tables and the index that are missing; it looks every 10 s whether "
             "DynamoDB has them";
    default:
      return "the KCL is ready; it gives out the leases in about " + seconds_of(lease_interval_ * 3 / 2) +
             " at most (one and a half times leaseAssignmentIntervalMillis)";
  }
}

}  // namespace kclhost::host::launch
