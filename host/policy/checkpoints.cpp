#include "policy/checkpoints.hpp"

#include <random>

#include "policy/backoff.hpp"
#include "support/random_seed.hpp"

namespace kclhost::host::policy {
namespace {

bool retryable(kclhost_status status) {
  return status == KCLHOST_THROTTLING || status == KCLHOST_DEPENDENCY;
}

}  // namespace

Checkpoints::Checkpoints(const config::Checkpoint& config, CheckpointRoute& route)
    : config_(config), route_(route), last_(Clock::now()) {}

processor::CheckpointAnswer Checkpoints::send(std::optional<std::string_view> sequence_number,
                                              std::optional<std::int64_t> sub_sequence_number) {
  if (lease_lost_) return {KCLHOST_SHUTDOWN, "ShutdownException", "the lease is lost: another worker owns the shard"};
  for (int attempt = 1;; ++attempt) {
    const processor::CheckpointAnswer answer = route_.exchange(sequence_number, sub_sequence_number);
    if (answer.status == KCLHOST_SHUTDOWN) lease_lost_ = true;
    if (!retryable(answer.status) || attempt >= config_.retry.max_attempts) return answer;
    static thread_local std::minstd_rand random{random_seed()};
    const config::Milliseconds wait = backoff(config_.retry, attempt, random);
    route_.warn("checkpoint failed with " + std::string(answer.name) + ", attempt " + std::to_string(attempt) + " of " +
                std::to_string(config_.retry.max_attempts) + "; trying again in " + std::to_string(wait.count()) +
                "ms");
    if (!route_.pause(wait)) return answer;
  }
}

void Checkpoints::finished(std::string_view sequence_number, std::int64_t sub_sequence_number) {
  finished_.sequence_number = sequence_number;
  finished_.sub_sequence_number = sub_sequence_number;
}

void Checkpoints::record_if_due() {
  if (Clock::now() - last_ >= config_.interval) record_now();
}

void Checkpoints::record_now() {
  if (finished_ == recorded_ || lease_lost_) return;
  // Whatever the answer, the next one is an interval away: a throttled table is not helped by more writes.
  last_ = Clock::now();
  const processor::CheckpointAnswer answer = send(finished_.sequence_number, finished_.sub_sequence_number);
  if (answer.status == KCLHOST_OK) {
    recorded_ = finished_;
    return;
  }
  route_.warn("checkpoint at " + finished_.sequence_number + "/" + std::to_string(finished_.sub_sequence_number) +
              " failed with " + std::string(answer.name) + " (" + std::string(answer.message) +
              (lease_lost_ ? "); no more checkpoints are made" : "); it is tried again when the next one is due"));
}

bool Checkpoints::record_all() {
  const processor::CheckpointAnswer answer = send(std::nullopt, std::nullopt);
  if (answer.status == KCLHOST_OK) return true;
  route_.warn("checkpoint of the shard's end failed with " + std::string(answer.name) + " (" +
              std::string(answer.message) + ")");
  return false;
}

}  // namespace kclhost::host::policy
