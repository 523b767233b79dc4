// A daemon's properties file, and the configuration that import makes of it.
#include <algorithm>
#include <string>

#include "config/config.hpp"
#include "import/import.hpp"
#include "require.hpp"
#include "support/one_line.hpp"
#include "support/utf8.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kclhost::host;
  const auto properties = importing::read_properties(fuzz::text_of(data, size));
  if (!properties) {
    fuzz::require_one_line(properties.error());
    return 0;
  }
  for (const importing::Property& property : *properties) {
    // NUL apart, which \u0000 is.
    std::string text = property.key + property.value;
    std::replace(text.begin(), text.end(), '\0', '0');
    fuzz::require(first_bad_byte(text) == std::string_view::npos && property.line >= 1);
  }
  const importing::Imported imported =
      importing::import_properties(*properties, "/etc/a\nb.properties", "my_processor.so");
  for (const importing::Remark& remark : imported.remarks) fuzz::require_one_line(remark.text);
  const config::Loaded loaded = config::parse(imported.yaml, "/etc/kclhost/kclhost.yaml");
  fuzz::require(loaded.problems.empty() && loaded.warnings.empty());
  // Each property that is kept has the value that the daemon had, blanks around numbers apart.
  for (const auto& [name, value] : loaded.config.daemon.properties) {
    fuzz::require(std::any_of(properties->begin(), properties->end(), [&value = value](const auto& property) {
      return property.value.find(value) != std::string::npos;
    }));
  }
  const auto kept = static_cast<std::size_t>(std::count(imported.yaml.begin(), imported.yaml.end(), '\n')) -
                    (loaded.config.daemon.properties.empty() ? 6 : 7);
  fuzz::require(kept == loaded.config.daemon.properties.size());
  return 0;
}
