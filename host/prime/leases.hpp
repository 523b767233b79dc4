// The leases that the KCL makes for an application that has none.
#pragma once

#include <string>
#include <vector>

#include "aws/dynamodb.hpp"
#include "aws/kinesis.hpp"

namespace kclhost::host::prime {

// Whether the shards' hash keys cover all keys, each once. The KCL makes no lease before they do: it may have been told
// of the stream in the middle of a change.
bool cover_all_keys(std::vector<aws::Shard> shards);

// A row of the lease table for each shard, in their order, that begins at `position`: LATEST, TRIM_HORIZON or
// AT_TIMESTAMP.
std::vector<aws::Item> make_leases(const std::vector<aws::Shard>& shards, const std::string& position);

}  // namespace kclhost::host::prime
