// The records that wait for a request.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace http_forwarder {

using Clock = std::chrono::steady_clock;

struct Item {
  std::uint64_t id;  // the record's
  std::string key;   // its partition key, where the order of these counts; else empty
  std::string name;  // in the header Idempotency-Key; empty: none
  std::string part;  // of the body
  Clock::time_point since;
};

// On one thread. Records come in the order of their ids, and each key's leave in that order. Where the order counts,
// those of a key that is on its way wait until it is released.
class Backlog {
 public:
  explicit Backlog(bool ordered) : ordered_(ordered) {}

  void push(Item item);

  // The records that may be taken now, and the size of their parts.
  std::size_t records() const { return free_records_; }
  std::size_t bytes() const { return free_bytes_; }
  // The first of those. There must be one.
  const Item& first() const { return free_.begin()->second->waiting.front(); }

  // Of those that may be taken the first ones, in the order of their ids: at least one, at most max_records, and parts
  // of max_bytes unless a single one is larger. There must be one. Their keys are on their way then.
  std::vector<Item> take(std::size_t max_records, std::size_t max_bytes);
  // The records are done; those of their keys may be taken again.
  void release(const std::vector<Item>& taken);

 private:
  struct Key {
    std::deque<Item> waiting;
    std::size_t bytes = 0;
    bool is_on_its_way = false;
  };

  void set_free(Key& key);

  const bool ordered_;
  std::unordered_map<std::string, Key> keys_;  // those that have records waiting, or are on their way
  std::map<std::uint64_t, Key*> free_;         // whose records may be taken, by the id of the first
  std::size_t free_records_ = 0, free_bytes_ = 0;
};

}  // namespace http_forwarder
