#include "web/server.hpp"

#include <microhttpd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "web/answers.hpp"

namespace kclhost::host::web {
namespace {

constexpr unsigned most_connections = 128;
constexpr unsigned patience_with_client_s = 10;

MHD_Result reply(MHD_Connection* connection, Answer answer) {
  using Body = std::shared_ptr<const std::string>;
  auto body = std::make_unique<Body>(std::move(answer.body));
  MHD_Response* const response = MHD_create_response_from_buffer_with_free_callback_cls(
      (*body)->size(), const_cast<char*>((*body)->data()), [](void* shared) { delete static_cast<Body*>(shared); },
      body.get());
  if (response == nullptr) return MHD_NO;
  (void)body.release();  // the response's
  MHD_add_response_header(response, "Content-Type", answer.type);
  MHD_add_response_header(response, "Cache-Control", "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  MHD_add_response_header(response, "Content-Security-Policy",
                          "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                          "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) MHD_add_response_header(response, "Allow", "GET, HEAD");
  const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Result handle(void* answers, MHD_Connection* connection, const char* url, const char* method, const char*,
                  const char*, std::size_t* upload_size, void** begun) {
  // The first time the headers have come, and no more.
  static int mark;
  if (*begun == nullptr) {
    *begun = &mark;
    return MHD_YES;
  }
  if (*upload_size != 0) {  // a body says nothing to us
    *upload_size = 0;
    return MHD_YES;
  }
  const std::string_view verb = method;
  if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
    return reply(connection, {MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain; charset=utf-8",
                              std::make_shared<const std::string>("GET and HEAD are served\n")});
  }
  const char* const accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");
  try {
    return reply(connection, static_cast<Answers*>(answers)->to(url, accept == nullptr ? "" : accept));
  } catch (const std::exception&) {  // no memory: this client gets nothing
    return MHD_NO;
  }
}

}  // namespace

struct Server::Http {
  Answers answers;
  MHD_Daemon* daemon = nullptr;
};

Server::Server(Settings settings)
    : http_(new Http{.answers = Answers(std::move(settings.hub), settings.stalled_after)}) {
  http_->daemon =
      MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, nullptr, nullptr, handle, &http_->answers,
                       MHD_OPTION_LISTEN_SOCKET, settings.listening_fd, MHD_OPTION_CONNECTION_LIMIT, most_connections,
                       MHD_OPTION_CONNECTION_TIMEOUT, patience_with_client_s, MHD_OPTION_END);
  if (http_->daemon == nullptr) throw std::runtime_error("the HTTP server does not start");
}

Server::~Server() {
  MHD_stop_daemon(http_->daemon);
}

}  // namespace kclhost::host::web
