// Puts records in batches, as long as it takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

  // What the records' lines are lines of, for errors.
  void name_input(std::string name) { input_ = std::move(name); }

  void add(aws::Record record);  // throws as flush()
  // Sends what is held. Throws PutError, which names the lines, for what is refused for good or too often; and what
  // CredentialChain throws.
  void flush();

  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t resent() const { return resent_; }  // records sent again, counted each time

 private:
  void send(std::vector<aws::Record> records);
  // As a service takes them that takes less in one call; so from now on.
  void send_in_parts(std::vector<aws::Record> records);
  // " (FILE:LINE)" or " (FILE:LINE to LINE)", of those that a message is about; empty without lines.
  std::string place(const std::vector<aws::Record>& records, std::string_view message) const;
  std::string place(std::size_t first, std::size_t last) const;

  aws::Kinesis& kinesis_;
  std::string stream_;
  Patience patience_;
  std::string input_;
  Batch batch_;
  std::uint64_t accepted_ = 0;
  std::uint64_t resent_ = 0;
};

}  // namespace kclhost::host::put
