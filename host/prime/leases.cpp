#include "prime/leases.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace kclhost::host::prime {
namespace {

constexpr std::string_view first_key = "0";
constexpr std::string_view last_key = "340282366920938463463374607431768211455";  // 2^128 - 1

// Of two whole numbers without leading zeros.
bool less(const std::string& one, const std::string& other) {
  return one.size() != other.size() ? one.size() < other.size() : one < other;
}

std::string successor(std::string number) {
  for (auto digit = number.rbegin(); digit != number.rend(); ++digit) {
    if (*digit != '9') return ++*digit, number;
    *digit = '0';
  }
  return '1' + number;
}

}  // namespace

bool cover_all_keys(std::vector<aws::Shard> shards) {
  std::sort(shards.begin(), shards.end(), [](const aws::Shard& one, const aws::Shard& other) {
    return less(one.first_hash_key, other.first_hash_key);
  });
  std::string wanted(first_key);
  for (const aws::Shard& shard : shards) {
    if (shard.first_hash_key != wanted) return false;
    wanted = successor(shard.last_hash_key);
  }
  return !shards.empty() && shards.back().last_hash_key == last_key;
}

std::vector<aws::Item> make_leases(const std::vector<aws::Shard>& shards, const std::string& position) {
  using Kind = aws::Attribute::Kind;
  std::vector<aws::Item> leases;
  for (const aws::Shard& shard : shards) {
    aws::Item lease{{"leaseKey", Kind::text, {shard.id}},
                    {"leaseCounter", Kind::number, {"0"}},
                    {"ownerSwitchesSinceCheckpoint", Kind::number, {"0"}},
                    {"checkpoint", Kind::text, {position}},
                    {"checkpointSubSequenceNumber", Kind::number, {"0"}},
                    {"startingHashKey", Kind::text, {shard.first_hash_key}},
                    {"endingHashKey", Kind::text, {shard.last_hash_key}}};
    std::vector<std::string> parents;
    for (const std::string& parent : {shard.parent, shard.adjacent_parent}) {
      if (!parent.empty()) parents.push_back(parent);
    }
    if (!parents.empty()) lease.push_back({"parentShardId", Kind::texts, parents});
    leases.push_back(std::move(lease));
  }
  return leases;
}

}  // namespace kclhost::host::prime
