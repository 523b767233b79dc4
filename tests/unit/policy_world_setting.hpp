// What a random world begins with: records, their faults, the policy, and how much goes wrong besides.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"

namespace kclhost::host::policy {

// Everything that is random in a world, from one seed.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  bool operator()(double probability) { return std::bernoulli_distribution(probability)(random_); }
  // Both included.
  std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(least, most)(random_);
  }

 private:
  std::mt19937_64 random_;
};

enum class Kind { good, bad, passes_later, kills_host };

struct Record {
  std::string sequence_number, partition_key;
  std::int64_t sub_sequence_number = 0;
  Kind kind = Kind::good;
  int failures_left = 0;  // passes_later and kills_host (negative: for ever)
  bool old = false;
  std::int64_t before = -1;  // the record before it with the same key
};

struct Setting {
  explicit Setting(Chance& chance) {
    choose_policy(chance);
    choose_records(chance);
    choose_trouble(chance);
  }

  config::OnError on_error;
  config::Checkpoint checkpoint;
  bool gives_up = false, ages = false;
  std::vector<Record> records;
  std::map<std::pair<std::string, std::int64_t>, std::uint32_t> index_of;
  std::size_t trouble = 0;  // how often something goes wrong for no record's fault, at most
  double kill_rate = 0, failure_rate = 0, checkpoint_error_rate = 0, disk_error_rate = 0;
  std::uint32_t most_in_batch = 1;

 private:
  void choose_policy(Chance& chance) {
    on_error.retry = {static_cast<int>(chance.between(1, 4)), config::Milliseconds(1), config::Milliseconds(5)};
    on_error.bisect = chance(0.85);
    constexpr config::Then thens[] = {config::Then::block,       config::Then::stop,        config::Then::skip,
                                      config::Then::dead_letter, config::Then::dead_letter, config::Then::dead_letter};
    on_error.then = thens[chance.between(0, 5)];
    gives_up = on_error.then == config::Then::skip || on_error.then == config::Then::dead_letter;
    ages = on_error.then != config::Then::block && chance(0.2);
    checkpoint.interval = chance(0.5) ? config::Milliseconds(0) : config::Milliseconds(3'600'000);
    checkpoint.retry = {static_cast<int>(chance.between(1, 3)), config::Milliseconds(1), config::Milliseconds(1)};
  }

  void choose_records(Chance& chance) {
    records.resize(chance(0.1) ? chance.between(100, 300) : chance.between(1, 60));
    const std::uint32_t keys = chance.between(1, 12);
    const double rate = chance(0.2) ? 0 : chance(0.2) ? 0.5 : 0.08;
    std::map<std::string, std::size_t> last_of_key;
    std::uint64_t sequence_number = 93;  // soon one digit longer
    std::int64_t sub = 0, aggregate = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      Record& record = records[i];
      if (aggregate > 0) {
        ++sub;
        --aggregate;
      } else {
        sequence_number += chance.between(1, 3);
        sub = chance(0.1) ? chance.between(1, 3) : 0;
        if (chance(0.15)) aggregate = chance.between(1, 6);
      }
      record.sequence_number = std::to_string(sequence_number);
      record.sub_sequence_number = sub;
      record.partition_key = "key" + std::to_string(chance(0.3) ? 0 : chance.between(0, keys));
      const auto [place, is_new] = last_of_key.try_emplace(record.partition_key, i);
      if (!is_new) record.before = static_cast<std::int64_t>(std::exchange(place->second, i));
      record.old = ages && chance(0.1);
      index_of[{record.sequence_number, sub}] = static_cast<std::uint32_t>(i);
      if (chance(rate)) make_bad(record, chance);
    }
  }

  void make_bad(Record& record, Chance& chance) const {
    switch (chance.between(0, 5)) {
      case 0:
      case 1:
        record.kind = Kind::passes_later;
        record.failures_left = static_cast<int>(chance.between(1, 8));
        break;
      case 2:
        record.kind = Kind::kills_host;
        record.failures_left = gives_up ? -1 : static_cast<int>(chance.between(1, 4));
        break;
      default:
        // Where nothing is given up it must pass some day.
        record.kind = on_error.then == config::Then::block ? Kind::passes_later : Kind::bad;
        record.failures_left = static_cast<int>(chance.between(5, 20));
    }
  }

  void choose_trouble(Chance& chance) {
    trouble = chance(0.3) ? 0 : chance.between(1, 15);
    kill_rate = chance(0.5) ? 0 : 0.02;
    failure_rate = chance(0.5) ? 0 : 0.08;
    checkpoint_error_rate = chance(0.4) ? 0 : chance(0.5) ? 0.05 : 0.5;
    disk_error_rate = chance(0.7) ? 0 : 0.2;
    most_in_batch = chance(0.5) ? 1000 : chance.between(1, 30);
  }
};

}  // namespace kclhost::host::policy
