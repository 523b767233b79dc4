// What the forwarder counts.
#pragma once

#include <kclhost/context.hpp>

#include <cstddef>
#include <string>

namespace http_forwarder {

struct Metrics {
  explicit Metrics(const kclhost::Context& context)
      : by_status{requests(context, "none"), requests(context, "1xx"), requests(context, "2xx"),
                  requests(context, "3xx"),  requests(context, "4xx"), requests(context, "5xx")},
        forwarded(context.counter({"forwarded_records", "Records that the server accepted"})),
        rejected(context.counter({"forwarder_rejected_records", "Records that were rejected"})),
        retries(context.counter({"forwarder_retries", "Requests that have to be sent again"})),
        // Of a gauge the last value counts, whichever lane's it is.
        in_flight(context.gauge({"forwarder_requests_in_flight",
                                 "Requests that are on their way",
                                 "",
                                 {{"lane", std::to_string(context.lane())}}})),
        duration(context.histogram({"forwarder_request", "From a request's start to its answer's end", "seconds"})) {}

  const kclhost::Counter& of_status(long status) const {
    const auto hundreds = static_cast<std::size_t>(status / 100);
    return by_status[hundreds < 6 ? hundreds : 0];
  }

  const kclhost::Counter by_status[6];
  const kclhost::Counter forwarded, rejected, retries;
  const kclhost::Gauge in_flight;
  const kclhost::Histogram duration;

 private:
  static kclhost::Counter requests(const kclhost::Context& context, const std::string& status) {
    return context.counter({"forwarder_requests",
                            "Requests by their answer's status; none: there was no answer",
                            "",
                            {{"status", status}}});
  }
};

}  // namespace http_forwarder
