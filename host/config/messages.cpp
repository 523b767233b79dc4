#include "config/messages.hpp"

#include "config/nearest.hpp"

namespace kclhost::host::config {

namespace {

constexpr std::size_t longest_quote = 80;

}  // namespace

std::string in_quotes(std::string_view name) {
  if (name.size() <= longest_quote) return "'" + std::string(name) + "'";
  std::size_t end = longest_quote;
  while ((name[end] & 0xC0) == 0x80) --end;  // not inside a UTF-8 sequence
  return "'" + std::string(name.substr(0, end)) + "…'";
}

std::string join(std::span<const std::string_view> names, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    (text += i == 0 ? "" : i + 1 == names.size() ? last : std::string_view(", ")) += names[i];
  return text;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view near = nearest(name, known);
  return near.empty() ? std::string() : "; did you mean " + in_quotes(near) + "?";
}

}  // namespace kclhost::host::config
