// What an instance is given: records, batches of them, their places in the shard, and where it begins.
#ifndef KCLHOST_RECORD_HPP
#define KCLHOST_RECORD_HPP

#include <kclhost/plugin.h>
#include <kclhost/detail/views.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace kclhost {

// A place in a shard, with a text of its own. Positions compare by number, as the shard has its records. What is no
// number (TRIM_HORIZON, LATEST, AT_TIMESTAMP, nothing) comes before every number.
class Position {
 public:
  // Before every record.
  Position() = default;
  Position(std::string_view sequence_number, std::int64_t sub_sequence_number)
      : sequence_number_(sequence_number), sub_sequence_number_(sub_sequence_number) {}

  const std::string& sequence_number() const noexcept { return sequence_number_; }
  // The position inside a KPL aggregate, else 0.
  std::int64_t sub_sequence_number() const noexcept { return sub_sequence_number_; }

  // As C has it. A view.
  kclhost_position c() const noexcept { return {detail::text(sequence_number_), sub_sequence_number_}; }

  friend bool operator==(const Position& a, const Position& b) noexcept { return order(a, b) == 0; }
  friend bool operator!=(const Position& a, const Position& b) noexcept { return order(a, b) != 0; }
  friend bool operator<(const Position& a, const Position& b) noexcept { return order(a, b) < 0; }
  friend bool operator<=(const Position& a, const Position& b) noexcept { return order(a, b) <= 0; }
  friend bool operator>(const Position& a, const Position& b) noexcept { return order(a, b) > 0; }
  friend bool operator>=(const Position& a, const Position& b) noexcept { return order(a, b) >= 0; }

 private:
  static int order(const Position& a, const Position& b) noexcept { return kclhost_position_compare(a.c(), b.c()); }

  std::string sequence_number_;
  std::int64_t sub_sequence_number_ = 0;
};

// One Kinesis record, or one user record out of a KPL aggregate. A view: it and what it returns, but for position() and
// id(), are valid until the call that brought it returns.
class Record {
 public:
  explicit Record(const kclhost_record& record) noexcept : record_(&record) {}

  std::string_view data() const noexcept { return detail::view(record_->data); }
  std::string_view partition_key() const noexcept { return detail::view(record_->partition_key); }
  std::string_view sequence_number() const noexcept { return detail::view(record_->sequence_number); }
  // The position inside a KPL aggregate, else 0.
  std::int64_t sub_sequence_number() const noexcept { return record_->sub_sequence_number; }
  std::optional<std::chrono::system_clock::time_point> approximate_arrival_time() const noexcept {
    const std::int64_t since_epoch = record_->approximate_arrival_timestamp_ms;
    if (since_epoch == KCLHOST_NO_TIMESTAMP) return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::milliseconds(since_epoch));
  }

  // Names it to acknowledge and reject. Counted from 0 over what the instance is given; a record that comes again has
  // another.
  std::uint64_t id() const noexcept { return record_->id; }
  // A copy, to keep.
  Position position() const { return {sequence_number(), sub_sequence_number()}; }
  // position() > position, without a copy.
  bool comes_after(const Position& position) const noexcept {
    return kclhost_position_compare(kclhost_record_position(record_), position.c()) > 0;
  }

 private:
  const kclhost_record* record_;
};

// The records of one call, in the shard's order. A view, as Record is.
class Batch {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // records are made as they are reached
    using value_type = Record;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Record;

    Iterator(const Batch& batch, std::size_t index) noexcept : batch_(&batch), index_(index) {}
    Record operator*() const noexcept { return (*batch_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++index_;
      return before;
    }
    bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }
    bool operator!=(const Iterator& other) const noexcept { return index_ != other.index_; }

   private:
    const Batch* batch_;
    std::size_t index_;
  };

  explicit Batch(const kclhost_batch& batch) noexcept : batch_(batch) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  Iterator begin() const noexcept { return {*this, 0}; }
  Iterator end() const noexcept { return {*this, size()}; }
  std::size_t size() const noexcept { return batch_.record_count; }
  bool empty() const noexcept { return size() == 0; }
  // index must be below size().
  Record operator[](std::size_t index) const noexcept { return Record(*kclhost_batch_at(&batch_, index)); }

  // How far the batch is behind the stream's tip; empty when unknown.
  std::optional<std::chrono::milliseconds> millis_behind_latest() const noexcept {
    if (batch_.millis_behind_latest < 0) return std::nullopt;
    return std::chrono::milliseconds(batch_.millis_behind_latest);
  }
  // 1 the first time these records are delivered, then 2, 3, ...
  std::uint32_t attempt() const noexcept { return batch_.attempt; }

 private:
  const kclhost_batch& batch_;
};

// Why an instance begins on its shard.
enum class Beginning {
  start,    // it is the first one in this lease
  restart,  // the one before has died or could not go on: some records may come again
  swap,     // it takes the place of one that was asked to finish what it held
};

// Where an instance begins on its shard. A view, as Record is.
class Initialization {
 public:
  explicit Initialization(const kclhost_initialization& initialization) noexcept : initialization_(initialization) {}
  Initialization(const Initialization&) = delete;
  Initialization& operator=(const Initialization&) = delete;

  std::string_view shard_id() const noexcept { return detail::view(initialization_.shard_id); }
  // The last finished record: digits, or TRIM_HORIZON, LATEST, AT_TIMESTAMP.
  std::string_view sequence_number() const noexcept { return detail::view(initialization_.sequence_number); }
  std::int64_t sub_sequence_number() const noexcept { return initialization_.sub_sequence_number; }
  // A copy of both, to keep.
  Position position() const { return {sequence_number(), sub_sequence_number()}; }

  Beginning reason() const noexcept {
    switch (initialization_.reason) {
      case KCLHOST_INITIALIZATION_START:
        return Beginning::start;
      case KCLHOST_INITIALIZATION_SWAP:
        return Beginning::swap;
      default:  // a newer host's reason counts as a restart
        return Beginning::restart;
    }
  }

 private:
  const kclhost_initialization& initialization_;
};

}  // namespace kclhost

#endif  // KCLHOST_RECORD_HPP
