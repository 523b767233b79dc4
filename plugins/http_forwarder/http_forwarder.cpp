// Sends a shard's records to an HTTP endpoint. A record is acknowledged when the server has accepted the request that
// it was in, and rejected when the server has refused it alone.
//
// What the server has not answered yet is in memory, and within the configuration's in_flight: so a server that is
// down, or slow, costs no record and no try. The forwarder tries again, and the shard waits for it.
#include <kclhost/record_processor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options.hpp"
#include "payload.hpp"
#include "sender.hpp"

namespace http_forwarder {

class HttpForwarder final : public kclhost::AcknowledgingProcessor {
 public:
  static constexpr std::string_view description = "Sends each shard's records to an HTTP endpoint";
  static constexpr std::string_view config_schema = options_schema;

  static void check_config(const kclhost::Config& config) { parse_options(config); }

  explicit HttpForwarder(kclhost::AcknowledgingContext& context)
      : context_(context), options_(parse_options(context.config())), sender_(context, options_) {}

  // All of the batch is taken on at once: of a call that fails nothing is sent.
  void process_records(const kclhost::Batch& batch) override {
    const auto now = Clock::now();
    std::vector<Item> items;
    items.reserve(batch.size());
    for (const kclhost::Record& record : batch) {
      std::optional<std::string> part = part_of(record, options_.format, options_.content);
      if (!part) {
        context_.reject(record, "its data is no JSON, and is to be sent as it is");
        continue;
      }
      items.push_back({record.id(), options_.ordered ? std::string(record.partition_key()) : std::string(),
                       name_of(record), std::move(*part), now});
    }
    sender_.add(std::move(items));
  }

  void finish(kclhost::Reason) override { sender_.flush(); }
  void lease_lost() override { sender_.stop(); }

 private:
  // The same whenever the record comes, so that a server can tell.
  std::string name_of(const kclhost::Record& record) const {
    if (options_.format != Format::raw) return {};
    return std::string(context_.shard_id()) + '/' + std::string(record.sequence_number()) + '/' +
           std::to_string(record.sub_sequence_number());
  }

  kclhost::AcknowledgingContext& context_;
  const Options options_;
  Sender sender_;
};

}  // namespace http_forwarder

KCLHOST_PLUGIN(http_forwarder::HttpForwarder, "kclhost.http_forwarder", "1.0.0")
