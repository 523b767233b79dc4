// An HTTP server for tests: it keeps what it is asked, and answers as a test says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

struct HttpRequest {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::steady_clock::time_point arrived;

  // Empty: it is not there.
  std::string header(const std::string& name) const {
    for (const auto& [header, value] : headers) {
      if (::strcasecmp(header.c_str(), name.c_str()) == 0) return value;
    }
    return {};
  }
};

struct HttpAnswer {
  int status = 200;
  std::vector<std::string> headers{};
  std::string body{};
  bool cut = false;  // the connection ends without an answer
};

class HttpServer {
 public:
  // `answer` is called on a thread of each connection's, with the number of requests so far.
  explicit HttpServer(std::function<HttpAnswer(const HttpRequest&, std::size_t)> answer) : answer_(std::move(answer)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no socket");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const Connection& connection : connections_) ::shutdown(connection.socket, SHUT_RDWR);
    }
    for (Connection& connection : connections_) {
      connection.thread.join();
      ::close(connection.socket);
    }
    ::close(listener_);
  }

  std::string url(const std::string& target = "/records") const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }

  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const HttpRequest& request : requests()) all.push_back(request.body);
    return all;
  }
  // Waits until so many requests have come. Aborts when they never do.
  void wait_for(std::size_t requests) const {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(1), [&] { return requests_.size() >= requests; })) std::abort();
  }

 private:
  struct Connection {
    int socket;
    std::thread thread{};
  };

  void accept_all() {
    while (true) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      connections_.push_back({socket});
      connections_.back().thread = std::thread([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    std::string input;
    while (const std::optional<HttpRequest> request = read(socket, input)) {
      std::size_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(*request);
        number = requests_.size();
      }
      changed_.notify_all();
      const HttpAnswer answer = answer_(*request, number);
      if (answer.cut) break;
      std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                         " Whatever\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
      for (const std::string& header : answer.headers) text += header + "\r\n";
      text += "\r\n" + answer.body;
      if (::send(socket, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) break;
    }
    ::shutdown(socket, SHUT_RDWR);
  }

  static bool receive(int socket, std::string& input) {
    char buffer[65536];
    const ssize_t size = ::recv(socket, buffer, sizeof buffer, 0);
    if (size > 0) input.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  }

  static std::optional<HttpRequest> read(int socket, std::string& input) {
    std::size_t head = 0;
    while ((head = input.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(socket, input)) return std::nullopt;
    }
    HttpRequest request;
    request.arrived = std::chrono::steady_clock::now();
    std::size_t line = input.find("\r\n");
    const std::size_t space = input.find(' ');
    request.method = input.substr(0, space);
    request.target = input.substr(space + 1, input.find(' ', space + 1) - space - 1);
    while (line < head) {
      const std::size_t begin = line + 2, end = input.find("\r\n", begin), colon = input.find(':', begin);
      const std::size_t value = std::min(end, input.find_first_not_of(' ', colon + 1));
      request.headers.emplace_back(input.substr(begin, colon - begin), input.substr(value, end - value));
      line = end;
    }
    input.erase(0, head + 4);
    const std::string length = request.header("Content-Length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (input.size() < size) {
      if (!receive(socket, input)) return std::nullopt;
    }
    request.body = input.substr(0, size);
    input.erase(0, size);
    return request;
  }

  const std::function<HttpAnswer(const HttpRequest&, std::size_t)> answer_;
  int listener_ = -1;
  unsigned port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<HttpRequest> requests_;
  std::list<Connection> connections_;
  std::thread acceptor_;
};
