// Plays the MultiLangDaemon to a child.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "replay/figures.hpp"
#include "replay/script.hpp"

namespace kclhost::host::replay {

struct PlayOptions {
  using Seconds = std::chrono::duration<double>;

  std::vector<std::string> command;
  int pipe_size = 1 << 20;                // of the child's standard input, bytes; 0: the system's default
  std::size_t repeat = 1;                 // how many times the batches are sent
  Seconds interval{0};                    // between the beginnings of two batches, at least
  Seconds linger{0};                      // between the last batch and the first ending
  std::optional<Seconds> tick;            // while it lingers, an empty batch every so long
  std::optional<Seconds> timeout;         // longest silence of a child that owes an answer, or its end
  std::filesystem::path checkpoint_file;  // empty: none
  std::deque<std::string> checkpoint_failures;
  int stop_fd = -1;  // a signalfd: the first signal ends the replay after the batch in hand, the second kills the child
  std::function<void(const std::string& text)> on_stop;     // what the first signal leads to; may be empty
  std::function<void(const std::string& line)> on_skipped;  // a line of the child that is no message; may be empty
  std::function<void(const Figures&, std::size_t total)> on_progress;  // at most once a second; may be empty
};

// Starts the child, plays the script, and waits for the child's end. SIGPIPE must be ignored or blocked. Figures.error
// and .exit_code say how it went: 0; the child's own 2, 3 or 4; 2 when it cannot be started; else 1.
Figures play(const Script& script, const PlayOptions& options);

}  // namespace kclhost::host::replay
