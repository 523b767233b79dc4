// Puts records in batches, as long as it takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "aws/kinesis.hpp"
#include "put/batch.hpp"

namespace kclhost::host::put {

// Gave up. what() is one line.
class PutError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Patience {
  // Attempts in a row that get nothing done, the first included, before giving up.
  int max_attempts = 10;
  std::function<void(std::chrono::milliseconds)> sleep;
  // Told, with one line, what is in the way when nothing gets done.
  std::function<void(const std::string&)> notice = [](const std::string&) {};
};

// Makes sure that the stream can take records: creates it with so many shards if asked to and it is not there, and
// waits until it is active. Returns the number of its open shards; empty if the caller may put but not describe. Throws
// PutError and what Kinesis throws.
std::optional<int> ensure_stream(aws::Kinesis& kinesis, const std::string& stream, std::optional<int> create_shards,
                                 const Patience& patience);

// One thread. What is added is sent when a batch is full, and at flush(). Records that the service refuses for load are
// sent again without those it took, so order holds within a shard only as long as nothing is sent again; and what was
// taken in a call whose answer got lost is put twice.
class Putter {
 public:
  // kinesis must outlive this.
  Putter(aws::Kinesis& kinesis, std::string stream, Patience patience);

  void add(aws::Record record);  // throws as flush()
  // Sends what is held. Throws PutError, and what Kinesis throws for errors that don't pass.
  void flush();

  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t resent() const { return resent_; }  // records sent again, counted each time

 private:
  aws::Kinesis& kinesis_;
  std::string stream_;
  Patience patience_;
  Batch batch_;
  std::uint64_t accepted_ = 0;
  std::uint64_t resent_ = 0;
};

}  // namespace kclhost::host::put
