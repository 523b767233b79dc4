// What is answered to which address.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/snapshot.hpp"
#include "support/result.hpp"

namespace kclhost::host::web {

struct Answer {
  unsigned status = 200;
  const char* type = "text/plain; charset=utf-8";
  std::shared_ptr<const std::string> body;
};

// One thread.
class Answers {
 public:
  Answers(std::filesystem::path hub, std::chrono::milliseconds stalled_after)
      : hub_(std::move(hub)), stalled_after_(stalled_after) {}

  // `accept`: what the client says that it takes.
  Answer to(std::string_view path, std::string_view accept);

 private:
  // Those who ask at the same time get the same one.
  const Result<hub::Snapshot>& snapshot();
  Answer healthz();
  Answer readyz();
  Answer shard(std::string_view name);  // STREAM/SHARD
  // A text that grows with the shards. Clients that stall share those that there are, and can't make it be many.
  Answer large(const char* type, const std::function<std::string()>& make);

  std::filesystem::path hub_;
  std::chrono::milliseconds stalled_after_;
  std::optional<Result<hub::Snapshot>> snapshot_;
  std::chrono::steady_clock::time_point asked_{};
  struct Large {
    const char* type;
    std::chrono::steady_clock::time_point made;
    std::weak_ptr<const std::string> text;  // there while a client is taking it
  };
  std::vector<Large> taken_;
};

}  // namespace kclhost::host::web
