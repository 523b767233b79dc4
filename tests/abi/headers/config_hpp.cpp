#include <kclhost/config.hpp>

// Alone, and twice.
#include <kclhost/config.hpp>

std::uint16_t port(std::string_view json);
std::uint16_t port(std::string_view json) {
  return kclhost::Config(json)["port"].as<std::uint16_t>();
}
