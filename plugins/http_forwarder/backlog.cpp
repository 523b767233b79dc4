#include "backlog.hpp"

#include <algorithm>
#include <utility>

namespace http_forwarder {

namespace {

// With what stands between parts.
std::size_t size_of(const Item& item) {
  return item.part.size() + 1;
}

}  // namespace

void Backlog::push(Item item) {
  Key& key = keys_[item.key];
  const std::size_t size = size_of(item);
  key.waiting.push_back(std::move(item));
  key.bytes += size;
  if (key.is_on_its_way) return;
  if (key.waiting.size() == 1) return set_free(key);
  ++free_records_;
  free_bytes_ += size;
}

std::vector<Item> Backlog::take(std::size_t max_records, std::size_t max_bytes) {
  std::vector<Item> taken;
  std::size_t bytes = 0;
  const auto fits = [&](const Item& item) {
    return taken.empty() || (taken.size() < max_records && bytes + size_of(item) <= max_bytes);
  };
  while (!free_.empty() && fits(free_.begin()->second->waiting.front())) {
    Key& key = *free_.begin()->second;
    free_.erase(free_.begin());
    free_records_ -= key.waiting.size();
    free_bytes_ -= key.bytes;
    while (!key.waiting.empty() && fits(key.waiting.front())) {
      const std::size_t size = size_of(key.waiting.front());
      taken.push_back(std::move(key.waiting.front()));
      key.waiting.pop_front();
      key.bytes -= size;
      bytes += size;
    }
    if (ordered_) {
      key.is_on_its_way = true;
    } else if (key.waiting.empty()) {
      keys_.erase(taken.back().key);
    } else {
      set_free(key);
    }
  }
  std::sort(taken.begin(), taken.end(), [](const Item& a, const Item& b) { return a.id < b.id; });
  return taken;
}

void Backlog::release(const std::vector<Item>& taken) {
  if (!ordered_) return;
  for (const Item& item : taken) {
    const auto found = keys_.find(item.key);
    if (found == keys_.end() || !found->second.is_on_its_way) continue;  // an item before was of the same key
    found->second.is_on_its_way = false;
    if (found->second.waiting.empty()) {
      keys_.erase(found);
    } else {
      set_free(found->second);
    }
  }
}

void Backlog::set_free(Key& key) {
  free_.emplace(key.waiting.front().id, &key);
  free_records_ += key.waiting.size();
  free_bytes_ += key.bytes;
}

}  // namespace http_forwarder
