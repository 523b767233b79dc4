#include "options.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <stdexcept>
#include <string>

namespace word_counter {

namespace {

[[noreturn]] void fail(const std::string& why) {
  throw std::invalid_argument("word_counter's config: " + why);
}

}  // namespace

Options parse_options(std::string_view json) {
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
