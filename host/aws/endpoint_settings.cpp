#include "aws/endpoint_settings.hpp"

#include "aws/errors.hpp"
#include "aws/shared_config.hpp"

namespace kclhost::host::aws {
namespace {

class Reader {
 public:
  explicit Reader(const Environment& environment)
      : environment_(environment), shared_(load_shared_config(environment)) {}

  std::optional<Setting> variable(const std::string& name) const {
    const auto value = environment_(name);
    return value ? std::optional(Setting{*value, name}) : std::nullopt;
  }

  std::optional<Setting> profile(const std::string& name) const {
    const auto value = shared_.get(name);
    return value ? std::optional(Setting{*value, name + " of profile " + shared_.profile_name}) : std::nullopt;
  }

  // A setting of the services section that the profile names.
  std::optional<Setting> service(const std::string& service, const std::string& name) const {
    const auto section = shared_.get("services");
    if (!section) return std::nullopt;
    if (!shared_.services) {
      throw ConfigurationError("profile " + shared_.profile_name + " names the services " + *section + ", but " +
                               shared_.config_file + " has no [services " + *section + "]");
    }
    const auto found = shared_.services->find(service + '.' + name);
    if (found == shared_.services->end() || found->second.empty()) return std::nullopt;
    return Setting{found->second, name + " of " + service + " in [services " + *section + "]"};
  }

  // There when it is true.
  std::optional<Setting> yes(const std::string& variable_name, const std::string& profile_name) const {
    auto setting = variable(variable_name);
    if (!setting) setting = profile(profile_name);
    if (!setting) return std::nullopt;
    std::string word = setting->value;
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (word != "true" && word != "false") {
      throw ConfigurationError(setting->from + ": expected true or false, not " + setting->value);
    }
    return word == "true" ? setting : std::nullopt;
  }

 private:
  const Environment& environment_;
  SharedConfig shared_;
};

}  // namespace

EndpointSettings read_endpoint_settings(const std::string& name, const std::string& variable,
                                        const Environment& environment) {
  const Reader reader(environment);
  EndpointSettings settings;
  settings.fips = reader.yes("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  settings.dual_stack = reader.yes("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  settings.url = reader.variable("KCLHOST_" + variable + "_ENDPOINT");
  if (settings.url || reader.yes("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")) {
    return settings;
  }
  settings.url = reader.variable("AWS_ENDPOINT_URL_" + variable);
  if (!settings.url) settings.url = reader.variable("AWS_ENDPOINT_URL");
  if (!settings.url) settings.url = reader.service(name, "endpoint_url");
  if (!settings.url) settings.url = reader.profile("endpoint_url");
  return settings;
}

}  // namespace kclhost::host::aws
