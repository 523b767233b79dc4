#include "put/putter.hpp"

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

// Keeps the records that were not accepted. Throws for a refusal that does not pass; returns the first error.
std::string keep_refused(std::vector<aws::Record>& records, const std::vector<aws::PutResult>& results) {
  std::string first;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const aws::PutResult& result = results[i];
    if (result.error_code.empty()) continue;
    if (!aws::is_passing(result.error_code)) throw aws::ServiceError(result.error_code, result.error_message, 200);
    if (first.empty()) first = result.error_code + ": " + result.error_message;
    if (kept != i) records[kept] = std::move(records[i]);
    ++kept;
  }
  records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept), records.end());
  return first;
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
  std::vector<aws::Record> records = batch_.take();
  Attempts attempts(patience_);
  while (!records.empty()) {
    std::string why;
    bool progressed = false;
    try {
      const auto results = kinesis_.put(stream_, records);
      for (const aws::PutResult& result : results) accepted_ += result.error_code.empty();
      const std::size_t sent = records.size();
      why = keep_refused(records, results);
      progressed = records.size() < sent;
    } catch (const aws::RequestError& error) {
      if (!error.retryable()) throw;
      why = error.what();
    }
    if (records.empty()) break;
    attempts.failed(why, progressed);
    resent_ += records.size();
  }
}

}  // namespace kclhost::host::put
