#include "transfer.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "encoding/gzip.hpp"

namespace http_forwarder {

namespace {

constexpr std::size_t longest_excerpt = 200;
constexpr std::size_t max_headers = 1u << 20;  // bytes: libcurl holds as many as a server sends
constexpr std::chrono::seconds longest_retry_after{3600};

}  // namespace

Verdict verdict_of(const Answer& answer, const Retry& retry) {
  if (answer.status >= 200 && answer.status < 300) return Verdict::accepted;
  if (answer.status < 400 || answer.status >= 500) return Verdict::wait;
  const auto& statuses = retry.statuses;
  const bool waits = std::find(statuses.begin(), statuses.end(), answer.status) != statuses.end();
  return waits ? Verdict::wait : Verdict::refused;
}

bool may_be_one_records_fault(const Answer& answer) {
  return answer.status >= 500 && answer.retry_after.count() == 0;
}

Transfer::Transfer(const Options& options, std::string body, std::string_view idempotency_key)
    : body_(options.gzip ? encoding::gzipped(body) : std::move(body)),
      headers_(nullptr, &curl_slist_free_all),
      curl_(curl_easy_init(), &curl_easy_cleanup) {
  if (curl_ == nullptr) throw std::bad_alloc();
  for (const Header& header : options.headers) add_header(line_of(header));
  if (options.gzip) add_header("Content-Encoding: gzip");
  if (!idempotency_key.empty()) add_header("Idempotency-Key: " + std::string(idempotency_key));
  add_header("Expect:");  // no round trip before a large body

  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // nobody waits for a name's resolution at the end
  set(CURLOPT_URL, options.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, options.follow_redirects ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
  if (options.url.compare(0, 6, "https:") == 0) set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.timeout.count()));
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_POSTFIELDS, body_.c_str());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
  if (options.method != "POST") set(CURLOPT_CUSTOMREQUEST, options.method.c_str());
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_USERAGENT, "kclhost-http-forwarder");
  set(CURLOPT_WRITEFUNCTION, &take_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, this);
}

Answer Transfer::answer(CURLcode code) {
  Answer answer;
  curl_off_t took = 0, retry_after = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_TOTAL_TIME_T, &took);
  answer.duration = std::chrono::microseconds(took);
  if (code != CURLE_OK) {
    answer.why = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    return answer;
  }
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &retry_after);
  answer.retry_after = std::clamp(std::chrono::seconds(retry_after), std::chrono::seconds(0), longest_retry_after);
  answer.why = "the server answers " + std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    answer.why += ", a redirect: put the place that it names into url, or set follow_redirects";
  }
  for (const char c : said_) answer.said += c >= ' ' && c < 0x7F ? c : c >= 0 && c < ' ' ? ' ' : '?';
  return answer;
}

std::size_t Transfer::take_body(char* data, std::size_t, std::size_t size, void* transfer) {
  std::string& said = static_cast<Transfer*>(transfer)->said_;
  said.append(data, std::min(size, longest_excerpt - said.size()));
  return size;
}

std::size_t Transfer::take_header(char*, std::size_t, std::size_t size, void* transfer) {
  auto& self = *static_cast<Transfer*>(transfer);
  self.header_bytes_ += size;
  return self.header_bytes_ <= max_headers ? size : 0;
}

void Transfer::add_header(const std::string& line) {
  curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)headers_.release();
  headers_.reset(longer);
}

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(curl_.get(), option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) throw std::logic_error(std::string("libcurl: ") + curl_easy_strerror(code));
}

}  // namespace http_forwarder
