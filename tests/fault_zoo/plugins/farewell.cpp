// Does something when its process ends in good order. Config: {"file": FILE, "fault": "none" | "hang" | "crash" |
// "leak"}. An atexit handler and a static destructor each append a line to FILE; the fault is the handler's.
#include <rapidjson/document.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <kclhost/record_processor.hpp>
#include <string>

#include "crash.hpp"

namespace {

// Not destroyed before the handlers that use them.
std::string& file() {
  static auto* const name = new std::string;
  return *name;
}
std::string& fault() {
  static auto* const name = new std::string;
  return *name;
}

void append(const char* line) {
  if (file().empty()) return;
  if (std::FILE* out = std::fopen(file().c_str(), "a")) {
    std::fputs(line, out);
    std::fclose(out);
  }
}

struct Static {
  ~Static() { append("static destructor\n"); }
} to_be_destroyed;

void at_exit() {
  append("atexit\n");
  if (fault() == "hang")
    while (true) ::pause();
  if (fault() == "crash") crash();
  if (fault() == "leak") {
    // What the leak sanitizer does.
    std::fputs("==7==ERROR: LeakSanitizer: detected memory leaks\n", stderr);
    ::_exit(23);
  }
}

class Farewell final : public kclhost::RecordProcessor {
 public:
  explicit Farewell(kclhost::Context& context) {
    rapidjson::Document config;
    config.Parse(context.config_json().data(), context.config_json().size());
    file() = config["file"].GetString();
    fault() = config["fault"].GetString();
    std::atexit(at_exit);
  }
  ~Farewell() override { append("destructor\n"); }

  void process_records(const kclhost::Batch&) override {}
};

}  // namespace

KCLHOST_PLUGIN(Farewell, "zoo.farewell", "1.0.0")
