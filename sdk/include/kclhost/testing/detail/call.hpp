// The arguments of one call, as C has them. No part of the interface.
#ifndef KCLHOST_TESTING_DETAIL_CALL_HPP
#define KCLHOST_TESTING_DETAIL_CALL_HPP

#include <kclhost/plugin.h>
#include <kclhost/detail/views.hpp>
#include <kclhost/testing/outcomes.hpp>
#include <kclhost/testing/records.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace kclhost::testing::detail {

// A batch in memory of its own. Records are longer than the plugin knows, as a newer host's would be.
class BatchInCall {
 public:
  BatchInCall(const Batch& batch, std::uint64_t first_id, std::uint32_t attempt)
      : slots_(batch.size()), texts_(batch.begin(), batch.end()) {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const Record& from = texts_[i];
      kclhost_record& to = slots_[i].record;
      to.struct_size = sizeof(Slot);
      if (!from.is_null) to.data = kclhost::detail::text(from.data);
      to.partition_key = kclhost::detail::text(from.partition_key);
      to.sequence_number = kclhost::detail::text(from.sequence_number);
      to.sub_sequence_number = from.sub_sequence_number;
      to.approximate_arrival_timestamp_ms = milliseconds_of(from.approximate_arrival_time);
      to.id = first_id + i;
    }
    c_.struct_size = sizeof c_;
    c_.record_stride = sizeof(Slot);
    c_.records = slots_.empty() ? nullptr : &slots_[0].record;
    c_.record_count = slots_.size();
    c_.millis_behind_latest = batch.behind() ? std::int64_t{batch.behind()->count()} : -1;
    c_.attempt = attempt;
  }
  // The call is over: whoever has kept a view finds '!' there.
  void spoil() {
    for (Record& record : texts_) {
      for (std::string* text : {&record.data, &record.partition_key, &record.sequence_number}) {
        std::fill(text->begin(), text->end(), '!');
      }
    }
  }
  BatchInCall(const BatchInCall&) = delete;
  BatchInCall& operator=(const BatchInCall&) = delete;

  const kclhost_batch& c() const { return c_; }

 private:
  struct Slot {
    kclhost_record record{};
    std::uint64_t beyond[2] = {};
  };

  static std::int64_t milliseconds_of(const std::optional<std::chrono::system_clock::time_point>& time) {
    if (!time) return KCLHOST_NO_TIMESTAMP;
    return std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count();
  }

  std::vector<Slot> slots_;
  std::vector<Record> texts_;
  kclhost_batch c_{};
};

// What the plugin wrote; `rule` is what it should have written otherwise, empty: nothing.
inline Outcome outcome_of(kclhost_status code, const kclhost_error& error, std::size_t records, std::string& rule) {
  Outcome outcome;
  outcome.code = code;
  if (code == KCLHOST_OK) return outcome;
  const auto ends = [](const auto& text) { return std::memchr(text, '\0', sizeof text) != nullptr; };
  if (!ends(error.message) || !ends(error.name)) {
    rule = "an error's text is not NUL-terminated";
    return outcome;
  }
  outcome.message = error.message;
  outcome.name = error.name;
  if (outcome.message.empty()) rule = "a call failed and does not say why";
  outcome.permanent = (error.flags & KCLHOST_FAILURE_PERMANENT) != 0;
  if ((error.flags & KCLHOST_FAILURE_CULPRIT) != 0) outcome.culprit = static_cast<std::size_t>(error.culprit);
  outcome.done = static_cast<std::size_t>(error.first_unfinished);
  outcome.retry_after = std::chrono::milliseconds(error.retry_after_ms);
  if (outcome.done >= std::max(records, std::size_t{1})) {
    rule = "a call failed, and says that " + std::to_string(outcome.done) + " of its " + std::to_string(records) +
           " records are done";
  } else if (outcome.culprit && *outcome.culprit >= records) {
    rule = "a call blames record " + std::to_string(*outcome.culprit) + " of " + std::to_string(records) +
           ", counted from 0";
  } else if (outcome.culprit && *outcome.culprit < outcome.done) {
    rule = "a call blames record " + std::to_string(*outcome.culprit) + ", which it says is done";
  }
  return outcome;
}

}  // namespace kclhost::testing::detail

#endif  // KCLHOST_TESTING_DETAIL_CALL_HPP
