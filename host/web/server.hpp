// The HTTP server.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

namespace kclhost::host::web {

struct Settings {
  std::filesystem::path hub;
  int listening_fd = -1;  // becomes the server's
  std::chrono::milliseconds stalled_after{0};
};

// Answers GET and HEAD on a thread of its own, for as long as it lives, and nothing else. A client that reads slowly,
// or sends slowly, keeps nobody else waiting and is cut off after a while.
class Server {
 public:
  // Throws std::runtime_error when it can't serve.
  explicit Server(Settings settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  struct Http;
  std::unique_ptr<Http> http_;
};

}  // namespace kclhost::host::web
