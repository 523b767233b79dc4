#include "simulation/setting.hpp"

#include <algorithm>
#include <map>

#include "batch/position.hpp"
#include "kclhost/plugin.h"

namespace kclhost::host::simulation {

using config::Milliseconds;
using config::Then;

Setting::Setting(Chance& chance) {
  choose_config(chance);
  choose_program(chance);
  choose_records(chance);
  choose_faults(chance);
  if (chance(0.75)) {
    trouble = static_cast<int>(chance.between(1, chance(0.3) ? 25 : 6));
    trouble_rate = chance(0.5) ? 0.01 : 0.06;
  }
}

void Setting::choose_config(Chance& chance) {
  constexpr int lanes[] = {1, 1, 1, 2, 8};
  config.concurrency = lanes[chance.below(5)];
  config::OnError& on_error = config.on_error;
  on_error.retry = {static_cast<int>(chance.between(1, 4)), Milliseconds(chance.between(0, 3)),
                    Milliseconds(chance.between(1, 20))};
  on_error.bisect = chance(0.85);
  constexpr Then thens[] = {Then::block, Then::stop, Then::skip, Then::dead_letter, Then::dead_letter, Then::skip};
  on_error.then = thens[chance.below(6)];
  if (chance(0.2)) on_error.max_record_age = Milliseconds(chance(0.5) ? 60'000 : chance.between(5, 200));
  config.checkpoint.interval = chance(0.5) ? Milliseconds(0) : Milliseconds(chance(0.5) ? 3'600'000 : 20);
  config.checkpoint.retry = {static_cast<int>(chance.between(1, 3)), Milliseconds(1), Milliseconds(4)};
  if (chance(0.3)) {
    config.in_flight.max_records = chance.between(1, 12);
  } else if (chance(0.2)) {
    config.in_flight.max_bytes = chance.between(20, 400);
  }
  if (chance(0.3)) config.worker.max_memory = 1'000'000;
  if (chance(0.5)) config.rollout.undo_on.call_longer_than = Milliseconds(chance.between(100, 400));
}

void Setting::choose_program(Chance& chance) {
  Program& one = first_program;
  one.checkpoints = config.concurrency == 1 && chance(0.5);
  one.acknowledges = !one.checkpoints && chance(0.5);
  if (chance(0.2)) {
    one.tick_ms = chance.between(1, 40);
    // What hangs must not outlast thousands of them.
    config.timeouts.process_records = config.timeouts.initialize = Milliseconds(400);
    config.timeouts.shutdown = Milliseconds(200);
  }
  one.empty_batches = chance(0.3);
  // A version that checkpoints may follow one that acknowledges: what kills it later must be found then, too.
  if (!one.acknowledges && chance(0.25)) one.flush = chance(0.5) ? Program::Flush::nothing : Program::Flush::stores;
  one.checkpoints_the_end = chance(0.8);
  constexpr double rates[] = {0, 0.05, 0.3, 0.8};
  one.checkpoint_rate = rates[chance.below(4)];
}

Program Setting::another(Chance& chance) const {
  Program one = first_program;
  if (chance(0.35)) {
    // One of the two other kinds.
    const bool first = chance(0.5);
    one.checkpoints = !first_program.checkpoints && first;
    one.acknowledges = !first_program.acknowledges && (first_program.checkpoints ? first : !first);
  }
  if (chance(0.1)) one.empty_batches = !one.empty_batches;
  return one;
}

Program Setting::spoilt(Chance& chance) const {
  Program one = another(chance);
  one.spoils = chance.between(1, 8);
  one.rest = static_cast<std::uint32_t>(chance.below(one.spoils));
  one.spoiling = static_cast<Program::Spoiling>(chance.below(3));
  return one;
}

void Setting::choose_records(Chance& chance) {
  const std::uint32_t count = chance.between(1, chance(0.1) ? 120 : 30);
  const std::uint32_t keys = chance.between(1, chance(0.5) ? 3 : 12);
  const bool aggregates = chance(0.4);
  const bool timestamps = config.on_error.max_record_age.has_value() || chance(0.5);
  most_in_batch = chance.between(1, chance(0.5) ? 6 : count);
  std::uint64_t number = chance.between(95, 1'000);  // so that the number of digits changes, too
  std::map<std::string, std::int64_t> last;
  while (records.size() < count) {
    const std::uint32_t parts = aggregates && chance(0.5) ? chance.between(1, 6) : 1;
    number += chance.between(1, 40);
    for (std::uint32_t part = 0; part < parts; ++part) {
      Record record;
      record.sequence_number = std::to_string(number);
      record.sub_sequence_number = part;
      record.last_of_number = part + 1 == parts;
      record.key = "key" + std::to_string(chance.between(1, keys));
      record.data = std::to_string(records.size()) + ":" + std::string(chance.below(12), 'd');
      record.arrival_ms = KCLHOST_NO_TIMESTAMP;
      if (timestamps && !chance(0.05)) {
        record.arrival_ms = wall_ms + static_cast<std::int64_t>(chance.below(50));
        if (config.on_error.max_record_age && chance(0.1)) record.arrival_ms -= 100'000;
      }
      const auto at = last.try_emplace(record.key, -1).first;
      record.before = at->second;
      at->second = static_cast<std::int64_t>(records.size());
      records.push_back(std::move(record));
    }
  }
}

void Setting::choose_faults(Chance& chance) {
  if (chance(0.3)) return;
  // Where nothing leaves, what is rejected meets what is tried again.
  const bool rejections = !gives_up() && chance(0.3);
  const double rate = rejections || chance(0.1) ? 0.4 : 0.06;
  ends_hosts = chance(0.15);
  const bool stores =
      first_program.acknowledges || (first_program.checkpoints && first_program.flush != Program::Flush::nothing);
  for (Record& record : records) {
    if (!chance(rate)) continue;
    constexpr Fault kinds[] = {Fault::fails,         Fault::names_itself, Fault::crashes,     Fault::crashes,
                               Fault::names_culprit, Fault::is_permanent, Fault::is_rejected, Fault::hangs};
    record.fault = kinds[chance.below(8)];
    if (stores && chance(0.5)) record.fault = chance(0.5) ? Fault::crashes_in_flush : Fault::crashes_later;
    if (first_program.acknowledges && chance(0.2)) record.fault = Fault::is_rejected_later;
    if (rejections && chance(0.5)) {
      record.fault = first_program.acknowledges && chance(0.5) ? Fault::is_rejected_later : Fault::is_rejected;
    }
    if (rejections || chance(0.3)) record.left = static_cast<int>(chance.between(1, 6));
    if (ends_hosts && chance(0.3)) {
      record.fault = Fault::ends_host;
      record.left = static_cast<int>(chance.between(1, 8));
    }
  }
}

std::size_t Setting::bad_records() const {
  return static_cast<std::size_t>(
      std::count_if(records.begin(), records.end(), [](const Record& record) { return record.fault != Fault::none; }));
}

std::uint32_t Setting::count_up_to(std::string_view sequence_number, std::int64_t sub_sequence_number) const {
  std::uint32_t count = 0;
  for (; count < records.size(); ++count) {
    const Record& record = records[count];
    const auto order = compare_sequence_numbers(record.sequence_number, sequence_number);
    if (order > 0 || (order == 0 && record.sub_sequence_number > sub_sequence_number)) break;
  }
  return count;
}

}  // namespace kclhost::host::simulation
