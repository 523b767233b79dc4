// Kinesis and DynamoDB as the daemon would ask them, and what the checks have learnt of them so far.
#pragma once

#include <rapidjson/document.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "aws/json_service.hpp"
#include "aws/timestamp.hpp"
#include "config/config.hpp"
#include "doctor/finding.hpp"
#include "launch/priming.hpp"
#include "prime/daemon_access.hpp"
#include "support/result.hpp"

namespace kclhost::host::doctor {

// What came of one request.
struct Answer {
  std::optional<rapidjson::Document> document;  // where the service did what it was asked
  std::string code, message;                    // else: the error's type ("" where no answer came), and what is wrong

  bool denied() const;        // this identity is not allowed to ask that
  bool not_believed() const;  // the service does not know who asks
  bool unanswered() const { return !document && code.empty(); }
};

// Somebody is there, and does not answer. The message may begin with an endpoint's URL.
Finding no_answer(const std::string& where, const std::string& message);

// One thread.
class Services {
 public:
  // Knows of none; why_not says why.
  explicit Services(std::string why_not) : why_not_(std::move(why_not)) {}
  // By the properties that the daemon is given. Where the daemon's AWS SDK may do what kclhost can't follow, why_not
  // says so, and nothing may be asked.
  // `patience`: how long a request may take.
  Services(const config::Daemon& daemon, const std::map<std::string, std::string>& properties,
           std::chrono::seconds patience);

  const std::string& why_not() const { return why_not_; }
  const aws::RequestTimes& times() const { return times_; }
  const launch::PrimingPlan& plan() const { return *plan_; }
  prime::DaemonAccess& access() { return *access_; }

  Answer ask_kinesis(const char* action, const std::string& body) { return ask(*kinesis_, action, body); }
  Answer ask_dynamodb(const char* action, const std::string& body) { return ask(*dynamodb_, action, body); }

  bool kinesis_answers = false, dynamodb_answers = false;  // to anybody
  std::optional<std::chrono::seconds> clock_ahead;         // of ours, of the service's
  bool believed = false;                                   // the service knows who we are

 private:
  static Answer ask(aws::JsonService& service, const char* action, const std::string& body);

  std::string why_not_;
  aws::RequestTimes times_;
  std::optional<launch::PrimingPlan> plan_;
  std::unique_ptr<prime::DaemonAccess> access_;
  std::unique_ptr<aws::JsonService> kinesis_, dynamodb_;
};

}  // namespace kclhost::host::doctor
