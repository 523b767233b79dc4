#include "web/answers.hpp"

#include <malloc.h>

#include <algorithm>

#include "hub/exposition.hpp"
#include "hub/health.hpp"
#include "web/page.hpp"

namespace kclhost::host::web {
namespace {

using namespace std::chrono_literals;

constexpr auto snapshot_lasts = 500ms;
constexpr auto patience_with_hub = 2s;
constexpr std::size_t most_large = 8;
constexpr std::string_view one_shard = "/shards/";
constexpr unsigned ok = 200, not_found = 404, unavailable = 503;

Answer plain(unsigned status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::make_shared<const std::string>(std::move(text))};
}

Answer no_hub(const std::string& why) {
  return plain(unavailable, why + "\n");
}

}  // namespace

const Result<hub::Snapshot>& Answers::snapshot() {
  const auto now = std::chrono::steady_clock::now();
  if (!snapshot_ || now - asked_ > snapshot_lasts) {
    snapshot_.emplace(hub::ask_hub(hub_, patience_with_hub));
    asked_ = now;
  }
  return *snapshot_;
}

// It is about this machine's processes alone, whatever becomes of the services that they need.
Answer Answers::healthz() {
  const auto& known = snapshot();
  if (!known) return no_hub(known.error());
  if (!hub::is_alive(*known)) return plain(unavailable, "the daemon does not run\n");
  return plain(ok, "ok\n");
}

Answer Answers::readyz() {
  const auto& known = snapshot();
  if (!known) return no_hub(known.error());
  std::string lines;
  for (const std::string& line : hub::troubles(*known, stalled_after_)) lines += line + "\n";
  return lines.empty() ? plain(ok, "ok\n") : plain(unavailable, std::move(lines));
}

Answer Answers::shard(std::string_view name) {
  const auto& known = snapshot();
  if (!known) return no_hub(known.error());
  const std::size_t slash = std::min(name.find('/'), name.size());
  const std::string_view shard = name.substr(std::min(slash + 1, name.size()));
  auto text = hub::shard_json(*known, name.substr(0, slash), shard, stalled_after_);
  if (!text) return plain(not_found, "this machine has no such shard; /shards has those that it has\n");
  return {ok, "application/json", std::make_shared<const std::string>(std::move(*text))};
}

Answer Answers::large(const char* type, const std::function<std::string()>& make) {
  std::erase_if(taken_, [](const Large& one) { return one.text.expired(); });
  const auto now = std::chrono::steady_clock::now();
  for (const Large& one : taken_) {
    if (one.type == type && now - one.made <= snapshot_lasts) return {ok, type, one.text.lock()};
  }
  if (taken_.size() >= most_large) {
    return plain(unavailable, std::to_string(most_large) + " clients do not take what they have asked for\n");
  }
  auto text = std::make_shared<const std::string>(make());
  ::malloc_trim(0);  // what it was made of is much larger, and is not needed until the next one
  taken_.push_back({type, now, text});
  return {ok, type, std::move(text)};
}

Answer Answers::to(std::string_view path, std::string_view accept) {
  if (path == "/healthz") return healthz();
  if (path == "/readyz") return readyz();
  if (path == "/") return {ok, "text/html; charset=utf-8", std::make_shared<const std::string>(page)};
  if (path.starts_with(one_shard)) return shard(path.substr(one_shard.size()));
  if (path != "/metrics" && path != "/shards") {
    return plain(not_found, "there are /, /metrics, /healthz, /readyz, /shards and /shards/STREAM/SHARD\n");
  }
  const auto& known = snapshot();
  if (!known) return no_hub(known.error());
  if (path == "/shards") {
    return large("application/json", [&] { return hub::shards_json(*known, stalled_after_); });
  }
  const bool open = accept.find("application/openmetrics-text") != std::string_view::npos;
  const auto format = open ? hub::Format::open_metrics : hub::Format::prometheus;
  return large(hub::content_type(format), [&] {
    std::string text = hub::expose(std::move(**snapshot_), stalled_after_, format);
    snapshot_.reset();
    return text;
  });
}

}  // namespace kclhost::host::web
