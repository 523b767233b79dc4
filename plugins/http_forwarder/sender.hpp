// Sends records, many requests at a time, on a thread of its own; and says what became of them.
#pragma once

#include <kclhost/context.hpp>

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "backlog.hpp"
#include "metrics.hpp"
#include "options.hpp"
#include "transfer.hpp"

namespace http_forwarder {

class Sender {
 public:
  // Both outlive it.
  Sender(const kclhost::AcknowledgingContext& context, const Options& options);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() { stop(); }

  // On one thread at a time. The ids grow from call to call.
  void add(std::vector<Item> items);
  // What was added is sent as soon as there is room, full requests or not.
  void flush();
  // What is on its way is broken off, and nothing is acknowledged or rejected any more.
  void stop();

 private:
  struct Range {
    std::size_t begin, end;
    unsigned given_up_after = 0;  // attempts of the larger one that it is a part of; 0: that one was not given up
  };
  // One after the other it sends its ranges, which were one range before a part of it was refused, or it was given up.
  struct Request {
    std::vector<Item> items;
    std::vector<Range> ranges;           // the next one last
    unsigned attempts = 0, sent = 0;     // of the next one: without its secrets none is sent
    bool in_trouble = false;             // counted in in_trouble_
    Clock::time_point not_before{};      // the next attempt
    std::unique_ptr<Transfer> transfer;  // null: it waits
  };
  using Requests = std::list<Request>;

  // ---- On the thread
  void run();
  bool take_over();  // false: stop
  void begin_requests(Clock::time_point now);
  bool is_due(Clock::time_point now) const;
  void send(Requests::iterator request);  // begins an attempt
  bool end_requests();                    // whether there was one
  void over(Requests::iterator request, const Answer& answer);
  void refused(Request& request, const Answer& answer);
  void wait(Request& request, const Answer& answer);
  void give_up(Request& request, const Answer& answer);
  void end_trouble(Request& request);
  // Its next range in two halves.
  void halve(Request& request, unsigned given_up_after);
  void hold(Request& request, const std::string& why, std::chrono::milliseconds retry_after = {});
  void reject(Request& request, const std::string& why);
  void acknowledge(const Request& request);
  void next_range(Request& request);
  std::chrono::milliseconds backoff(unsigned attempts);
  int milliseconds_to_wait(Clock::time_point now) const;

  const kclhost::AcknowledgingContext& context_;
  const Options& options_;
  const Metrics metrics_;
  const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;

  std::mutex mutex_;
  std::vector<Item> added_;
  bool flush_ = false, stop_ = false;

  // The thread's own.
  Backlog backlog_;
  Requests requests_;  // at most options_.concurrency
  std::size_t in_flight_ = 0;
  std::uint64_t end_ = 0;             // behind the last record's id
  std::uint64_t flush_below_ = 0;     // records up to here have waited long enough
  Clock::time_point paused_until_{};  // as the server asked
  std::size_t in_trouble_ = 0;        // requests that were tried in vain for so long that the log has it
  std::minstd_rand random_{std::random_device{}()};

  std::thread thread_;
};

}  // namespace http_forwarder
