// What kclhost put does once its command line is understood.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "aws/credentials.hpp"
#include "aws/http.hpp"
#include "aws/kinesis.hpp"
#include "put/options.hpp"
#include "put/putter.hpp"
#include "put/source.hpp"

namespace kclhost::host::put {

// One thread; a StopSignals exists while it runs.
class Program {
 public:
  // Throws aws::ConfigurationError. `options` must outlive this.
  explicit Program(const Options& options);

  // Puts what the options say, and says how much that was. Throws InputError and what Putter throws.
  void run();

  // What had been put when an error came, in brackets; empty: nothing.
  std::string aside() const;

 private:
  using Clock = std::chrono::steady_clock;

  Patience patience();
  std::optional<int> await_stream();
  std::unique_ptr<Source> open() const;
  void drain(Source& source);
  void repeat(std::unique_ptr<Source> source);
  void show_progress();
  std::string summary() const;

  const Options& options_;
  aws::Environment environment_;
  aws::CurlHttp http_;
  std::string region_;
  aws::CredentialChain credentials_;
  aws::Kinesis kinesis_;
  Patience patience_;
  Putter putter_;
  std::optional<int> shards_;
  std::string cut_short_;
  Clock::time_point next_progress_;
  Clock::time_point next_notice_{};
};

// Prints "kclhost put: line" on standard error.
void say(const std::string& line);

}  // namespace kclhost::host::put
