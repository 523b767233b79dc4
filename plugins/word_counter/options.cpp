#include "options.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace word_counter {

namespace {

[[noreturn]] void fail(const std::string& why) {
  throw std::invalid_argument("word_counter's config: " + why);
}

// Whether a number, outside of strings, has an exponent of more than four digits. RapidJSON 1.1.0 reads outside of its
// memory for some of these (CVE-2024-38517), and no key here wants one.
bool has_huge_exponent(std::string_view json) {
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      in_string = !in_string;
    } else if (!in_string && (json[i] == 'e' || json[i] == 'E')) {
      const std::size_t digits = json.find_first_not_of("+-", i + 1);
      const std::size_t end = std::min(json.find_first_not_of("0123456789", i + 1 + (digits != i + 1)), json.size());
      if (digits < end && end - digits > 4) return true;
    }
  }
  return false;
}

}  // namespace

Options parse_options(std::string_view json) {
  if (has_huge_exponent(json)) fail("a number has an exponent of more than four digits");
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError()) {
    fail("not JSON: " + std::string(rapidjson::GetParseError_En(document.GetParseError())) + " (offset " +
         std::to_string(document.GetErrorOffset()) + ")");
  }
  if (!document.IsObject()) fail("must be an object");

  Options options;
  for (const auto& [name, value] : document.GetObject()) {
    const std::string key(name.GetString(), name.GetStringLength());
    if (key == "output_dir") {
      if (!value.IsString() || value.GetStringLength() == 0) fail("output_dir must be a directory's path");
      options.output_dir = value.GetString();
    } else if (key == "report_interval_seconds") {
      if (!value.IsNumber() || value.GetDouble() < 0) fail("report_interval_seconds must be a number, 0 or more");
      options.report_interval = std::chrono::duration<double>(value.GetDouble());
    } else if (key == "top") {
      if (!value.IsUint()) fail("top must be a whole number, 0 or more");
      options.top = value.GetUint();
    } else {
      fail("unknown key \"" + key + "\"; there are output_dir, report_interval_seconds and top");
    }
  }
  return options;
}

}  // namespace word_counter
