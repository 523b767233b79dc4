// What one PutRecords call may hold.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "aws/kinesis.hpp"

namespace kclhost::host::put {

// Records for one call, within the service's limits. A record above max_record_bytes goes alone: streams can be set up
// for larger ones, so the service decides.
class Batch {
 public:
  static constexpr std::size_t max_records = 500;
  static constexpr std::size_t max_bytes = 10u << 20;        // data and partition keys
  static constexpr std::size_t old_max_bytes = 5u << 20;     // what a service of before October 2025 takes
  static constexpr std::size_t max_record_bytes = 1u << 20;  // data and partition key

  explicit Batch(std::size_t most_bytes = max_bytes) : most_bytes_(most_bytes) {}

  // Whether the record may join; an empty batch takes any.
  bool takes(const aws::Record& record) const {
    if (records_.empty()) return true;
    return !oversized_ && record.size() <= max_record_bytes && records_.size() < max_records &&
           bytes_ + record.size() <= most_bytes_;
  }

  void add(aws::Record record) {
    bytes_ += record.size();
    oversized_ = record.size() > max_record_bytes;
    records_.push_back(std::move(record));
  }

  bool empty() const { return records_.empty(); }

  // Hands the records over and begins anew.
  std::vector<aws::Record> take() {
    bytes_ = 0;
    oversized_ = false;
    return std::exchange(records_, {});
  }

 private:
  std::size_t most_bytes_;
  std::vector<aws::Record> records_;
  std::size_t bytes_ = 0;
  bool oversized_ = false;
};

}  // namespace kclhost::host::put
