// Starts a program for each record, as its config says: {"how": "system" | "posix_spawn" | "fork"}. The record's data
// is the shell command. It fails when the program does.
#include <rapidjson/document.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <kclhost/record_processor.hpp>
#include <stdexcept>
#include <string>

namespace {

int status_of(pid_t child) {
  int status = -1;
  return ::waitpid(child, &status, 0) == child ? status : -1;
}

int run(const std::string& how, std::string command) {
  if (how == "system") return std::system(command.c_str());
  char shell[] = "/bin/sh", option[] = "-c";
  char* const arguments[] = {shell, option, command.data(), nullptr};
  if (how == "posix_spawn") {
    pid_t child = 0;
    return ::posix_spawn(&child, shell, nullptr, nullptr, arguments, environ) == 0 ? status_of(child) : -1;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(shell, arguments);
    ::_exit(127);
  }
  return child > 0 ? status_of(child) : -1;
}

class Starter final : public kclhost::RecordProcessor {
 public:
  explicit Starter(kclhost::Context& context) {
    rapidjson::Document config;
    config.Parse(context.config_json().data(), context.config_json().size());
    how_ = config["how"].GetString();
  }

  void process_records(const kclhost::Batch& batch) override {
    for (const kclhost::Record& record : batch) {
      const int status = run(how_, std::string(record.data()));
      if (status != 0) throw std::runtime_error("the program ended with status " + std::to_string(status));
    }
  }

 private:
  std::string how_;
};

}  // namespace

KCLHOST_PLUGIN(Starter, "zoo.starter", "1.0.0")
