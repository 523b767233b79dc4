#include "sender.hpp"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string>

#include "payload.hpp"
#include "url.hpp"

namespace http_forwarder {

namespace {

// Attempts of a request, after which the log says that it waits.
constexpr unsigned patience = 3;

void check(CURLMcode code) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLM_OK) throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
}

// While it lives, threads that are made get no signal but those of their own faults: the others are the process's.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;
  ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

CURLM* made_multi(std::size_t connections) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) throw std::runtime_error(std::string("libcurl: ") + curl_easy_strerror(initialized));
  CURLM* const multi = curl_multi_init();
  if (multi == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
  return multi;
}

}  // namespace

Sender::Sender(const kclhost::AcknowledgingContext& context, const Options& options)
    : context_(context),
      options_(options),
      metrics_(context),
      multi_(made_multi(options.concurrency), &curl_multi_cleanup),
      backlog_(options.ordered) {
  const SignalsHeldBack held_back;
  thread_ = std::thread([this] { run(); });
}

void Sender::add(std::vector<Item> items) {
  {
    const std::lock_guard lock(mutex_);
    added_.insert(added_.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
  }
  curl_multi_wakeup(multi_.get());
}

void Sender::flush() {
  {
    const std::lock_guard lock(mutex_);
    flush_ = true;
  }
  curl_multi_wakeup(multi_.get());
}

void Sender::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  curl_multi_wakeup(multi_.get());
  thread_.join();
}

void Sender::run() {
  while (take_over()) {
    begin_requests(Clock::now());
    int running = 0;
    check(curl_multi_perform(multi_.get(), &running));
    if (end_requests()) continue;
    check(curl_multi_poll(multi_.get(), nullptr, 0, milliseconds_to_wait(Clock::now()), nullptr));
  }
  for (const Request& request : requests_) {
    if (request.transfer != nullptr) curl_multi_remove_handle(multi_.get(), request.transfer->handle());
  }
  requests_.clear();
}

bool Sender::take_over() {
  std::vector<Item> items;
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return false;
    items.swap(added_);
    if (!items.empty()) end_ = items.back().id + 1;
    if (std::exchange(flush_, false)) flush_below_ = end_;
  }
  for (Item& item : items) backlog_.push(std::move(item));
  return true;
}

void Sender::begin_requests(Clock::time_point now) {
  if (now < paused_until_) return;
  for (auto next = requests_.begin(); next != requests_.end();) {
    const auto request = next++;  // which may end at once
    if (request->transfer == nullptr && request->not_before <= now) send(request);
  }
  while (requests_.size() < options_.concurrency && is_due(now)) {
    std::vector<Item> items = backlog_.take(options_.max_records, options_.max_bytes);
    const std::size_t count = items.size();
    requests_.emplace_back();
    requests_.back().items = std::move(items);
    requests_.back().ranges.push_back({0, count});
    send(std::prev(requests_.end()));
  }
}

bool Sender::is_due(Clock::time_point now) const {
  if (backlog_.records() == 0) return false;
  return backlog_.records() >= options_.max_records || backlog_.bytes() >= options_.max_bytes ||
         backlog_.first().id < flush_below_ || now - backlog_.first().since >= options_.linger;
}

void Sender::send(Requests::iterator request) {
  const Range range = request->ranges.back();
  Body body(options_.format);
  for (std::size_t i = range.begin; i < range.end; ++i) body.add(request->items[i].part);
  ++request->attempts;
  try {
    request->transfer = std::make_unique<Transfer>(options_, body.take(), request->items[range.begin].name);
  } catch (const std::runtime_error& error) {  // a secret's file
    return hold(*request, error.what());
  }
  ++request->sent;
  check(curl_multi_add_handle(multi_.get(), request->transfer->handle()));
  metrics_.in_flight.set(static_cast<double>(++in_flight_));
}

bool Sender::end_requests() {
  bool any = false;
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    any = true;
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;  // the message is gone with the handle
    const auto request = std::find_if(requests_.begin(), requests_.end(), [&](const Request& one) {
      return one.transfer != nullptr && one.transfer->handle() == handle;
    });
    const Answer answer = request->transfer->answer(code);
    check(curl_multi_remove_handle(multi_.get(), handle));
    request->transfer.reset();
    metrics_.in_flight.set(static_cast<double>(--in_flight_));
    metrics_.of_status(answer.status).add();
    metrics_.duration.observe(std::chrono::duration<double>(answer.duration).count());
    over(request, answer);
  }
  return any;
}

void Sender::over(Requests::iterator request, const Answer& answer) {
  const std::size_t in_trouble = in_trouble_;
  switch (verdict_of(answer, options_.retry)) {
    case Verdict::accepted:
      end_trouble(*request);
      acknowledge(*request);
      next_range(*request);
      break;
    case Verdict::refused:
      end_trouble(*request);
      refused(*request, answer);
      break;
    case Verdict::wait:
      wait(*request, answer);
      break;
  }
  if (request->ranges.empty()) end_trouble(*request);
  if (in_trouble > 0 && in_trouble_ == 0) context_.log_info(shown_url(options_.url) + ": no request waits any more");
  if (!request->ranges.empty()) return;
  backlog_.release(request->items);
  requests_.erase(request);
}

void Sender::refused(Request& request, const Answer& answer) {
  const Range range = request.ranges.back();
  if (range.end - range.begin == 1) {
    return reject(request, answer.why + (answer.said.empty() ? "" : ": " + answer.said));
  }
  halve(request, range.given_up_after);
}

void Sender::wait(Request& request, const Answer& answer) {
  // Whatever becomes of this request: the others wait too.
  paused_until_ = std::max(paused_until_, Clock::now() + answer.retry_after);
  // Half of what was given up gets no more than one attempt: where every record is refused that takes long enough.
  const bool over_again = request.ranges.back().given_up_after != 0 && may_be_one_records_fault(answer);
  if (over_again || (options_.retry.max_attempts != 0 && request.sent >= options_.retry.max_attempts)) {
    return give_up(request, answer);
  }
  metrics_.retries.add();
  hold(request, answer.why, answer.retry_after);
}

void Sender::give_up(Request& request, const Answer& answer) {
  const Range range = request.ranges.back();
  const unsigned attempts = range.given_up_after + request.sent;
  if (range.end - range.begin == 1 || !may_be_one_records_fault(answer)) {
    reject(request, "given up after " + std::to_string(attempts) + " attempts: " + answer.why);
  } else {
    metrics_.retries.add();
    halve(request, attempts);
  }
  request.not_before = Clock::now() + backoff(1);  // the server may be in trouble
}

void Sender::halve(Request& request, unsigned given_up_after) {
  const Range range = request.ranges.back();
  next_range(request);
  const std::size_t middle = range.begin + (range.end - range.begin) / 2;
  request.ranges.push_back({middle, range.end, given_up_after});
  request.ranges.push_back({range.begin, middle, given_up_after});
}

void Sender::hold(Request& request, const std::string& why, std::chrono::milliseconds retry_after) {
  request.not_before = Clock::now() + retry_after + backoff(request.attempts);
  if (request.attempts != patience || std::exchange(request.in_trouble, true) || ++in_trouble_ > 1) return;
  context_.log_warn(shown_url(options_.url) + ": " + why + ", after " + std::to_string(patience) +
                    " attempts; the records are held, and sent again until they are accepted");
}

void Sender::reject(Request& request, const std::string& why) {
  const Range range = request.ranges.back();
  for (std::size_t i = range.begin; i < range.end; ++i) context_.reject(request.items[i].id, why);
  metrics_.rejected.add(static_cast<double>(range.end - range.begin));
  next_range(request);
}

void Sender::acknowledge(const Request& request) {
  const Range range = request.ranges.back();
  for (std::size_t i = range.begin; i < range.end;) {
    const std::uint64_t first = request.items[i].id;
    std::uint64_t count = 1;
    while (++i < range.end && request.items[i].id == first + count) ++count;
    context_.acknowledge(first, count);
  }
  metrics_.forwarded.add(static_cast<double>(range.end - range.begin));
}

// The server takes requests again, or this one is over.
void Sender::end_trouble(Request& request) {
  if (std::exchange(request.in_trouble, false)) --in_trouble_;
}

void Sender::next_range(Request& request) {
  request.ranges.pop_back();
  request.attempts = request.sent = 0;
  request.not_before = {};
}

std::chrono::milliseconds Sender::backoff(unsigned attempts) {
  auto longest = options_.retry.initial_backoff;
  for (unsigned i = 1; i < attempts && longest < options_.retry.max_backoff; ++i) longest *= 2;
  longest = std::min(longest, options_.retry.max_backoff);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>((longest.count() + 1) / 2, longest.count())(random_));
}

int Sender::milliseconds_to_wait(Clock::time_point now) const {
  auto until = Clock::time_point::max();
  for (const Request& request : requests_) {
    if (request.transfer == nullptr) until = std::min(until, request.not_before);
  }
  if (requests_.size() < options_.concurrency && backlog_.records() != 0) {
    until = is_due(now) ? now : std::min(until, backlog_.first().since + options_.linger);
  }
  until = std::max(until, paused_until_);
  constexpr std::chrono::milliseconds longest{60'000};
  if (until - now >= longest) return static_cast<int>(longest.count());
  return static_cast<int>(std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count(), 0));
}

}  // namespace http_forwarder
