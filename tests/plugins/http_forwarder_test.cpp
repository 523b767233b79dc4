// The http_forwarder as a host sees it, before a server that answers as a test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <kclhost/testing.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_server.hpp"

namespace {

using kclhost::LogLevel;
using kclhost::testing::Batch;
using kclhost::testing::Host;
using kclhost::testing::Instance;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const kclhost_plugin& forwarder() {
  static const kclhost_plugin& table = kclhost::testing::load(HTTP_FORWARDER);
  return table;
}

// Quick ones, and requests that wait for each other or for the end.
constexpr const char* quick = R"("retry": {"initial_backoff_seconds": 0.001, "max_backoff_seconds": 0.002})";
constexpr const char* patient = R"("batch": {"linger_seconds": 86400}, )";

std::string config(const std::string& url, const std::string& more) {
  return R"({"url": ")" + url + "\", " + more + "}";
}

HttpAnswer ok(const HttpRequest&, std::size_t) {
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class HttpForwarder : public testing::Test {
 protected:
  HttpForwarder() {
    ::setenv("NO_PROXY", "*", 1);
    host_.shard("shardId-1");
  }

  // Made at once, so that a test fails at its first line.
  Instance created(const HttpServer& server, const std::string& more) {
    Instance instance = host_.config(config(server.url(), more)).create(forwarder());
    EXPECT_TRUE(instance.created()) << instance.created().message;
    return instance;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const auto& log : host_.logs()) all.push_back(log.text);
    return all;
  }
  std::vector<std::string> rejected() const {
    std::vector<std::string> all;
    for (const auto& rejection : host_.rejections()) all.push_back(rejection.data + ": " + rejection.reason);
    return all;
  }

  Host host_;
};

TEST_F(HttpForwarder, SendsJsonLines) {
  HttpServer server(ok);
  auto instance = created(server, std::string(patient) + quick);
  EXPECT_TRUE(instance.process_records(Batch()
                                           .record("one")
                                           .key("k")
                                           .sequence(7)
                                           .arrived(std::chrono::system_clock::time_point(std::chrono::milliseconds(5)))
                                           .record("\xFF")
                                           .sequence(7)
                                           .sub(1)));
  EXPECT_TRUE(instance.shard_ended());
  ASSERT_TRUE(host_.wait_until_finished());
  instance.destroy();

  ASSERT_EQ(server.requests().size(), 1u);
  const HttpRequest request = server.requests()[0];
  EXPECT_EQ(request.method + ' ' + request.target, "POST /records");
  EXPECT_EQ(request.header("Content-Type"), "application/x-ndjson");
  EXPECT_EQ(request.header("Expect"), "");
  EXPECT_EQ(request.header("Idempotency-Key"), "");
  const std::string begin = R"({"sequenceNumber":"7","subSequenceNumber":)";
  EXPECT_EQ(request.body, begin + R"(0,"partitionKey":"k","approximateArrivalTimestamp":5,"text":"one"})" + "\n" +
                              begin + R"(1,"partitionKey":"key","approximateArrivalTimestamp":null,"data":"/w=="})" +
                              "\n");
  EXPECT_THAT(host_.acknowledged(), ElementsAre("one", "\xFF"));
  EXPECT_EQ(host_.counter("forwarder_requests", {{"status", "2xx"}}), 1);
  EXPECT_EQ(host_.counter("forwarded_records"), 2);
  EXPECT_EQ(host_.gauge("forwarder_requests_in_flight", {{"lane", "0"}}), 0);
  EXPECT_EQ(host_.histogram("forwarder_request").size(), 1u);
  EXPECT_THAT(host_.logs(), IsEmpty());
}

TEST_F(HttpForwarder, SendsAnArrayOfWhatTheRecordsAre) {
  HttpServer server(ok);
  auto instance = created(server, std::string(patient) + R"("format": "json_array", "content": "data")");
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_TRUE(instance.process_records(
      Batch{"{\n \"a\" : 1.50 }", "-1e-99999999999", "no", "", std::string("1\0", 2), "1 2", "\"\xFF\"", deep}));
  EXPECT_TRUE(instance.shard_ended());
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(server.bodies(), ElementsAre("[{\"a\":1.50},-1e-99999999999," + deep + "]"));
  EXPECT_EQ(server.requests()[0].header("Content-Type"), "application/json");
  const std::string why = ": its data is no JSON, and is to be sent as it is";
  EXPECT_THAT(rejected(), ElementsAre("no" + why, why, std::string("1\0", 2) + why, "1 2" + why, "\"\xFF\"" + why));
}

TEST_F(HttpForwarder, RawIsOneRecordARequest) {
  HttpServer server(ok);
  auto instance = created(server, R"("format": "raw", "method": "PUT", "concurrency": 1)");
  const std::string data("\0\xFF\n", 3);
  EXPECT_TRUE(instance.process_records(Batch().record(data).sequence(7).sub(2).null_record().sequence(8)));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(server.bodies(), ElementsAre(data, ""));
  EXPECT_EQ(server.requests()[0].method, "PUT");
  EXPECT_EQ(server.requests()[0].header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(server.requests()[0].header("Idempotency-Key"), "shardId-1/7/2");
  EXPECT_EQ(server.requests()[1].header("Idempotency-Key"), "shardId-1/8/0");
}

TEST_F(HttpForwarder, GzipIsReadByGunzip) {
  HttpServer server(ok);
  auto instance = created(server, std::string(patient) + R"("compression": "gzip", "content": "data")");
  EXPECT_TRUE(instance.process_records({R"("one")", R"("two")"}));
  EXPECT_TRUE(instance.shutdown_requested());
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_EQ(server.requests()[0].header("Content-Encoding"), "gzip");
  const std::string packed = server.requests()[0].body;
  std::string text(100, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_EQ(text, "\"one\"\n\"two\"\n");
}

TEST_F(HttpForwarder, ARequestIsSentWhenItIsFull) {
  for (const char* full : {R"("max_records": 2)", R"("max_bytes": 4)"}) {
    HttpServer server(ok);
    Host host;
    auto instance = host.config(config(server.url(), R"("content": "data", "batch": {"linger_seconds": 86400, )" +
                                                         std::string(full) + "}"))
                        .create(forwarder());
    EXPECT_TRUE(instance.process_records({"1", "2", "3"}));
    server.wait_for(1);
    EXPECT_TRUE(instance.process_records({"4"}));
    server.wait_for(2);
    EXPECT_TRUE(instance.process_records({"5"}));
    EXPECT_TRUE(instance.shutdown_requested());
    ASSERT_TRUE(host.wait_until_finished());
    // The third waits for the fourth: both have the key of the first two, so not even these may come at once.
    EXPECT_THAT(server.bodies(), ElementsAre("1\n2\n", "3\n4\n", "5\n")) << full;
  }
}

TEST_F(HttpForwarder, ARequestIsSentWhenItsTimeHasCome) {
  HttpServer server(ok);
  auto instance = created(server, R"("batch": {"linger_seconds": 0.05})");
  EXPECT_TRUE(instance.process_records({"1"}));
  EXPECT_TRUE(host_.wait_until_finished());
}

TEST_F(HttpForwarder, ARecordThatIsLargerThanARequestGoesAlone) {
  HttpServer server(ok);
  auto instance = created(server, R"("content": "data", "batch": {"max_bytes": 10})");
  EXPECT_TRUE(instance.process_records({"1", "\"" + std::string(3'000'000, 'x') + "\"", "2"}));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(server.bodies(), ElementsAre("1\n", testing::SizeIs(3'000'003), "2\n"));
}

TEST_F(HttpForwarder, WhatPassesIsTriedAgainUntilItIsAccepted) {
  HttpServer server([](const HttpRequest&, std::size_t number) -> HttpAnswer {
    static constexpr int statuses[] = {500, 503, 429, 408, 425, 302, 0, 0, 0, 599, 204};
    const int status = statuses[number - 1];
    return {status, {}, "", status == 0};
  });
  auto instance = created(server, std::string(patient) + quick);
  EXPECT_TRUE(instance.process_records({"1", "2"}));
  EXPECT_TRUE(instance.shutdown_requested());
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2"));
  EXPECT_EQ(server.requests().size(), 11u);
  EXPECT_THAT(server.bodies(), Each(server.bodies()[0]));
  // Where a connection that was kept open ends, libcurl makes another one and sends the request again by itself.
  EXPECT_EQ(host_.counter("forwarder_retries"), 9);
  EXPECT_EQ(host_.counter("forwarder_requests", {{"status", "none"}}), 2);
  EXPECT_EQ(host_.counter("forwarder_requests", {{"status", "3xx"}}), 1);
  EXPECT_EQ(host_.counter("forwarder_requests", {{"status", "4xx"}}), 3);
  EXPECT_EQ(host_.counter("forwarder_requests", {{"status", "5xx"}}), 3);
  instance.destroy();
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("/records: the server answers 429, after 3 attempts"),
                                   HasSubstr("/records: no request waits any more")))
      << "one line, not one for each try";
}

TEST_F(HttpForwarder, NoServerIsAsGoodAsOneThatIsBusy) {
  std::string url;
  {
    const HttpServer gone(ok);
    url = gone.url("/records?token=secret");
  }
  auto instance = host_.config(config(url, quick)).create(forwarder());
  ASSERT_TRUE(instance.created()) << instance.created().message;
  EXPECT_TRUE(instance.process_records({"1"}));
  while (lines().empty()) std::this_thread::yield();
  instance.destroy();
  EXPECT_THAT(lines(), ElementsAre(AllOf(HasSubstr("/records: Failed to connect"), Not(HasSubstr("secret")))));
  EXPECT_THAT(host_.acknowledged(), IsEmpty());
  EXPECT_THAT(host_.rejections(), IsEmpty());
}

TEST_F(HttpForwarder, AServerThatDoesNotAnswerCostsTheTimeout) {
  HttpServer* known = nullptr;
  HttpServer server([&](const HttpRequest&, std::size_t) -> HttpAnswer {
    known->wait_for(2);
    return {};
  });
  known = &server;
  auto instance = created(server, std::string(quick) + R"(, "timeout_seconds": 0.1)");
  EXPECT_TRUE(instance.process_records({"1"}));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_EQ(host_.counter("forwarder_requests", {{"status", "none"}}), 1);
}

TEST_F(HttpForwarder, NothingIsSentWhileTheServerAsksToWait) {
  HttpServer server([](const HttpRequest&, std::size_t number) -> HttpAnswer {
    if (number > 1) return {};
    return {429, {"Retry-After: 1"}};
  });
  auto instance = created(server, std::string(R"("format": "raw", )") + quick);
  EXPECT_TRUE(instance.process_records(Batch().record("1").key("a")));
  while (host_.counter("forwarder_retries") == 0) std::this_thread::yield();
  EXPECT_TRUE(instance.process_records(Batch().record("2").key("b")));
  ASSERT_TRUE(host_.wait_until_finished());
  const std::vector<HttpRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_GE(requests[1].arrived - requests[0].arrived, std::chrono::seconds(1));
}

TEST_F(HttpForwarder, NorBehindARecordThatIsGivenUp) {
  HttpServer server([](const HttpRequest&, std::size_t number) -> HttpAnswer {
    if (number > 1) return {};
    return {429, {"Retry-After: 1"}};
  });
  auto instance = created(server, R"("format": "raw", "retry": {"max_attempts": 1})");
  EXPECT_TRUE(instance.process_records(Batch().record("1").key("a")));
  while (host_.rejections().empty()) std::this_thread::yield();
  EXPECT_TRUE(instance.process_records(Batch().record("2").key("b")));
  ASSERT_TRUE(host_.wait_until_finished());
  const std::vector<HttpRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_GE(requests[1].arrived - requests[0].arrived, std::chrono::seconds(1));
}

TEST_F(HttpForwarder, WhatIsRefusedIsLookedForAndRejectedAlone) {
  HttpServer server([](const HttpRequest& request, std::size_t) -> HttpAnswer {
    if (has(request.body, "bad")) return {422, {}, "no\nsuch \xC3\xA9" + std::string(300, '.')};
    return {};
  });
  auto instance = created(server, std::string(patient) + quick);
  EXPECT_TRUE(instance.process_records({"1", "2", "bad 3", "4", "5", "6", "bad 7"}));
  EXPECT_TRUE(instance.shutdown_requested());
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2", "4", "5", "6"));
  const std::string why = ": the server answers 422: no such ??" + std::string(190, '.');
  EXPECT_THAT(rejected(), ElementsAre("bad 3" + why, "bad 7" + why));
  instance.destroy();
  EXPECT_EQ(host_.counter("forwarder_rejected_records"), 2);
  EXPECT_EQ(host_.counter("forwarder_retries"), 0);
}

TEST_F(HttpForwarder, TheConfigurationSaysWhichRefusalsPass) {
  HttpServer server([](const HttpRequest&, std::size_t number) -> HttpAnswer {
    return {number == 1 ? 401 : number == 2 ? 429 : 200};
  });
  auto instance = created(server, R"("retry": {"initial_backoff_seconds": 0.001, "statuses": [401]})");
  EXPECT_TRUE(instance.process_records({"1"}));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(rejected(), ElementsAre("1: the server answers 429")) << "it is not in the list";
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(HttpForwarder, GivesUpWhereItIsToldTo) {
  HttpServer server([](const HttpRequest&, std::size_t) -> HttpAnswer { return {503}; });
  auto instance = created(server, R"("retry": {"initial_backoff_seconds": 0.001, "max_attempts": 4})");
  EXPECT_TRUE(instance.process_records({"1", "2"}));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(rejected(), ElementsAre("1: given up after 5 attempts: the server answers 503",
                                      "2: given up after 5 attempts: the server answers 503"));
  EXPECT_EQ(server.requests().size(), 6u) << "each is sent alone once more, to see which is to blame";
}

TEST_F(HttpForwarder, WhatIsGivenUpIsLookedForAndRejectedAlone) {
  HttpServer server(
      [](const HttpRequest& request, std::size_t) -> HttpAnswer { return {has(request.body, "bad") ? 500 : 200}; });
  auto instance = created(server, std::string(patient) + R"("content": "data", "format": "json_array", )" +
                                      R"("retry": {"initial_backoff_seconds": 0.001, "max_attempts": 2})");
  EXPECT_TRUE(instance.process_records({"1", "2", R"("bad 3")", "4", "5"}));
  EXPECT_TRUE(instance.shutdown_requested());
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(server.bodies(), ElementsAre(R"([1,2,"bad 3",4,5])", R"([1,2,"bad 3",4,5])", "[1,2]", R"(["bad 3",4,5])",
                                           R"(["bad 3"])", "[4,5]"));
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2", "4", "5"));
  EXPECT_THAT(rejected(), ElementsAre(R"("bad 3": given up after 4 attempts: the server answers 500)"));
}

// The server's answers, one after the other.
auto in_turn(std::vector<int> statuses) {
  return [statuses](const HttpRequest&, std::size_t number) -> HttpAnswer { return {statuses.at(number - 1)}; };
}

TEST_F(HttpForwarder, HalfOfWhatIsGivenUpWaitsForAServerThatIsBusy) {
  HttpServer server(in_turn({500, 500, 429, 200, 200}));
  auto instance = created(server, R"("retry": {"initial_backoff_seconds": 0.001, "max_attempts": 2})");
  EXPECT_TRUE(instance.process_records({"1", "2"}));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2"));
}

TEST_F(HttpForwarder, WhatNoRecordIsToBlameForIsGivenUpAsAWhole) {
  for (const HttpAnswer& answer :
       {HttpAnswer{429}, HttpAnswer{503, {"Retry-After: 1"}}, HttpAnswer{200, {}, "", true}}) {
    HttpServer server([&](const HttpRequest&, std::size_t) { return answer; });
    Host host;
    auto instance = host.config(config(server.url(), R"("retry": {"max_attempts": 1})")).create(forwarder());
    EXPECT_TRUE(instance.process_records({"1", "2"}));
    ASSERT_TRUE(host.wait_until_finished());
    EXPECT_EQ(host.rejections().size(), 2u);
    EXPECT_EQ(server.requests().size(), 1u) << answer.status;
  }
}

TEST_F(HttpForwarder, EachPartOfARefusedRequestHasItsOwnAttempts) {
  HttpServer server(in_turn({503, 400, 503, 200, 503, 200}));
  auto instance = created(server, R"("retry": {"initial_backoff_seconds": 0.001, "max_attempts": 3})");
  EXPECT_TRUE(instance.process_records({"1", "2"}));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1", "2"));
}

TEST_F(HttpForwarder, RedirectsAreFollowedWhereItIsAskedFor) {
  for (const int status : {301, 302, 303, 307, 308}) {
    HttpServer server([&](const HttpRequest& request, std::size_t) -> HttpAnswer {
      if (request.target == "/there") return {};
      return {status, {"Location: /there"}, "moved"};
    });
    Host host;
    auto instance =
        host.config(config(server.url(), R"("content": "data", "follow_redirects": true)")).create(forwarder());
    EXPECT_TRUE(instance.process_records({"1"}));
    ASSERT_TRUE(host.wait_until_finished());
    ASSERT_EQ(server.requests().size(), 2u);
    EXPECT_EQ(server.requests()[1].method, "POST") << status;
    EXPECT_EQ(server.requests()[1].body, "1\n") << status;
  }
}

TEST_F(HttpForwarder, ARedirectThatIsNotFollowedIsAFaultOfTheConfiguration) {
  HttpServer server([](const HttpRequest&, std::size_t number) -> HttpAnswer {
    if (number > 3) return {};
    return {307, {"Location: /there"}};
  });
  auto instance = created(server, quick);
  EXPECT_TRUE(instance.process_records({"1"}));
  ASSERT_TRUE(host_.wait_until_finished());
  for (const HttpRequest& request : server.requests()) EXPECT_EQ(request.target, "/records");
  EXPECT_TRUE(host_.has_logged("the server answers 307, a redirect: put the place that it names into url, or set"));
}

TEST_F(HttpForwarder, AKeysRecordsKeepTheirOrder) {
  HttpServer* known = nullptr;
  HttpServer server([&](const HttpRequest& request, std::size_t) -> HttpAnswer {
    if (request.body == "a1") known->wait_for(2);
    return {};
  });
  known = &server;
  auto instance = created(server, R"("format": "raw")");
  EXPECT_TRUE(instance.process_records(Batch().record("a1").key("a").record("a2").key("a").record("b").key("b")));
  ASSERT_TRUE(host_.wait_until_finished());
  EXPECT_EQ(server.bodies()[2], "a2") << "it has not waited for a1";
  EXPECT_THAT(server.bodies(), UnorderedElementsAre("a1", "b", "a2"));
}

TEST_F(HttpForwarder, AKeysOrderOutlivesRetriesAndRefusals) {
  HttpServer server([](const HttpRequest& request, std::size_t number) -> HttpAnswer {
    if (number % 3 == 0) return {503};
    return {has(request.body, "7") ? 400 : 200};
  });
  auto instance = created(server, std::string(R"("content": "data", "batch": {"max_records": 3}, )") + quick);
  std::vector<std::string> sent;
  Batch batch;
  for (int i = 0; i < 100; ++i) batch.record(std::to_string(i)).key(i % 2 == 0 ? "even" : "odd");
  EXPECT_TRUE(instance.process_records(batch));
  EXPECT_TRUE(instance.shutdown_requested());
  ASSERT_TRUE(host_.wait_until_finished());
  int last[2] = {-1, -1};
  for (const std::string& data : host_.acknowledged()) {
    const int number = std::stoi(data);
    EXPECT_GT(number, last[number % 2]);
    last[number % 2] = number;
  }
  EXPECT_EQ(host_.rejections().size(), 19u);
}

TEST_F(HttpForwarder, WithoutOrderAKeysRecordsGoTogether) {
  HttpServer* known = nullptr;
  HttpServer server([&](const HttpRequest&, std::size_t) -> HttpAnswer {
    known->wait_for(3);  // all of them are in flight
    return {};
  });
  known = &server;
  auto instance = created(server, R"("format": "raw", "ordered": false)");
  EXPECT_TRUE(instance.process_records({"1", "2", "3"}));
  EXPECT_TRUE(host_.wait_until_finished());
}

TEST_F(HttpForwarder, SoManyRequestsAreInFlightAndNoMore) {
  std::atomic<bool> released{false};
  HttpServer server([&](const HttpRequest&, std::size_t) -> HttpAnswer {
    while (!released) std::this_thread::yield();
    return {};
  });
  auto instance = created(server, R"("format": "raw", "concurrency": 5, "ordered": false)");
  EXPECT_TRUE(instance.process_records(Batch().records(50, "x")));
  server.wait_for(5);
  EXPECT_EQ(host_.gauge("forwarder_requests_in_flight", {{"lane", "0"}}), 5);
  released = true;
  EXPECT_TRUE(host_.wait_until_finished());
}

TEST_F(HttpForwarder, ASecretIsReadAgainForEachRequestAndNotLogged) {
  char name[] = "/tmp/http_forwarder_test.XXXXXX";
  ::close(::mkstemp(name));
  const std::filesystem::path file = name;
  std::ofstream(file) << "secret-1\r\n";
  ::setenv("HTTP_FORWARDER_TEST", "secret-0", 1);
  HttpServer server([&](const HttpRequest&, std::size_t number) -> HttpAnswer {
    if (number == 1) std::ofstream(file) << "secret-2";
    if (number == 2) std::filesystem::remove(file);
    return {number < 3 ? 503 : 200};
  });
  auto instance = created(server, R"("headers": {"Authorization": {"prefix": "Bearer ", "file": ")" + file.string() +
                                      R"("}, "X-Env": {"env": "HTTP_FORWARDER_TEST"}, "content-type": "a/b",)" +
                                      R"("X-Empty": ""}, )" + quick);
  EXPECT_TRUE(instance.process_records({"1"}));
  while (lines().empty()) std::this_thread::yield();
  std::ofstream(file) << "secret-3";
  ASSERT_TRUE(host_.wait_until_finished());
  std::filesystem::remove(file);

  std::vector<std::string> bearers;
  for (const HttpRequest& request : server.requests()) {
    bearers.push_back(request.header("Authorization"));
    EXPECT_EQ(request.header("X-Env"), "secret-0");
    EXPECT_EQ(request.header("Content-Type"), "a/b");
  }
  EXPECT_THAT(bearers, ElementsAre("Bearer secret-1", "Bearer secret-2", "Bearer secret-3"));
  EXPECT_THAT(lines(), Each(Not(HasSubstr("secret"))));
  EXPECT_THAT(lines()[0], HasSubstr("can't read " + file.string() + ": No such file or directory"));
}

TEST_F(HttpForwarder, WithoutItsSecretARequestIsNotAttempted) {
  char name[] = "/tmp/http_forwarder_test.XXXXXX";
  ::close(::mkstemp(name));
  std::ofstream(name) << "secret-1";
  HttpServer server([&](const HttpRequest&, std::size_t number) -> HttpAnswer {
    if (number == 1) std::ofstream(name).close();  // it is being written anew
    return {number == 1 ? 503 : 200};
  });
  auto instance = created(server, R"("headers": {"X-Key": {"file": ")" + std::string(name) + R"("}}, )" +
                                      R"("retry": {"initial_backoff_seconds": 0.001, "max_attempts": 2})");
  EXPECT_TRUE(instance.process_records({"1"}));
  while (lines().empty()) std::this_thread::yield();  // it has looked for the secret twice
  std::ofstream(name) << "secret-2";
  ASSERT_TRUE(host_.wait_until_finished());
  std::filesystem::remove(name);
  EXPECT_THAT(host_.rejections(), IsEmpty());
  EXPECT_THAT(host_.acknowledged(), ElementsAre("1"));
}

TEST_F(HttpForwarder, AfterALostLeaseNothingIsSaid) {
  std::atomic<bool> over{false};
  HttpServer server([&](const HttpRequest&, std::size_t) -> HttpAnswer {
    while (!over) std::this_thread::yield();
    return {};
  });
  auto instance = created(server, R"("format": "raw")");
  EXPECT_TRUE(instance.process_records({"1"}));
  server.wait_for(1);
  EXPECT_TRUE(instance.lease_lost());
  over = true;
  instance.destroy();
  EXPECT_THAT(host_.acknowledged(), IsEmpty());
}

TEST_F(HttpForwarder, AWrongConfigIsRefused) {
  ::unsetenv("HTTP_FORWARDER_TEST");
  const auto with = [](const std::string& more) { return config("http://h/", more); };
  const auto header = [&](const std::string& value) { return with(R"("headers": {"X-A": )" + value + "}"); };
  const std::vector<std::pair<std::string, const char*>> cases{
      {"{}", "plugin.config.url is missing"},
      {R"({"url": "h"})", "plugin.config.url is no URL: Bad scheme"},
      {R"({"url": "ftp://h/"})", "plugin.config.url must begin with http:// or https://"},
      {R"({"url": "http://h:99999/"})", "plugin.config.url is no URL"},
      {R"({"url": "http://secret:secret@h/"})", "plugin.config.url must have no user and password in it"},
      {with(R"("fromat": "raw")"), "plugin.config.fromat is unknown; there are url, method, "},
      {with(R"("method": "GET")"), "method must be POST, PUT or PATCH, and is \"GET\""},
      {with(R"("format": "xml")"), "format must be json_lines, json_array or raw"},
      {with(R"("content": "base64")"), "content must be envelope or data"},
      {with(R"("format": "raw", "content": "data")"), "content must be left out with format raw"},
      {with(R"("format": "raw", "batch": {"max_records": 2})"), "batch must be left out with format raw"},
      {with(R"("compression": "zstd")"), "compression must be none or gzip"},
      {with(R"("batch": {"max_record": 2})"), "plugin.config.batch.max_record is unknown"},
      {with(R"("batch": {"max_records": 0})"), "max_records must be 1 or more"},
      {with(R"("batch": {"max_bytes": 0})"), "max_bytes must be 1 or more"},
      {with(R"("batch": {"linger_seconds": -1})"), "linger_seconds must be from 0 to 86400, and is -1"},
      {with(R"("concurrency": 0)"), "concurrency must be 1 or more"},
      {with(R"("concurrency": 2000)"), "concurrency must be from 1 to 1024"},
      {with(R"("ordered": 1)"), "ordered must be true or false"},
      {with(R"("timeout_seconds": 0)"), "timeout_seconds must be from 0.001 to 3600"},
      {with(R"("retry": {"attempts": 1})"), "plugin.config.retry.attempts is unknown"},
      {with(R"("retry": {"initial_backoff_seconds": 2, "max_backoff_seconds": 1})"),
       "retry.max_backoff_seconds must be initial_backoff_seconds or more, and is 1"},
      {with(R"("retry": {"max_attempts": 0})"), "max_attempts must be 1 or more"},
      {with(R"("retry": {"statuses": [503]})"), "retry.statuses[0] must be from 400 to 499, and is 503"},
      {with(R"("tls": {"ca": "/x"})"), "plugin.config.tls.ca is unknown"},
      {with(R"("tls": {"ca_file": "x"})"), "tls.ca_file must be a path from the root"},
      {with(R"("tls": {"ca_file": "/no/such"})"), "that this user can read: /no/such: No such file or directory"},
      {header("17"), "plugin.config.headers.X-A must be a text, in quotes if it looks like a number, or a map"},
      {header("null"), "headers.X-A must be a text"},
      {header(R"("secret\nX-B: 1")"), "headers.X-A has a control character in its value"},
      {header("{}"), "headers.X-A must have either file or env"},
      {header(R"({"file": "/x", "env": "X"})"), "headers.X-A must have either file or env"},
      {header(R"({"fiel": "/x"})"), "headers.X-A.fiel is unknown; there are file, env, prefix"},
      {header(R"({"file": "x"})"), "headers.X-A.file must be a path from the root"},
      {header(R"({"file": "/no/such"})"), "headers.X-A can't be used: can't read /no/such: No such file or directory"},
      {header(R"({"file": "/dev/null"})"), "headers.X-A can't be used: /dev/null is empty"},
      {header(R"({"file": "/proc/version", "env": null, "prefix": "\u0001"})"), "has a control character"},
      {header(R"({"env": "HTTP_FORWARDER_TEST"})"),
       "headers.X-A.env names the environment variable HTTP_FORWARDER_TEST, which is not set"},
      {with(R"("headers": {"X A": "1"})"), "headers.X A is no name of a header"},
      {with(R"("headers": {"content-length": "1"})"), "is a header that the forwarder makes itself; leave it out"},
      {with(R"("headers": {"X-A": "1", "x-a": "1"})"), "headers.x-a is there twice"},
  };
  for (const auto& [config, message] : cases) {
    const Instance instance = host_.config(config).create(forwarder());
    EXPECT_FALSE(instance.created()) << config;
    EXPECT_THAT(instance.created().message, AllOf(HasSubstr(message), Not(HasSubstr("secret"))));
  }
}

}  // namespace
