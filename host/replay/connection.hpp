// The pipes to a child: whole messages out, whole lines in, neither waiting for the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "replay/child.hpp"

namespace kclhost::host::replay {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  // `stop_fd` is a signalfd or -1; `on_stop` is called at its first signal. All must outlive the connection.
  Connection(Child& child, int stop_fd, std::function<void()> on_stop)
      : child_(child), stop_fd_(stop_fd), on_stop_(std::move(on_stop)) {}

  // Begins to send a message, which must stay where it is until sent() is true.
  void send(std::string_view message);
  // Queues an answer behind it; copied.
  void answer(std::string_view message);
  bool sent() const { return sending_.empty() && answers_.empty(); }

  // The next line the child has written, without its newline. Gone with the next call of step.
  std::optional<std::string_view> take_line();

  // Waits until something happens, and reads and writes what can be. False when `deadline` came first.
  bool step(Clock::time_point deadline);

  // No more lines will come: the child has ended, or closed one of its ends.
  bool over() const { return output_ended_ || input_broken_; }
  bool exited() const { return exited_; }

  // Reads and drops what the child still writes until it has ended. False when `deadline` came first.
  bool await_exit(Clock::time_point deadline);

  int stops() const { return stops_; }                // signals seen on stop_fd
  Clock::time_point heard() const { return heard_; }  // when the child last wrote, or was last sent a message
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t received_bytes() const { return received_bytes_; }

 private:
  void write_some();
  bool write_all(std::string_view& bytes);
  void read_some();
  void take_stop();

  Child& child_;
  int stop_fd_;
  std::function<void()> on_stop_;
  std::string_view sending_;
  std::string answers_;
  std::string input_;
  std::size_t taken_ = 0;    // bytes of input_ that were returned
  std::size_t scanned_ = 0;  // bytes of input_ known to hold no newline after taken_
  bool output_ended_ = false, input_broken_ = false, exited_ = false;
  int stops_ = 0;
  Clock::time_point first_stop_{};
  Clock::time_point heard_ = Clock::now();
  std::uint64_t sent_bytes_ = 0, received_bytes_ = 0;
};

}  // namespace kclhost::host::replay
