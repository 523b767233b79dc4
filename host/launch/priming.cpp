#include "launch/priming.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "config/daemon_properties.hpp"
#include "config/daemon_version.hpp"
#include "config/table_names.hpp"
#include "launch/files.hpp"

namespace kclhost::host::launch {
namespace {

using Properties = std::map<std::string, std::string>;

// Whose tables and rows are known; a test compares them with what this daemon makes.
constexpr char known_version[] = "3.1.3";

// Settings of the AWS SDK that could lead the daemon to another account or region than us.
constexpr std::string_view sdk_builders[] = {"kinesisClient", "dynamoDbClient", "kinesisCredentialsProvider",
                                             "dynamoDBCredentialsProvider"};
constexpr std::string_view sdk_option = "-Daws.";

constexpr std::string_view default_provider = "DefaultCredentialsProvider";
constexpr std::string_view default_provider_class =
    "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider";

constexpr char primer[] = "kclhost-prime";

std::optional<std::string> get(const Properties& properties, const std::string& name) {
  const auto set = properties.find(name);
  return set == properties.end() ? std::nullopt : std::optional(set->second);
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// Whether somebody else may be asked than the chain that we ask too.
std::optional<std::string> foreign_access(const Properties& properties) {
  for (const auto& [name, value] : properties) {
    for (const std::string_view builder : sdk_builders) {
      if (name == builder || name.starts_with(std::string(builder) + '.')) {
        return name + " is for the AWS SDK, which kclhost does not follow there";
      }
    }
    // The daemon takes this name in any case.
    const std::string plain = lower(name);
    if (!plain.starts_with("awscredentialsprovider") || plain == "awscredentialsprovidercloudwatch") continue;
    if (value != default_provider && value != default_provider_class) {
      return name + " is " + value + ", and kclhost follows " + std::string(default_provider) + " alone";
    }
  }
  return std::nullopt;
}

std::optional<Error> read_position(const Properties& properties, PrimingPlan& plan) {
  const auto by_name = get(properties, "initialPositionInStream");
  const auto by_time = get(properties, "initialPositionInStreamExtended");
  if (by_name && by_time) return Error{"two properties set the initial position"};
  if (by_name) plan.position = upper(*by_name);
  if (by_name && plan.position != "LATEST" && plan.position != "TRIM_HORIZON") {
    return Error{"initialPositionInStream is " + *by_name};
  }
  if (!by_time) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, fault] = std::from_chars(by_time->data(), by_time->data() + by_time->size(), seconds);
  if (fault != std::errc() || end != by_time->data() + by_time->size()) {
    return Error{"initialPositionInStreamExtended is " + *by_time};
  }
  plan.position = "AT_TIMESTAMP";
  plan.timestamp = seconds;
  return std::nullopt;
}

// The daemon takes no more of an ARN than the stream's name.
std::optional<Error> read_stream(const Properties& properties, PrimingPlan& plan) {
  const auto arn = get(properties, "streamArn");
  plan.stream = get(properties, "streamName").value_or("");
  if (arn) {
    constexpr std::string_view before_name = ":stream/";
    const auto at = arn->find(before_name);
    if (at == std::string::npos) return Error{"streamArn is " + *arn};
    plan.stream = arn->substr(at + before_name.size());
    if (plan.region.empty() || arn->find(":kinesis:" + plan.region + ":") == std::string::npos) {
      return Error{"regionName is not the region in streamArn"};
    }
  }
  return plan.stream.empty() ? std::optional(Error{"no stream is named"}) : std::nullopt;
}

// A table whose properties begin with `prefix`. What is beyond the KCL's defaults, and is not done at once, is its own
// to do: it does so for tables that it makes itself.
KclTable helper_table(const Properties& properties, const std::string& prefix, const std::string& name,
                      const std::string& key) {
  KclTable helper{.name = name, .key = key};
  const auto says = [&](const char* what) { return get(properties, prefix + what).value_or(""); };
  helper.deletion_protection = config::is_true(says("DeletionProtectionEnabled"));
  const std::string billing = upper(says("BillingMode"));
  helper.left_to_kcl = (!billing.empty() && billing != "PAY_PER_REQUEST") || !says("Tags").empty() ||
                       config::is_true(says("PointInTimeRecoveryEnabled"));
  return helper;
}

}  // namespace

Result<PrimingPlan> plan_priming(const Properties& properties) {
  if (const auto foreign = foreign_access(properties)) return Error{*foreign};
  PrimingPlan plan;
  plan.application = get(properties, "applicationName").value_or("");
  if (plan.application.empty()) return Error{"applicationName is not set"};
  if (const auto mode = get(properties, "clientVersionConfig"); mode && upper(*mode) != "CLIENT_VERSION_CONFIG_3X") {
    return Error{"clientVersionConfig is " + *mode};
  }
  plan.region = get(properties, "regionName").value_or("");
  plan.kinesis_endpoint = get(properties, "kinesisEndpoint");
  plan.dynamodb_endpoint = get(properties, "dynamoDBEndpoint");
  if (auto error = read_stream(properties, plan)) return *error;
  if (auto error = read_position(properties, plan)) return *error;
  const config::TableNames names = config::table_names(properties);
  plan.leases = {.name = names.leases, .key = "leaseKey"};
  plan.leases.deletion_protection =
      config::is_true(get(properties, "leaseTableDeletionProtectionEnabled").value_or(""));
  plan.coordinator_state = helper_table(properties, "coordinatorState", names.coordinator_state, "key");
  plan.worker_metrics = helper_table(properties, "workerMetrics", names.worker_metrics, "wid");
  return plan;
}

std::string option_for_sdk(const config::Daemon& daemon) {
  const auto& options = daemon.jvm_options;
  const auto option = std::find_if(options.begin(), options.end(), [](const auto& word) {
    return word.starts_with(sdk_option) || word.starts_with('@');  // @: more of them in a file
  });
  return option == options.end() ? "" : *option;
}

std::optional<std::string> why_not_primed(const config::Daemon& daemon, const std::filesystem::path& kclhost) {
  if (!daemon.prime) return "daemon.prime is false";
  const std::string version = config::daemon_version(daemon.jars);
  if (version != known_version) {
    return (version.empty() ? "which daemon daemon.jars has is not known" : "the daemon is " + version) +
           ", and kclhost knows the tables of " + known_version + " alone";
  }
  if (const std::string option = option_for_sdk(daemon); !option.empty()) {
    return option + " may lead the AWS SDK elsewhere, where kclhost does not follow";
  }
  // What launch adds for lack of one.
  Properties properties = daemon.properties;
  properties.emplace("awsCredentialsProvider", default_provider);
  if (const auto plan = plan_priming(properties); !plan) return plan.error();
  if (!find_companion(kclhost, primer).empty()) return std::nullopt;
  return std::string(primer) + " is not in " + kclhost.parent_path().string() +
         " or its ../libexec/kclhost: install it beside kclhost";
}

std::vector<std::string> with_priming(const std::filesystem::path& kclhost, const std::filesystem::path& properties,
                                      const std::vector<std::string>& daemon) {
  std::vector<std::string> command{find_companion(kclhost, primer).string(), properties.string()};
  command.insert(command.end(), daemon.begin(), daemon.end());
  return command;
}

}  // namespace kclhost::host::launch
