// What is answered to which address.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "hub/snapshot.hpp"
#include "support/result.hpp"

namespace kclhost::host::web {

struct Answer {
  unsigned status = 200;
  const char* type = "text/plain; charset=utf-8";
  std::string body;
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

  std::filesystem::path hub_;
  std::chrono::milliseconds stalled_after_;
  std::optional<Result<hub::Snapshot>> snapshot_;
  std::chrono::steady_clock::time_point asked_{};
};

}  // namespace kclhost::host::web
