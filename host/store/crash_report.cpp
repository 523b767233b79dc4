#include "store/crash_report.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "store/file_replacement.hpp"
#include "support/base64.hpp"
#include "support/file_name.hpp"
#include "support/json_string.hpp"

namespace kclhost::host::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept_reports = 20;

// Removes all but so many reports, and what drafts killed hosts left behind once they are as old.
void keep_newest(const fs::path& dir, std::size_t most) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(dir)) files.push_back(entry.path());
  std::sort(files.rbegin(), files.rend());  // names begin with the time
  std::size_t reports = 0;
  std::error_code ignored;
  for (const fs::path& file : files) {
    if (reports == most) {
      fs::remove(file, ignored);
    } else if (file.extension() == ".json") {
      ++reports;
    }
  }
}

std::string report_problem(std::string_view, const fs::path& path, int error) {
  return "can't write " + path.string() + ": " + std::strerror(error);
}

std::string json_of(const config::Config& config, const observe::Log& log, const std::string& time,
                    const std::string& shard_id, std::uint32_t generation, const Death& death, const Batch& batch) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 2);
  // What a plugin printed, and the names in its symbols, may be any bytes; RapidJSON would write them as they are.
  std::string quoted;
  const auto text = [&json, &quoted](std::string_view value) {
    quoted.clear();
    append_json_string(quoted, value);
    json.RawValue(quoted.data(), quoted.size(), rapidjson::kStringType);
  };
  const auto member = [&](const char* key, std::string_view value) {
    json.Key(key);
    text(value);
  };
  json.StartObject();
  member("time", time);
  member("shard", shard_id);
  member("plugin", log.plugin());
  member("version", log.version());
  json.Key("generation");
  json.Uint(generation);
  member("cause", death.message);
  member("printed", death.words);
  json.Key("stack");
  json.StartArray();
  for (const std::string& frame : death.stack) text(frame);
  json.EndArray();
  json.Key("records");
  json.StartArray();
  for (std::size_t i = 0; i < batch.count; ++i) {
    json.StartObject();
    member("sequence_number", batch.sequence_number(i));
    json.Key("sub_sequence_number");
    json.Int64(batch.entry(i).sub_sequence_number);
    member("partition_key", batch.partition_key(i));
    if (config.worker.crash_payloads) {
      std::string data;
      base64::encode(batch.data(i), data);
      member("data", data);
    }
    json.EndObject();
  }
  json.EndArray();
  json.Key("log");
  json.StartArray();
  for (const std::string& line : log.last_lines()) text(line);
  json.EndArray();
  json.EndObject();
  return buffer.GetString();
}

}  // namespace

void write_crash_report(const config::Config& config, observe::Log& log, const std::string& shard_id,
                        std::uint32_t generation, const Death& death, const Batch& batch) try {
  const fs::path dir = config.state_dir / "crashes";
  fs::create_directories(dir);
  fs::permissions(dir, fs::perms::owner_all);
  const std::string time = observe::log_time();
  const fs::path path = dir / file_name(time + "." + shard_id + "." + std::to_string(generation) + ".json");
  keep_newest(dir, kept_reports - 1);  // the disk may be full
  FileReplacement file(path, report_problem);
  file.open();
  file.write(json_of(config, log, time, shard_id, generation, death, batch) + '\n');
  if (const std::string why = file.take_place(); !why.empty()) throw std::runtime_error(why);
  log.info("crash report written", {{"file", path.string()}});
} catch (const std::exception& error) {
  log.warn("no crash report could be written: " + std::string(error.what()));
}

}  // namespace kclhost::host::store
