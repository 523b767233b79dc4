#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/cli.hpp"
#include "launch/command.hpp"
#include "launch/files.hpp"
#include "project/name.hpp"
#include "project/project.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::cli {
namespace {

namespace fs = std::filesystem;

// Whether a shell would run this program by its name.
bool is_on_the_path() {
  const auto found = launch::find_program("kclhost");
  std::error_code error;
  return found && fs::equivalent(*found, launch::own_executable(), error);
}

int make_project(project::Project project) {
  if (const auto wrong = project::what_is_wrong_with_name(project.name)) {
    complain(*wrong);
    return exit_usage;
  }
  if (project.folder.empty()) project.folder = project.name;
  if (project.language == "rust") {
    const auto crate = launch::shipped_crate();
    if (!crate) {
      complain(
          "the crate kclhost is not installed beside this program; `cmake --install` of kclhost's build installs it");
      return exit_stopped;
    }
    project.crate = *crate;
  }
  if (const auto failed = project::make(project)) {
    complain(failed->message);
    return exit_usage;
  }
  std::printf(
      "%s has a plugin that logs each record, and a README. On Debian `%s` gets what it takes.\n"
      "To build it, test it, and play some records to it:\n\n",
      project.folder.c_str(), project::installation(project).c_str());
  std::printf("    cd %s\n", launch::quote_for_shell({project.folder.string()}).c_str());
  if (!is_on_the_path()) {
    const fs::path own = launch::own_executable().parent_path();
    std::printf("    export PATH=%s:$PATH\n", launch::quote_for_shell({own.string()}).c_str());
  }
  for (const std::string& command : project::first_commands(project)) std::printf("    %s\n", command.c_str());
  return exit_done;
}

}  // namespace

void add_new(CommandLine& program) {
  CommandLine command = program.add_command("new", "Make a project for a plugin of yours");
  auto project = std::make_shared<project::Project>();
  command.add({.names = "name",
               .into = &project->name,
               .help = "What it is called, in lower case: word_filter",
               .required = true,
               .value = "NAME"});
  command.add({.names = "--lang",
               .into = &project->language,
               .help = "The language it is written in: cpp, c or rust",
               .required = true,
               .choices = {"cpp", "c", "rust"}});
  command.add({.names = "--to", .into = &project->folder, .help = "The folder to make; without: NAME", .value = "DIR"});
  command.runs([project] { return make_project(*project); });
}

}  // namespace kclhost::host::cli
