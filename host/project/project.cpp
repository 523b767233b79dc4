#include "project/project.hpp"

#include <cerrno>
#include <fstream>
#include <string_view>
#include <system_error>

#include "project/name.hpp"
#include "project/templates.hpp"

namespace kclhost::host::project {
namespace {

namespace fs = std::filesystem;

// In the order in which they are looked through; no file is in two of them.
std::vector<std::string_view> parts_of(std::string_view language) {
  if (language == "rust") return {"common", "rust"};
  return {"common", "cmake", language};
}

std::string with_replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// A template's names are those of a project called my_plugin, and of the crate beside the templates.
std::string filled_in(std::string_view text, const Project& project) {
  std::string filled = with_replaced(std::string(text), "../../rust", project.crate.string());
  // No plugin's name has a capital letter, so what is put in for the first is not met again.
  filled = with_replaced(std::move(filled), "KCLHOST_APPLICATION:-my_plugin", "KCLHOST_APPLICATION:-MY_APPLICATION");
  filled = with_replaced(std::move(filled), "my_plugin", project.name);
  filled = with_replaced(std::move(filled), "MY_APPLICATION", application_name(project.name));
  return with_replaced(std::move(filled), "MyPlugin", class_name(project.name));
}

template <class Body>
void for_each_file(const Project& project, Body body) {
  for (const std::string_view part : parts_of(project.language)) {
    for (const Template& file : templates()) {
      if (file.part == part) body(file);
    }
  }
}

std::string readme_of(const Project& project) {
  std::string readme;
  for_each_file(project, [&](const Template& file) {
    if (file.path == "README.md") readme = filled_in(file.text, project);
  });
  return readme;
}

std::optional<Error> write(const fs::path& file, const std::string& text) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return Error{file.parent_path().string() + " can't be made: " + error.message()};
  errno = 0;
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Error{file.string() + " can't be written: " + std::generic_category().message(errno)};
  if (file.extension() == ".sh") {
    fs::permissions(file, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add,
                    error);
    if (error) return Error{file.string() + " can't be made executable: " + error.message()};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Error> make(const Project& project) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(project.folder, error)) && !fs::is_empty(project.folder, error)) {
    const std::string why = error ? " can't be used: " + error.message() : " is there, and not empty";
    return Error{project.folder.string() + why + "; name another folder with --to"};
  }
  std::optional<Error> failed;
  for_each_file(project, [&](const Template& file) {
    if (!failed) failed = write(project.folder / filled_in(file.path, project), filled_in(file.text, project));
  });
  return failed;
}

std::string installation(const Project& project) {
  const std::string readme = readme_of(project);
  const std::size_t at = readme.find("apt install ");
  return readme.substr(at, readme.find('`', at) - at);
}

std::vector<std::string> first_commands(const Project& project) {
  const std::string readme = readme_of(project);
  constexpr std::string_view begin = "```sh\n";
  std::size_t at = readme.find(begin) + begin.size();
  std::vector<std::string> commands;
  while (readme.compare(at, 3, "```") != 0) {
    const std::size_t end = readme.find('\n', at);
    commands.push_back(readme.substr(at, end - at));
    at = end + 1;
  }
  return commands;
}

}  // namespace kclhost::host::project
