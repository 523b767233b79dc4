#include "prime/primer.hpp"

#include <optional>
#include <vector>

#include "config/table_names.hpp"
#include "prime/leases.hpp"

namespace kclhost::host::prime {
namespace {

using Clock = std::chrono::steady_clock;
using State = aws::DynamoDb::State;

constexpr char index_key[] = "leaseOwner";

aws::NewTable plain(const launch::KclTable& table) {
  return {table.name, table.key, table.deletion_protection, std::nullopt};
}

using Pause = std::function<void()>;

bool await(const std::string& table, aws::DynamoDb& dynamodb, Clock::time_point deadline, const Pause& pause) {
  // Right after its creation a table may still be unknown.
  while (dynamodb.state(table) != State::active) {
    if (Clock::now() >= deadline) return false;
    pause();
  }
  return true;
}

const char* type_of(const std::string& position) {
  return position == "TRIM_HORIZON" ? "AT_TRIM_HORIZON" : position == "AT_TIMESTAMP" ? "AT_TIMESTAMP" : "AT_LATEST";
}

// Another daemon, or kclhost for one, has begun a moment before. The KCL would look at the table every ten seconds.
std::string let_another(const launch::PrimingPlan& plan, aws::DynamoDb& dynamodb, const Pause& pause) {
  const auto deadline = Clock::now() + most_patience;
  await(plan.leases.name, dynamodb, deadline, pause);
  for (const launch::KclTable* table : plan.tables()) {
    while (dynamodb.state(table->name) == State::creating && Clock::now() < deadline) pause();
  }
  return "application " + plan.application + " is new, and another daemon is making its tables";
}

std::string made(const launch::PrimingPlan& plan, const std::string& what) {
  return "application " + plan.application + " is new: kclhost made " + what;
}

}  // namespace

std::string prime(const launch::PrimingPlan& plan, aws::Kinesis& kinesis, aws::DynamoDb& dynamodb, const Pause& pause) {
  const State found = dynamodb.state(plan.leases.name);
  if (found == State::creating) return let_another(plan, dynamodb, pause);
  if (found != State::absent) return {};
  for (const launch::KclTable* table : plan.tables()) {
    if (dynamodb.state(table->name) == State::absent) continue;
    return "there is no lease table, but a table " + table->name + ": application " + plan.application +
           " is left to the KCL, which takes longer";
  }
  const auto shards = kinesis.list_shards(plan.stream, {type_of(plan.position), plan.timestamp}, most_leases);
  if (shards && !cover_all_keys(*shards)) {
    return "the shards of stream " + plan.stream + " do not cover all hash keys now: application " + plan.application +
           " is left to the KCL, which tries again";
  }

  aws::NewTable lease_table = plain(plan.leases);
  lease_table.index = {config::owner_index, index_key};
  if (!dynamodb.create(lease_table)) return let_another(plan, dynamodb, pause);
  for (const launch::KclTable* table : {&plan.coordinator_state, &plan.worker_metrics}) {
    if (!table->left_to_kcl) dynamodb.create(plain(*table));
  }
  const auto deadline = Clock::now() + most_patience;
  bool ready = await(plan.leases.name, dynamodb, deadline, pause);
  const bool leased =
      ready && shards && dynamodb.add_all(plan.leases.name, plan.leases.key, make_leases(*shards, plan.position));
  for (const launch::KclTable* table : {&plan.coordinator_state, &plan.worker_metrics}) {
    if (ready && !table->left_to_kcl) ready = await(table->name, dynamodb, deadline, pause);
  }

  if (leased) {
    const std::string number = std::to_string(shards->size());
    return made(plan, "its tables, and leases from " + plan.position + " for the stream's " + number +
                          (number == "1" ? " shard" : " shards"));
  }
  const std::string why = !shards ? "there are more than " + std::to_string(most_leases) + " shards"
                          : ready ? "somebody else has begun with them"
                                  : "DynamoDB takes its time";
  return made(plan, "its tables; the leases are left to the KCL: " + why);
}

}  // namespace kclhost::host::prime
