#include "headers.hpp"

#include <strings.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace http_forwarder {

namespace {

// Those that the forwarder, or libcurl, makes of the body.
constexpr const char* own_headers[] = {"Connection", "Content-Encoding", "Content-Length",
                                       "Expect",     "Idempotency-Key",  "Transfer-Encoding"};

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_name(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != std::string_view::npos;
  });
}

// A newline would begin another header.
bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

[[noreturn]] void refuse(const kclhost::Config& where, const std::string& why) {
  throw std::invalid_argument(where.path() + ' ' + why);
}

// Whether it is one, without a message that shows it.
template <class Read>
bool succeeds(Read read) {
  try {
    read();
  } catch (const std::invalid_argument&) {
    return false;
  }
  return true;
}

Header parse_header(const std::string& name, const kclhost::Config& value) {
  if (!is_name(name)) refuse(value, "is no name of a header");
  for (const char* own : own_headers) {
    if (same(name, own)) refuse(value, "is a header that the forwarder makes itself; leave it out");
  }
  Header header{name, {}, {}};
  if (!succeeds([&] { header.value = value.as<std::string>(); })) {
    if (!value.exists() || !succeeds([&] { (void)value.members(); })) {
      refuse(value, "must be a text, in quotes if it looks like a number, or a map with file or env");
    }
    value.allow_only({"file", "env", "prefix"});
    header.value = value["prefix"].value_or("");
    const kclhost::Config file = value["file"], variable = value["env"];
    if (file.exists() == variable.exists()) refuse(value, "must have either file or env");
    if (variable.exists()) {
      const auto variable_name = variable.as<std::string>();
      const char* const found = std::getenv(variable_name.c_str());
      if (found == nullptr) refuse(variable, "names the environment variable " + variable_name + ", which is not set");
      header.value += found;
    } else {
      header.file = file.as<std::string>();
      if (header.file.empty() || header.file[0] != '/') file.refuse("a path from the root (/...)");
    }
  }
  if (!is_value(header.value)) refuse(value, "has a control character in its value");
  try {
    (void)line_of(header);
  } catch (const std::runtime_error& error) {
    refuse(value, std::string("can't be used: ") + error.what());
  }
  return header;
}

}  // namespace

std::vector<Header> parse_headers(const kclhost::Config& headers) {
  std::vector<Header> all;
  for (const auto& [name, value] : headers.members()) {
    if (has_header(all, name)) refuse(value, "is there twice");
    all.push_back(parse_header(name, value));
  }
  return all;
}

bool has_header(const std::vector<Header>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const Header& header) { return same(header.name, name); });
}

std::string line_of(const Header& header) {
  std::string value = header.value;
  if (!header.file.empty()) {
    errno = 0;
    std::ifstream stream(header.file, std::ios::binary);
    std::string secret{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad()) {
      throw std::runtime_error("can't read " + header.file + ": " + std::generic_category().message(errno));
    }
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.empty()) throw std::runtime_error(header.file + " is empty");
    if (!is_value(secret)) throw std::runtime_error(header.file + " has a control character, or more than one line");
    value += secret;
  }
  // libcurl would take "NAME:" for a header to leave out.
  return value.empty() ? header.name + ';' : header.name + ": " + value;
}

}  // namespace http_forwarder
