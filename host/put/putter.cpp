#include "put/putter.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include "aws/errors.hpp"
#include "put/backoff.hpp"

namespace kclhost::host::put {
namespace {

// Waits between attempts, and gives up after too many in a row that got nothing done.
class Attempts {
 public:
  explicit Attempts(const Patience& patience) : patience_(patience) {}

  void failed(const std::string& why, bool progressed = false) {
    if (progressed) {
      failures_ = 0;
      backoff_.reset();
    } else if (++failures_ >= patience_.max_attempts) {
      throw PutError(why + "; gave up after " + std::to_string(failures_) +
                     (failures_ == 1 ? " attempt" : " attempts"));
    }
    // Not at the first: under load that is everyday, and the summary counts it.
    if (failures_ == 2) patience_.notice(why + "; still trying");
    patience_.sleep(backoff_.next());
  }

 private:
  const Patience& patience_;
  Backoff backoff_;
  int failures_ = 0;
};

// Runs a call until it succeeds or fails for good.
template <class Call>
auto insist(const Patience& patience, Call call) {
  Attempts attempts(patience);
  for (;;) {
    try {
      return call();
    } catch (const aws::RequestError& error) {
      if (!error.retryable()) throw;
      attempts.failed(error.what());
    }
  }
}

bool is(const aws::ServiceError& error, const char* code) {
  return error.code() == code;
}

// Keeps the records that were not accepted; returns the first error. The first record that is refused for good comes
// first then, and `lasting` is true.
std::string keep_refused(std::vector<aws::Record>& records, const std::vector<aws::PutResult>& results, bool& lasting) {
  std::string first;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const aws::PutResult& result = results[i];
    if (result.error_code.empty()) continue;
    const bool lasts = !lasting && !aws::is_passing(result.error_code);
    if (first.empty() || lasts) first = result.error_code + ": " + result.error_message;
    if (kept != i) records[kept] = std::move(records[i]);
    if (lasts) std::swap(records[0], records[kept]);
    lasting |= lasts;
    ++kept;
  }
  records.resize(kept);
  return first;
}

std::size_t bytes_of(const std::vector<aws::Record>& records) {
  std::size_t bytes = 0;
  for (const aws::Record& record : records) bytes += record.size();
  return bytes;
}

// Whether a service that takes less in one call may have refused a call for its size.
bool may_be_too_large(const aws::RequestError& error, const std::vector<aws::Record>& records) {
  const auto* refusal = dynamic_cast<const aws::ServiceError*>(&error);
  return refusal != nullptr && records.size() > 1 && bytes_of(records) > Batch::old_max_bytes &&
         (is(*refusal, "InvalidArgumentException") || is(*refusal, "ValidationException") ||
          is(*refusal, "SerializationException") || is(*refusal, "HTTP 413"));
}

// The record that a validation error is about, as in "records.3.member.partitionKey", from 1; 0: it names none.
std::size_t record_named(std::string_view message) {
  constexpr std::string_view before = "records.";
  const std::size_t at = message.find(before);
  if (at == std::string_view::npos) return 0;
  std::size_t number = 0;
  const char* const digits = message.data() + at + before.size();
  const auto [end, code] = std::from_chars(digits, message.data() + message.size(), number);
  return code == std::errc() && std::string_view(end, message.data() + message.size()).starts_with(".member") ? number
                                                                                                              : 0;
}

}  // namespace

std::optional<int> ensure_stream(aws::Kinesis& kinesis, const std::string& stream, std::optional<int> create_shards,
                                 const Patience& patience) {
  if (create_shards) {
    insist(patience, [&] {
      try {
        kinesis.create(stream, *create_shards);
      } catch (const aws::ServiceError& error) {
        if (!is(error, "ResourceInUseException")) throw;
      }
    });
  }
  // Creating a stream takes AWS well under a minute; how many looks that is does not depend on max_attempts.
  constexpr int most_looks = 100;
  Backoff between(std::chrono::milliseconds{100}, std::chrono::milliseconds{5'000});
  for (int look = 1;; ++look) {
    aws::StreamSummary summary;
    try {
      summary = insist(patience, [&] { return kinesis.describe(stream); });
    } catch (const aws::ServiceError& error) {
      if (is(error, "AccessDeniedException") && !create_shards) return std::nullopt;
      // A stream just made may not be seen everywhere yet.
      const bool unseen = is(error, "ResourceNotFoundException");
      if (unseen && !create_shards) {
        throw PutError("no stream " + stream + " in " + kinesis.region() + " at " + kinesis.endpoint() +
                       ": check the name and --region, or create it with --create-stream SHARDS");
      }
      if (!unseen) throw;
    }
    // A stream that is being resharded takes records as usual.
    if (summary.status == "ACTIVE" || summary.status == "UPDATING") return summary.open_shards;
    if (summary.status == "DELETING")
      throw PutError("stream " + stream + " is being deleted: try again when it is gone");
    if (look == most_looks) {
      throw PutError("stream " + stream + " is not ACTIVE" + (summary.status.empty() ? "" : " but " + summary.status) +
                     " after " + std::to_string(look) + " looks: try again later");
    }
    patience.sleep(between.next());
  }
}

Putter::Putter(aws::Kinesis& kinesis, std::string stream, Patience patience)
    : kinesis_(kinesis), stream_(std::move(stream)), patience_(std::move(patience)) {}

void Putter::add(aws::Record record) {
  if (!batch_.takes(record)) flush();
  batch_.add(std::move(record));
}

void Putter::flush() {
  send(batch_.take());
}

void Putter::send(std::vector<aws::Record> records) {
  Attempts attempts(patience_);
  while (!records.empty()) {
    std::string why;
    bool progressed = false;
    try {
      const auto results = kinesis_.put(stream_, records);
      for (const aws::PutResult& result : results) accepted_ += result.error_code.empty();
      const std::size_t sent = records.size();
      bool lasting = false;
      why = keep_refused(records, results, lasting);
      if (lasting) throw PutError(why + place(records[0].line, records[0].line));
      progressed = records.size() < sent;
    } catch (const aws::RequestError& error) {
      if (may_be_too_large(error, records)) return send_in_parts(std::move(records));
      if (!error.retryable()) throw PutError(error.what() + place(records, error.what()));
      why = error.what();
    }
    if (records.empty()) break;
    attempts.failed(why + place(records, why), progressed);
    resent_ += records.size();
  }
}

void Putter::send_in_parts(std::vector<aws::Record> records) {
  batch_ = Batch(Batch::old_max_bytes);
  Batch part(Batch::old_max_bytes);
  for (aws::Record& record : records) {
    if (!part.takes(record)) send(part.take());
    part.add(std::move(record));
  }
  send(part.take());
}

std::string Putter::place(const std::vector<aws::Record>& records, std::string_view message) const {
  if (const std::size_t number = record_named(message); number >= 1 && number <= records.size()) {
    return place(records[number - 1].line, records[number - 1].line);
  }
  return place(records.front().line, records.back().line);
}

std::string Putter::place(std::size_t first, std::size_t last) const {
  if (first == 0) return {};
  const std::string from = " (" + input_ + ':' + std::to_string(first);
  return from + (last > first ? " to " + std::to_string(last) + ')' : ")");
}

}  // namespace kclhost::host::put
