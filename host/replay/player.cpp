#include "replay/player.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "replay/checkpoint_file.hpp"
#include "replay/checkpointer.hpp"
#include "replay/child_message.hpp"
#include "replay/connection.hpp"
#include "replay/cpu_time.hpp"
#include "replay/daemon_lines.hpp"

namespace kclhost::host::replay {
namespace {

using Clock = Connection::Clock;

// How long a child that is given up may take to end by itself.
constexpr std::chrono::seconds patience{5};

class Player {
 public:
  Player(const Script& script, const PlayOptions& options, Child& child, Figures& figures)
      : script_(script),
        options_(options),
        child_(child),
        figures_(figures),
        connection_(child, options.stop_fd, [this] { tell_of_stop(); }),
        checkpointer_(script.start, options.checkpoint_failures),
        kept_(script.start) {}

  void play(Clock::time_point begin) {
    const bool well = initialize(begin) && deliver() && linger() && end();
    child_.close_input();
    const bool ended = connection_.await_exit(well ? deadline() : Clock::now() + patience);
    if (!ended) child_.signal(SIGKILL);
    figures_.exit = child_.wait();
    judge(ended);
    figures_.wall = Clock::now() - begin;
    figures_.sent_bytes = connection_.sent_bytes();
    figures_.received_bytes = connection_.received_bytes();
    const Position& last = options_.checkpoint_file.empty() ? checkpointer_.last() : kept_;
    if (last.sequence_number != trim_horizon) figures_.last_checkpoint = last;
  }

 private:
  bool initialize(Clock::time_point begin) {
    if (!exchange(script_.initialize, "initialize", false)) return false;
    figures_.start = Clock::now() - begin;
    return true;
  }

  bool deliver() {
    figures_.latencies.reserve(script_.batches.size() * std::min<std::size_t>(options_.repeat, 1000));
    const std::chrono::nanoseconds cpu_begin = cpu_time_of_tree(child_.pid());
    const bool well = deliver_rounds();
    figures_.delivery_cpu = std::max(cpu_time_of_tree(child_.pid()) - cpu_begin, {});  // none is left of the dead
    return well;
  }

  bool deliver_rounds() {
    const auto begin = Clock::now();
    auto reported = begin;
    auto due = begin;
    for (std::size_t round = 0; round < options_.repeat; ++round) {
      if (round != 0) checkpointer_.restart();
      for (const Batch& batch : script_.batches) {
        if (!wait_until(due)) return false;
        if (connection_.stops() != 0) return true;
        const auto sent = Clock::now();
        due = std::max(due, sent - interval()) + interval();
        if (!batch.last.sequence_number.empty()) checkpointer_.deliver(batch.last);
        if (!exchange(batch.line, "processRecords", true)) return false;
        const auto now = Clock::now();
        figures_.latencies.push_back(now - sent);
        figures_.delivery = now - begin;
        ++figures_.batches;
        figures_.records += batch.records;
        figures_.data_bytes += batch.data_bytes;
        if (options_.on_progress && now - reported >= std::chrono::seconds(1)) {
          reported = now;
          options_.on_progress(figures_, script_.batches.size() * options_.repeat);
        }
      }
    }
    return true;
  }

  // As the KCL, where it calls the processor for empty lists too, while the shard has nothing new.
  bool linger() {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(options_.linger);
    if (!options_.tick) return wait_until(end);
    std::string empty;
    begin_batch(empty);
    end_batch(0, empty);
    const auto tick = std::chrono::duration_cast<Clock::duration>(*options_.tick);
    for (auto due = Clock::now() + tick; due < end; due = std::max(due + tick, Clock::now())) {
      if (!wait_until(due)) return false;
      if (connection_.stops() != 0) return true;
      lingering_ = true;
      if (!exchange(empty, "processRecords", true)) return false;
      ++figures_.idle_ticks;
    }
    return wait_until(end);
  }

  // Leaves the child alone until then, or until a signal comes. False when the child is gone.
  bool wait_until(Clock::time_point until) {
    while (connection_.stops() == 0 && Clock::now() < until) {
      connection_.step(until);
      if (connection_.over()) return fail_over("the next message");
    }
    return true;
  }

  Clock::duration interval() const { return std::chrono::duration_cast<Clock::duration>(options_.interval); }

  bool end() {
    const bool stopped = connection_.stops() != 0;
    const auto endings = stopped ? endings_for(End::shutdown_requested) : script_.endings;
    for (const Ending& ending : endings) {
      if (ending.ends_shard) checkpointer_.end_shard();
      if (!exchange(ending.line, ending.action, ending.takes_checkpoint)) return false;
      if (ending.ends_shard && checkpointer_.last().sequence_number != shard_end) {
        return fail("the child answered " + ending.action +
                    " without a checkpoint; the KCL would hold back the shards that follow: checkpoint there");
      }
    }
    if (!stopped) return true;
    return fail("stopped by a signal after " + std::to_string(figures_.batches) + " of " +
                std::to_string(script_.batches.size() * options_.repeat) + " batches");
  }

  // Sends a message and does as the child asks until it answers with the message's status.
  bool exchange(std::string_view line, const std::string& action, bool takes_checkpoint) {
    action_ = action;
    connection_.send(line);
    bool answered = false;
    while (!answered || !connection_.sent()) {
      // After its status the next lines answer the next message.
      if (const auto said = answered ? std::nullopt : connection_.take_line()) {
        if (!hear(*said, takes_checkpoint, answered)) return false;
        continue;
      }
      if (connection_.over()) return fail_over("its status for " + in_flight());
      if (!connection_.step(deadline())) return fail_silent();
    }
    action_.clear();
    return true;
  }

  bool hear(std::string_view line, bool takes_checkpoint, bool& answered) {
    if (line.empty()) return true;
    const auto message = parse_child_message(line);
    if (!message) {
      ++figures_.skipped_lines;
      last_skipped_ = line.substr(0, 80);
      if (options_.on_skipped) options_.on_skipped(std::string(line));
      return true;
    }
    switch (message->kind) {
      case ChildMessage::Kind::other:
        return true;
      case ChildMessage::Kind::checkpoint:
        return answer(message->checkpoint, takes_checkpoint);
      case ChildMessage::Kind::status:
        break;
    }
    answered = message->response_for == action_;
    if (answered) return true;
    return fail("the child answered '" + message->response_for + "' to " + in_flight() +
                "; a status must repeat the action it is for");
  }

  bool answer(const Checkpointer::Request& request, bool takes_checkpoint) {
    const auto answer =
        takes_checkpoint ? checkpointer_.checkpoint(request) : Checkpointer::Answer{"InvalidStateException"};
    if (answer.moved && !options_.checkpoint_file.empty()) {
      if (const auto error = store_checkpoint(options_.checkpoint_file, checkpointer_.last()))
        return fail(error->message);
      kept_ = checkpointer_.last();
    }
    ++figures_.checkpoints;
    if (!answer.error.empty()) ++figures_.checkpoint_errors[answer.error];
    connection_.answer(checkpoint_line(request, answer.error));
    return true;
  }

  Clock::time_point deadline() const {
    if (!options_.timeout) return Clock::time_point::max();
    return connection_.heard() + std::chrono::duration_cast<Clock::duration>(*options_.timeout);
  }

  std::string timeout_text() const {
    std::string number = std::to_string(options_.timeout.value_or(PlayOptions::Seconds{}).count());
    number.erase(number.find_last_not_of('0') + 1);
    if (number.ends_with('.')) number.pop_back();
    return number + " s";
  }

  // The batch that has no status yet, for a person.
  std::string batch_in_hand() const {
    if (lingering_) return "idle tick " + std::to_string(figures_.idle_ticks + 1);
    return "batch " + std::to_string(figures_.batches + 1) + " of " +
           std::to_string(script_.batches.size() * options_.repeat);
  }

  // The message that has no status yet.
  std::string in_flight() const {
    if (action_ != "processRecords") return action_;
    std::string text = "processRecords (" + batch_in_hand();
    if (!lingering_) {
      const Batch& batch = script_.batches[figures_.batches % script_.batches.size()];
      if (batch.records != 0) text += ", last sequence number " + batch.last.sequence_number;
    }
    return text + ")";
  }

  void tell_of_stop() const {
    if (!options_.on_stop) return;
    const bool given_up = connection_.over() || !figures_.error.empty();
    std::string when;
    if (!given_up && action_ == "processRecords") {
      when = " after the batch in hand (" + batch_in_hand() + ")";
    } else if (!given_up && !action_.empty()) {
      when = " once " + action_ + " is answered";
    }
    options_.on_stop("ending" + when + "; one more signal kills the child");
  }

  // The child would not have ended by itself, and its standard error has nothing to say of it.
  void fail_killed() {
    std::string when = "after its last status";
    if (action_ == "processRecords") {
      when = "with " + batch_in_hand() + " in hand";
    } else if (!action_.empty()) {
      when = "before it answered " + action_;
    }
    fail("killed the child at the second signal, " + when);
  }

  bool fail(std::string message, int exit_code = 1) {
    figures_.error = std::move(message);
    figures_.exit_code = exit_code;
    return false;
  }

  bool fail_silent() {
    std::string message = "the child was silent for " + timeout_text() + " and owes its status for " + in_flight();
    if (figures_.skipped_lines != 0) {
      message += "; " + std::to_string(figures_.skipped_lines) +
                 " lines it wrote were no messages, the last: " + last_skipped_;
    }
    return fail(message + "; raise --timeout if it needs longer");
  }

  // What is wrong is known once the child was waited for. `missing` is what it did not write, or live to read.
  bool fail_over(std::string missing) {
    missing_ = std::move(missing);
    return false;
  }

  void judge(bool ended) {
    const Exit& exit = *figures_.exit;
    if (connection_.stops() > 1 && exit.signal() == SIGKILL) {
      if (figures_.error.empty()) fail_killed();
    } else if (!missing_.empty()) {
      if (ended) {
        fail("the child ended with " + exit.str() + " before " + missing_ + "; its standard error says why",
             mirrored(exit));
      } else {
        fail("the child closed its standard input or output before " + missing_ + "; both must stay open");
      }
    } else if (figures_.error.empty() && !ended) {
      fail("the child did not end within " + timeout_text() + " of its standard input being closed, and was killed");
    } else if (figures_.error.empty() && !exit.clean()) {
      fail("the child ended with " + exit.str() + " after its last status; its standard error says why",
           mirrored(exit));
    }
  }

  static int mirrored(const Exit& exit) {
    const int code = WIFEXITED(exit.status) ? WEXITSTATUS(exit.status) : 1;
    return code >= 2 && code <= 4 ? code : 1;
  }

  const Script& script_;
  const PlayOptions& options_;
  Child& child_;
  Figures& figures_;
  Connection connection_;
  Checkpointer checkpointer_;
  Position kept_;             // in the checkpoint file, where there is one
  std::string action_;        // of the message that has no status yet
  bool lingering_ = false;    // the batches are behind it: a processRecords is an idle tick
  std::string missing_;       // what the child owed when it was over with it
  std::string last_skipped_;  // the beginning of the line last skipped
};

}  // namespace

Figures play(const Script& script, const PlayOptions& options) {
  Figures figures;
  const auto begin = Clock::now();
  Result<Child> child = Child::start(options.command, options.pipe_size);
  if (!child) {
    figures.error = child.error();
    figures.exit_code = 2;
    return figures;
  }
  Player(script, options, *child, figures).play(begin);
  return figures;
}

}  // namespace kclhost::host::replay
