#include "web/answers.hpp"

#include "hub/exposition.hpp"
#include "hub/health.hpp"
#include "web/page.hpp"

namespace kclhost::host::web {
namespace {

using namespace std::chrono_literals;

constexpr auto snapshot_lasts = 500ms;
constexpr auto patience_with_hub = 2s;
constexpr unsigned ok = 200, not_found = 404, unavailable = 503;

Answer no_hub(const std::string& why) {
  return {unavailable, "text/plain; charset=utf-8", why + "\n"};
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
  if (!hub::is_alive(*known)) return {unavailable, "text/plain; charset=utf-8", "the daemon does not run\n"};
  return {ok, "text/plain; charset=utf-8", "ok\n"};
}

Answer Answers::readyz() {
  const auto& known = snapshot();
  if (!known) return no_hub(known.error());
  Answer answer;
  for (const std::string& line : hub::troubles(*known, stalled_after_)) answer.body += line + "\n";
  if (answer.body.empty()) {
    answer.body = "ok\n";
  } else {
    answer.status = unavailable;
  }
  return answer;
}

Answer Answers::to(std::string_view path, std::string_view accept) {
  if (path == "/healthz") return healthz();
  if (path == "/readyz") return readyz();
  if (path == "/") return {ok, "text/html; charset=utf-8", std::string(page)};
  if (path != "/metrics" && path != "/shards") {
    return {not_found, "text/plain; charset=utf-8", "there are /, /metrics, /healthz, /readyz and /shards\n"};
  }
  const auto& known = snapshot();
  if (!known) return no_hub(known.error());
  if (path == "/shards") return {ok, "application/json", hub::shards_json(*known, stalled_after_)};
  const bool open = accept.find("application/openmetrics-text") != std::string_view::npos;
  const auto format = open ? hub::Format::open_metrics : hub::Format::prometheus;
  const hub::Tally tally = hub::collect(std::move(**snapshot_), stalled_after_);
  snapshot_.reset();
  return {ok, hub::content_type(format), hub::expose(tally, format)};
}

}  // namespace kclhost::host::web
