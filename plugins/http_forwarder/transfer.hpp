// One request on its way, by libcurl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "options.hpp"

namespace http_forwarder {

struct Answer {
  long status = 0;                        // 0: there was none
  std::chrono::microseconds duration{0};  // from the request's start to its end
  // What the server asks to wait for; 0: nothing.
  std::chrono::milliseconds retry_after{0};
  std::string why;   // for a person: what the answer is, or why there is none
  std::string said;  // what its body begins with, in one line of ASCII
};

enum class Verdict { accepted, refused, wait };

// What an answer means for the records of its request.
Verdict verdict_of(const Answer& answer, const Retry& retry);

// Whether an answer that means to wait may be due to one of the request's records: the server fails, and asks for no
// pause. One that can't be reached, or has too much to do, says nothing of the records.
bool may_be_one_records_fault(const Answer& answer);

// Who has put its handle into a multi handle takes it out before this ends.
class Transfer {
 public:
  // Throws std::runtime_error where a secret can't be read. options outlive it.
  Transfer(const Options& options, std::string body, std::string_view idempotency_key);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() { return curl_.get(); }
  // When it is over.
  Answer answer(CURLcode code);

 private:
  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* transfer);
  static std::size_t take_header(char*, std::size_t, std::size_t size, void* transfer);

  void add_header(const std::string& line);
  template <class Value>
  void set(CURLoption option, Value value);

  const std::string body_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
  std::string said_;
  std::size_t header_bytes_ = 0;
  char error_[CURL_ERROR_SIZE] = "";
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;  // ends before what it refers to
};

}  // namespace http_forwarder
