#include "doctor/checks.hpp"

namespace kclhost::host::doctor {

std::span<const Check> checks() {
  static constexpr Check all[] = {
      {"configuration", look_at_configuration},
      {"java", look_at_java},
      {"jars", look_at_jars},
      {"class-archive", look_at_class_archive},
      {"folders", look_at_folders},
      {"limits", look_at_limits},
      {"memory", look_at_memory},
      {"settings", look_at_settings},
      {"port", look_at_port},
      {"endpoints", look_at_endpoints},
      {"clock", look_at_clock},
      {"credentials", look_at_credentials},
      {"stream", look_at_stream},
      {"tables", look_at_tables},
  };
  return all;
}

}  // namespace kclhost::host::doctor
