// A typed reader for plugin.config. C++17, header-only. kclhost::Context::config() is one for the whole of it:
//
//   const kclhost::Config config = context.config();
//   const auto port = config["port"].as<std::uint16_t>();             // must be there
//   const auto rate = config["limits"]["rate"].value_or(10.0);        // need not
//   for (const kclhost::Config& host : config["hosts"].items()) connect(host.as<std::string>());
//   config.allow_only({"port", "limits", "hosts"});
//
// What does not fit is a std::invalid_argument that says where: "plugin.config.limits.rate must be a number, and is
// "fast"". Thrown in a plugin's constructor, it is what the user sees. Each member may be called from any thread.
#ifndef KCLHOST_CONFIG_HPP
#define KCLHOST_CONFIG_HPP

#include <kclhost/config.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace kclhost {

// One value of the configuration, or the place where one could be. It refers to the JSON text it is made from, which
// must outlive it.
class Config {
 public:
  // The whole configuration; json is JSON text.
  explicit Config(std::string_view json) : path_("plugin.config"), value_{json.data(), json.size()} {
    if (kclhost_config_kind(value_) == KCLHOST_CONFIG_ABSENT) throw std::invalid_argument(path_ + " is no JSON text");
  }

  // Where it stands: "plugin.config.hosts[1]".
  const std::string& path() const noexcept { return path_; }
  // False when it is not there, or null, which the configuration's author may write for "not there".
  bool exists() const noexcept { return kind() > KCLHOST_CONFIG_NULL; }

  // A map's value by its key, whether it is there or not. Only a map, and what is not there, may be asked.
  Config operator[](std::string_view key) const {
    for (const auto& [name, value] : members()) {
      if (name == key) return value;
    }
    return Config(path_ + "." + std::string(key), {nullptr, 0});
  }

  // A map's entries in their order; none where it is not there.
  std::vector<std::pair<std::string, Config>> members() const {
    std::vector<std::pair<std::string, Config>> all;
    each(KCLHOST_CONFIG_MAP, "a map", [&](std::string name, kclhost_string value) {
      Config member(path_ + "." + name, value);
      all.emplace_back(std::move(name), std::move(member));
    });
    return all;
  }

  // A list's entries in their order; none where it is not there.
  std::vector<Config> items() const {
    std::vector<Config> all;
    each(KCLHOST_CONFIG_LIST, "a list", [&](const std::string&, kclhost_string value) {
      all.push_back(Config(path_ + "[" + std::to_string(all.size()) + "]", value));
    });
    return all;
  }

  // The value, which must be there and be a T: bool, a type of whole numbers (within that type's range, and below
  // 2^63), float or double, std::string, or a std::vector of these.
  template <class T>
  T as() const {
    if (!exists()) throw std::invalid_argument(path_ + " is missing");
    if constexpr (std::is_same_v<T, bool>) {
      int value = 0;
      if (!kclhost_config_boolean(value_, &value)) refuse("true or false");
      return value != 0;
    } else if constexpr (std::is_integral_v<T>) {
      return integer<T>();
    } else if constexpr (std::is_floating_point_v<T>) {
      double value = 0;
      if (!kclhost_config_number(value_, &value)) refuse("a number");
      return static_cast<T>(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (kind() != KCLHOST_CONFIG_STRING) refuse("a text");
      return text_of(value_);
    } else {
      T all;
      for (const Config& item : items()) all.push_back(item.as<typename T::value_type>());
      return all;
    }
  }

  // The same, or otherwise where it is not there.
  template <class T>
  T value_or(T otherwise) const {
    return exists() ? as<T>() : otherwise;
  }
  std::string value_or(const char* otherwise) const { return value_or(std::string(otherwise)); }

  // Refuses a map that has another key than these.
  void allow_only(std::initializer_list<std::string_view> keys) const {
    for (const auto& member : members()) {
      bool known = false;
      for (const std::string_view key : keys) known = known || key == member.first;
      if (known) continue;
      std::string names;
      for (const std::string_view key : keys) names.append(names.empty() ? "" : ", ").append(key);
      throw std::invalid_argument(member.second.path_ + " is unknown; there are " + names);
    }
  }

  // For a check of the plugin's own: throws that this must be what is wanted, and what it is. "a power of two", say.
  [[noreturn]] void refuse(const std::string& wanted) const {
    constexpr std::size_t longest = 60;
    std::string is = exists() ? std::string(value_.data, value_.size) : "not there";
    if (is.size() > longest) {
      std::size_t end = longest;
      while ((is[end] & 0xC0) == 0x80) --end;  // not inside a character
      is = is.substr(0, end) + "...";
    }
    throw std::invalid_argument(path_ + " must be " + wanted + ", and is " + is);
  }

 private:
  Config(std::string path, kclhost_string value) : path_(std::move(path)), value_(value) {}

  int kind() const noexcept { return kclhost_config_kind(value_); }

  static std::string text_of(kclhost_string string) {
    std::string text(kclhost_config_text(string, nullptr, 0), '\0');
    kclhost_config_text(string, text.data(), text.size());
    return text;
  }

  template <class Visit>
  void each(int wanted, const char* name, Visit visit) const {
    if (!exists()) return;
    if (kind() != wanted) refuse(name);
    kclhost_config_entries entries = kclhost_config_begin(value_);
    kclhost_string key{}, value{};
    while (kclhost_config_next(&entries, &key, &value)) visit(text_of(key), value);
  }

  template <class T>
  T integer() const {
    using Limits = std::numeric_limits<T>;
    constexpr auto least = static_cast<std::int64_t>(Limits::min());
    constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
    constexpr auto most = static_cast<std::int64_t>(std::min(static_cast<std::uint64_t>(Limits::max()), largest));
    std::int64_t value = 0;
    if (kclhost_config_integer(value_, &value) == 0 || value < least || value > most) {
      refuse("a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return static_cast<T>(value);
  }

  std::string path_;
  kclhost_string value_;
};

}  // namespace kclhost

#endif  // KCLHOST_CONFIG_HPP
