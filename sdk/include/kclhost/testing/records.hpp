// Records and batches that a test makes up.
#ifndef KCLHOST_TESTING_RECORDS_HPP
#define KCLHOST_TESTING_RECORDS_HPP

#include <kclhost/record.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kclhost::testing {

struct Record {
  std::string data;
  bool is_null = false;  // data is a null pointer, as for a record without any
  std::string partition_key = "key";
  std::string sequence_number{};  // empty: the host gives it the next one
  std::int64_t sub_sequence_number = 0;
  std::optional<std::chrono::system_clock::time_point> approximate_arrival_time{};

  Position position() const { return {sequence_number, sub_sequence_number}; }
};

// What an instance is to be given at once:
//
//   Batch().record("one").key("k").sequence(7).record("two").sequence(7).sub(1)
//   Batch{"one", "two"}
class Batch {
 public:
  Batch() = default;
  Batch(std::initializer_list<std::string_view> data) {
    for (const std::string_view one : data) record(std::string(one));
  }

  // Another record behind the others. The functions below change the last one.
  Batch& record(std::string data) {
    records_.emplace_back();
    records_.back().data = std::move(data);
    return *this;
  }
  Batch& records(std::size_t count, const std::string& data) {
    for (std::size_t i = 0; i < count; ++i) record(data);
    return *this;
  }
  Batch& null_record() {
    record("");
    last().is_null = true;
    return *this;
  }
  // As large as Kinesis has them.
  Batch& huge_record(std::size_t bytes = std::size_t{10} << 20) { return record(std::string(bytes, 'x')); }
  Batch& record(Record record) {
    records_.push_back(std::move(record));
    return *this;
  }

  Batch& key(std::string partition_key) {
    last().partition_key = std::move(partition_key);
    return *this;
  }
  Batch& sequence(std::string number) {
    last().sequence_number = std::move(number);
    return *this;
  }
  Batch& sequence(std::uint64_t number) { return sequence(std::to_string(number)); }
  Batch& sub(std::int64_t number) {
    last().sub_sequence_number = number;
    return *this;
  }
  Batch& arrived(std::chrono::system_clock::time_point when) {
    last().approximate_arrival_time = when;
    return *this;
  }

  // Of the batch: how far it is behind the stream's tip. Without: unknown.
  Batch& behind(std::chrono::milliseconds behind) {
    behind_ = behind;
    return *this;
  }
  // Which delivery of these records it is. Without: as the host has counted.
  Batch& attempt(std::uint32_t number) {
    attempt_ = number;
    return *this;
  }

  bool empty() const noexcept { return records_.empty(); }
  std::size_t size() const noexcept { return records_.size(); }
  const Record& operator[](std::size_t index) const { return records_[index]; }
  auto begin() const noexcept { return records_.begin(); }
  auto end() const noexcept { return records_.end(); }
  // Each record's data, to compare with.
  std::vector<std::string> data() const {
    std::vector<std::string> all;
    for (const Record& record : records_) all.push_back(record.data);
    return all;
  }
  std::optional<std::chrono::milliseconds> behind() const noexcept { return behind_; }
  std::optional<std::uint32_t> attempt() const noexcept { return attempt_; }

 private:
  Record& last() {
    if (records_.empty()) throw std::logic_error("kclhost::testing: the batch has no record yet");
    return records_.back();
  }

  std::vector<Record> records_;
  std::optional<std::chrono::milliseconds> behind_;
  std::optional<std::uint32_t> attempt_;
};

}  // namespace kclhost::testing

#endif  // KCLHOST_TESTING_RECORDS_HPP
