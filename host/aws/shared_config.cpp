#include "aws/shared_config.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "aws/errors.hpp"

namespace kclhost::host::aws {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// A comment inside a line begins after white space: keys may hold '#'.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && blanks.find(value[i - 1]) != std::string_view::npos) {
      return trim(value.substr(0, i));
    }
  }
  return value;
}

// The profile a section header names. The config file writes [profile NAME], but [default]; the credentials file
// [NAME].
std::optional<std::string> section_profile(std::string_view header, bool config_file) {
  const auto end = header.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view name = trim(header.substr(1, end - 1));
  if (config_file && name != "default") {
    constexpr std::string_view prefix = "profile";
    if (name.substr(0, prefix.size()) != prefix || name.size() == prefix.size()) return std::nullopt;
    if (blanks.find(name[prefix.size()]) == std::string_view::npos) return std::nullopt;
    name = trim(name.substr(prefix.size()));
  }
  if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front()) {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(name);
}

std::optional<Profile> read_profile(const std::string& file, const std::string& wanted, bool config_file) {
  if (file.empty()) return std::nullopt;
  errno = 0;
  std::ifstream in(file);
  if (!in) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw ConfigurationError(file + ": " + std::strerror(errno));
  }
  std::optional<Profile> profile;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') continue;
    if (text.front() == '[') {
      inside = section_profile(text, config_file) == wanted;
      if (inside && !profile) profile.emplace();
      continue;
    }
    const bool nested = blanks.find(line.front()) != std::string_view::npos;  // belongs to a setting such as "s3 ="
    const auto equals = text.find('=');
    if (!inside || nested || equals == std::string_view::npos) continue;
    const std::string_view value = without_comment(trim(text.substr(equals + 1)));
    (*profile)[std::string(trim(text.substr(0, equals)))] = std::string(value);
  }
  return profile;
}

}  // namespace

std::optional<std::string> SharedConfig::get(const std::string& name) const {
  if (!profile) return std::nullopt;
  const auto found = profile->find(name);
  if (found == profile->end() || found->second.empty()) return std::nullopt;
  return found->second;
}

SharedConfig load_shared_config(const Environment& environment) {
  SharedConfig shared;
  const auto home = environment("HOME");
  const auto file = [&](const char* variable, const char* name) {
    if (const auto given = environment(variable)) return *given;
    return home ? *home + "/.aws/" + name : std::string();
  };
  shared.credentials_file = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  shared.config_file = file("AWS_CONFIG_FILE", "config");
  const auto named = environment("AWS_PROFILE");
  shared.profile_named = named.has_value();
  shared.profile_name = named.value_or("default");
  shared.profile = read_profile(shared.credentials_file, shared.profile_name, false);
  if (auto more = read_profile(shared.config_file, shared.profile_name, true)) {
    if (shared.profile) {
      shared.profile->merge(*more);
    } else {
      shared.profile = std::move(more);
    }
  }
  return shared;
}

}  // namespace kclhost::host::aws
