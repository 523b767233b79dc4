// Stand-ins for what the AWS client reaches out to.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "aws/environment.hpp"
#include "aws/errors.hpp"
#include "aws/http.hpp"

namespace kclhost::host::aws {

inline Environment fake_environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

// Keeps every request; answers by URL, else as if nobody were there.
class FakeHttp final : public Http {
 public:
  HttpResponse send(const HttpRequest& request) override {
    requests.push_back(request);
    const auto found = answers.find(request.method + ' ' + request.url);
    if (found == answers.end()) throw TransportError(request.url + ": connection refused", true);
    return found->second;
  }

  std::map<std::string, HttpResponse> answers;  // by "METHOD URL"
  std::vector<HttpRequest> requests;
};

// Answers in order, whatever is asked.
class ScriptedHttp final : public Http {
 public:
  HttpResponse send(const HttpRequest& request) override {
    requests.push_back(request);
    if (script.empty()) throw TransportError("the script is over", false);
    const HttpResponse answer = script.front();
    script.pop_front();
    if (answer.status == 0) throw TransportError("connection reset", true);
    return answer;
  }

  std::deque<HttpResponse> script;
  std::vector<HttpRequest> requests;
};

}  // namespace kclhost::host::aws
