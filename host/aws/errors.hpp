// What the AWS client throws. what() is one line for a person.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace kclhost::host::aws {

// Nothing that trying again could mend: no region, no credentials, an unreadable file.
class ConfigurationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What the AWS tools and SDKs can do, and kclhost does not.
class LeftToOthers : public ConfigurationError {
 public:
  using ConfigurationError::ConfigurationError;
};

// A request that can be tried again when retryable() says so.
class RequestError : public std::runtime_error {
 public:
  RequestError(const std::string& what, bool retryable) : std::runtime_error(what), retryable_(retryable) {}
  bool retryable() const { return retryable_; }

 private:
  bool retryable_;
};

// No whole answer arrived: connection, name, TLS, timeout. The other side may have acted on the request all the same.
class TransportError : public RequestError {
 public:
  using RequestError::RequestError;
};

// The other side took the request, and gave no whole answer in time.
class AnswerTimeout : public TransportError {
 public:
  explicit AnswerTimeout(const std::string& what) : TransportError(what, true) {}
};

// The service answered with an error. code() is its type, for example ResourceNotFoundException.
class ServiceError : public RequestError {
 public:
  ServiceError(std::string code, const std::string& message, long http_status);
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

// Whether an error type, of a request or of one record in PutRecords, stands for load or a passing fault.
bool is_passing(std::string_view error_code);

}  // namespace kclhost::host::aws
