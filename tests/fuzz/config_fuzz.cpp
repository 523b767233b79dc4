// The configuration file.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "config/config.hpp"
#include "import/java_properties.hpp"
#include "launch/properties.hpp"
#include "require.hpp"
#include "support/json.hpp"
#include "support/one_line.hpp"
#include "support/utf8.hpp"

namespace {

using namespace kclhost::host;

bool set_variables() {
  ::setenv("NAME", "value", 1);
  ::setenv("EMPTY", "", 1);
  ::setenv("NUMBER", "12", 1);
  ::setenv("BYTES", "\xff\xfe", 1);
  ::unsetenv("UNSET");
  return true;
}

void check(const std::vector<config::Problem>& problems, std::string_view text) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const config::Problem& problem : problems) {
    fuzz::require_one_line(problem.message);
    fuzz::require(first_bad_byte(problem.message) == std::string_view::npos);
    fuzz::require(problem.position.line >= 1 && problem.position.line <= lines + 1 && problem.position.column >= 1);
  }
}

// What the daemon reads of its properties is what the configuration says.
void check_properties(const std::map<std::string, std::string>& properties) {
  const auto read = importing::read_properties(launch::format_properties(properties));
  fuzz::require(read && read->size() == properties.size());
  for (const importing::Property& property : *read) {
    const auto found = properties.find(property.key);
    fuzz::require(found != properties.end() && found->second == property.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = set_variables();
  fuzz::require(ready);
  const std::string_view text = fuzz::text_of(data, size);
  const config::Loaded loaded = config::parse(text, "/etc/kclhost/kclhost.yaml");
  check(loaded.problems, text);
  check(loaded.warnings, text);
  check(config::parse(text, "/etc/kclhost/kclhost.yaml", "orders").problems, text);
  const config::Config& config = loaded.config;
  fuzz::require(config.plugins_dir.is_absolute() && config.state_dir.is_absolute());
  fuzz::require(config.dead_letter.path.is_absolute());
  fuzz::require(config.concurrency >= 1 && config.concurrency <= 64);
  fuzz::require(config.timeouts.shutdown.count() > 0 && config.checkpoint.interval.count() >= 0);
  // Nothing of what a plugin and the daemon are to get reaches them where there is a problem.
  if (!loaded.problems.empty()) return 0;
  rapidjson::Document plugin;
  const auto fault = json::parse(config.plugin.config_json, plugin, json::Utf8::checked);
  // A plugin gets all digits, and may read more of them than we do.
  fuzz::require(!fault || fault->what.starts_with("Number too big"));
  fuzz::require(!config.plugin.path.empty());
  check_properties(config.daemon.properties);
  return 0;
}
