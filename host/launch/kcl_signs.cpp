#include "launch/kcl_signs.hpp"

#include <algorithm>

#include "launch/daemon_line.hpp"

namespace kclhost::host::launch {
namespace {

struct Mark {
  Sign sign;
  std::string_view logger;
  std::string_view text;
};

// As the KCL has them from 3.1.3 to 3.5.1 at least.
constexpr Mark marks[] = {
    // It could not hand a batch to its consumer, because ListShards did not answer, and goes on with the one after
    // that. It says so at once, and again when it next looks at the shard.
    {Sign::left_out, "ShardConsumerSubscriber", "Caught exception from handleInput"},
    {Sign::left_out, "ShardConsumerSubscriber", "The incoming data has been skipped"},
    {Sign::gave_up, "Scheduler", "Unable to initialize after "},
    {Sign::table_empty, "Scheduler", "Lease table is still empty"},
    {Sign::makes_leases, "Scheduler", " is initiating the lease sync"},
    {Sign::begun, "Scheduler", "Initialization complete. Starting worker loop"},
    {Sign::first_shard, "Scheduler", "Created new shardConsumer for"},
};

bool has_mark(std::string_view text) {
  return std::any_of(std::begin(marks), std::end(marks),
                     [text](const Mark& mark) { return text.find(mark.text) != std::string_view::npos; });
}

// The first mark in `text` whose logger `is_logger` takes for the one that wrote it.
template <class IsLogger>
Sign first_mark(std::string_view text, const IsLogger& is_logger) {
  for (const Mark& mark : marks)
    if (text.find(mark.text) != std::string_view::npos && is_logger(mark.logger)) return mark.sign;
  return Sign::none;
}

}  // namespace

Sign sign_in(std::string_view line) {
  if (!has_mark(line) || read_child_line(line) || is_host_line(line)) return Sign::none;
  if (const auto shipped = read_daemon_line(line))
    return first_mark(shipped->message, [&](std::string_view logger) { return logger == shipped->logger; });
  // A pattern of the user's own, which may put the logger's name anywhere.
  return first_mark(line, [&](std::string_view logger) { return line.find(logger) != std::string_view::npos; });
}

}  // namespace kclhost::host::launch
