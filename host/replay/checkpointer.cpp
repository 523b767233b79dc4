#include "replay/checkpointer.hpp"

#include <charconv>
#include <utility>

namespace kclhost::host::replay {

Checkpointer::Checkpointer(Position start, std::deque<std::string> failures)
    : start_(std::move(start)), last_(start_), delivered_(start_), failures_(std::move(failures)) {}

void Checkpointer::deliver(const Position& last) {
  if (compare(delivered_, last) < 0) delivered_ = last;
}

void Checkpointer::end_shard() {
  before_shard_end_ = std::exchange(delivered_, Position{std::string(shard_end)});
}

void Checkpointer::restart() {
  last_ = start_;
}

Checkpointer::Answer Checkpointer::checkpoint(const Request& request) {
  Position wanted = delivered_;
  if (request.sequence_number) {
    wanted = {*request.sequence_number, request.sub_sequence_number.value_or(0)};
    if (!is_number(wanted.sequence_number) || wanted.sub_sequence_number < 0 || compare(wanted, last_) < 0 ||
        compare(wanted, delivered_) > 0) {
      return {"IllegalArgumentException"};
    }
  }
  // The KCL writes nothing when nothing moves, so such a checkpoint cannot fail either.
  if (compare(wanted, last_) == 0) return {};
  if (!failures_.empty()) {
    std::string failure = std::move(failures_.front());
    failures_.pop_front();
    return {std::move(failure)};
  }
  // The last record of an ended shard is its end.
  if (before_shard_end_ && compare(wanted, *before_shard_end_) == 0) wanted = {std::string(shard_end)};
  last_ = std::move(wanted);
  return {{}, true};
}

Result<std::deque<std::string>> parse_failures(std::string_view list) {
  const Error error{"'" + std::string(list) +
                    "' is no list of failures; write for example ThrottlingException*2,ShutdownException"};
  std::deque<std::string> failures;
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    unsigned times = 1;
    if (const std::size_t star = name.find('*'); star != std::string_view::npos) {
      const std::string_view count = name.substr(star + 1);
      const auto [end, code] = std::from_chars(count.data(), count.data() + count.size(), times);
      if (code != std::errc() || end != count.data() + count.size() || times > 1'000'000) return error;
      name = name.substr(0, star);
    }
    if (name.empty() || name.find_first_of(" \t\"\\") != std::string_view::npos) return error;
    failures.insert(failures.end(), times, std::string(name));
    if (comma == std::string_view::npos) return failures;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace kclhost::host::replay
