#include "observe/log.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "support/socket_path.hpp"

namespace kclhost::host::observe {
namespace {

// How many lines a crash report gets.
constexpr std::size_t remembered_lines = 50;

// Well below what a datagram may hold by default (net.core.wmem_default). Cut to fit, a line would no longer be JSON.
constexpr std::size_t longest_datagram = 128 * 1024;
constexpr std::chrono::seconds last_words{1};

// A socket that is connected to the launcher's; none when there is no launcher.
Fd connect_to_launcher() {
  const char* const path = std::getenv("KCLHOST_LOG_SOCKET");
  if (path == nullptr) return {};
  const SocketPath address(path);
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || !address.valid() || ::connect(socket.get(), address.get(), SocketPath::size) != 0) return {};
  return socket;
}

}  // namespace

Log::Log(const config::Log& config) : level_(config.level), format_(config.format), stream_(config.stream) {
  const auto notice = [this](std::uint64_t dropped, std::string_view why) { return this->notice(dropped, why); };
  fallback_ = Outlet::to_descriptor(STDERR_FILENO, notice);
  if (config.sink != config::LogSink::automatic) return;
  if (Fd socket = connect_to_launcher()) launcher_ = Outlet::to_socket(std::move(socket), notice);
}

Log::~Log() {
  flush_for(last_words);
}

void Log::set_plugin(std::string_view id, std::string_view version, std::uint32_t release, std::string_view sha256) {
  plugin_ = id;
  version_ = version;
  release_ = release == 0 ? std::string() : std::to_string(release);
  sha256_ = sha256.substr(0, 12);
}

void Log::write(Level level, std::string_view source, std::string_view text, Fields fields) {
  if (!enabled(level)) return;
  const std::lock_guard lock(mutex_);
  const auto now = Flood::Clock::now();
  say_held(now);
  if (source != "host" || flood_.passes(static_cast<int>(level), text, now)) write_line(level, source, text, fields);
  at_rest_ = is_at_rest();
}

void Log::write_line(Level level, std::string_view source, std::string_view text, Fields fields) {
  std::string line = line_of(level, source, text, fields);
  lines_.push_back(line);
  if (lines_.size() > remembered_lines) lines_.pop_front();
  pass(std::move(line += '\n'));
}

void Log::pass(std::string line) {
  if (!has_launcher() || line.size() > longest_datagram) return fallback_.write(std::move(line));
  launcher_.write(std::move(line));
  if (launcher_.broken()) leave_launcher();
}

// Its descriptor stays open: a poll loop may watch it yet, and another that had its number would be taken for it.
void Log::leave_launcher() {
  for (std::string& line : launcher_.take_lines()) fallback_.write(std::move(line));
}

void Log::say_held(Flood::Clock::time_point now) {
  for (const Flood::Held& held : flood_.ended(now)) {
    const std::string lines = std::to_string(held.lines);
    const Field field{"left_out", lines};
    write_line(static_cast<Level>(held.level), "host", lines + " more lines like this one are left out: " + held.text,
               Fields(&field, 1));
  }
}

void Log::use_file(const config::Log& config) {
  if (config.file.empty() || has_launcher()) return;
  auto file = LogFile::open(config.file, config.rotate.size, config.rotate.keep);
  if (!file) return error(file.error());
  const std::lock_guard lock(mutex_);
  fallback_ = Outlet::to_file(std::move(*file),
                              [this](std::uint64_t dropped, std::string_view why) { return notice(dropped, why); });
}

std::string Log::notice(std::uint64_t dropped, std::string_view why) const {
  const std::string lines = std::to_string(dropped);
  const Field field{"dropped", lines};
  return line_of(Level::warn, "host", lost_lines(dropped, why), Fields(&field, 1)) + '\n';
}

bool Log::is_at_rest() const {
  return !launcher_.pending() && !fallback_.pending() && flood_.due() == Flood::Clock::time_point::max();
}

bool Log::pending() const {
  if (at_rest_) return false;
  const std::lock_guard lock(mutex_);
  return launcher_.pending() || fallback_.pending();
}

int Log::fd_to_watch() const {
  const std::lock_guard lock(mutex_);
  return launcher_.pending() ? launcher_.fd() : fallback_.fd();
}

void Log::flush() {
  const std::lock_guard lock(mutex_);
  say_held(Flood::Clock::now());
  launcher_.flush();
  if (launcher_.broken()) leave_launcher();
  fallback_.flush();
  at_rest_ = is_at_rest();
}

std::chrono::steady_clock::time_point Log::flush_at() const {
  if (at_rest_) return Flood::Clock::time_point::max();
  const std::lock_guard lock(mutex_);
  return flood_.due();
}

void Log::flush_for(std::chrono::milliseconds longest) {
  using Clock = Flood::Clock;
  {
    const std::lock_guard lock(mutex_);
    say_held(Clock::time_point::max());
  }
  const auto end = Clock::now() + longest;
  for (flush(); pending() && Clock::now() < end; flush()) {
    pollfd writable{fd_to_watch(), POLLOUT, 0};
    ::poll(&writable, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count()));
  }
}

std::vector<std::string> Log::last_lines(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  return {lines_.end() - static_cast<std::ptrdiff_t>(std::min(most, lines_.size())), lines_.end()};
}

std::string Log::line_of(Level level, std::string_view source, std::string_view text, Fields fields) const {
  const std::string time = log_time();
  return LogLine{.time = time,
                 .level = level,
                 .stream = stream_,
                 .shard = shard_,
                 .plugin = plugin_,
                 .version = version_,
                 .release = release_,
                 .sha256 = sha256_,
                 .source = source,
                 .text = text,
                 .fields = fields}
      .str(format_);
}

}  // namespace kclhost::host::observe
