#include "config/config.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

#include "config/messages.hpp"
#include "config/odd_characters.hpp"
#include "config/reader.hpp"
#include "config/streams.hpp"
#include "config/yaml_tree.hpp"
#include "support/one_line.hpp"
#include "support/utf8.hpp"

namespace kclhost::host::config {
namespace {

constexpr std::size_t largest_file = 1u << 20;

// The file's text, or in `error` why there is none.
std::string read_file(const std::filesystem::path& file, std::string& error) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  std::string text;
  if (fd < 0 || ::fstat(fd, &status) != 0) {
    error = std::string("can't read the configuration: ") + std::strerror(errno);
  } else if (S_ISDIR(status.st_mode)) {
    error = "this is a directory; name the configuration file in it";
  } else {
    std::array<char, 16'384> block;
    ssize_t got = 0;
    while (text.size() <= largest_file &&
           ((got = ::read(fd, block.data(), block.size())) > 0 || (got < 0 && errno == EINTR)))
      if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
    if (got < 0)
      error = std::string("can't read the configuration: ") + std::strerror(errno);
    else if (text.size() > largest_file)
      error = "larger than 1 MiB, which no configuration is";
  }
  if (fd >= 0) ::close(fd);
  return text;
}

std::filesystem::path absolute_in(const std::filesystem::path& base, const std::filesystem::path& path) {
  auto normal = (base / path).lexically_normal();
  if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();  // without a trailing slash
  return normal;
}

std::filesystem::path default_state_dir() {
  // The XDG specification has relative paths ignored.
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::filesystem::path(state) / "kclhost";
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".local/state/kclhost";
  return "/tmp/kclhost-" + std::to_string(::getuid());
}

void make_paths_absolute(Config& config) {
  const std::filesystem::path here = config.file.parent_path();
  config.plugins_dir = absolute_in(here, config.plugins_dir.empty() ? "plugins" : config.plugins_dir);
  config.state_dir = absolute_in(here, config.state_dir.empty() ? default_state_dir() : config.state_dir);
  config.dead_letter.path = absolute_in(config.state_dir, config.dead_letter.path);
  if (!config.log.file.empty()) config.log.file = absolute_in(here, config.log.file);
  if (!config.daemon.jars.empty()) config.daemon.jars = absolute_in(here, config.daemon.jars);
  if (!config.daemon.logback.empty()) config.daemon.logback = absolute_in(here, config.daemon.logback);
  if (config.daemon.java.find('/') != std::string::npos)
    config.daemon.java = absolute_in(here, config.daemon.java).string();
}

auto order(const Problem& problem) {
  return std::tie(problem.position.line, problem.position.column, problem.message);
}

// In the file's order, each once: an alias brings the same problem as often as it is used.
void tidy(std::vector<Problem>& problems) {
  for (Problem& problem : problems) problem.message = one_line(problem.message);
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return order(a) < order(b); });
  const auto same = [](const Problem& a, const Problem& b) { return order(a) == order(b); };
  problems.erase(std::unique(problems.begin(), problems.end(), same), problems.end());
}

// The odd character in the line that a text begins with, its comment apart.
std::optional<OddCharacter> odd_in_first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  line = line.substr(0, line.find(" #"));
  return find_odd_character(line.substr(0, first_bad_byte(line)));
}

// What is wrong with a line may be a character in it that nobody sees. Each line is looked at once, however many
// problems it has. Sorts the problems by line.
void name_odd_characters(std::string_view source, std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return a.position.line < b.position.line; });
  int line = 1;
  std::optional<OddCharacter> odd = odd_in_first_line(source);
  for (Problem& problem : problems) {
    if (line < problem.position.line) {
      for (; line < problem.position.line && !source.empty(); ++line)
        source.remove_prefix(std::min(source.find('\n'), source.size() - 1) + 1);
      line = problem.position.line;
      odd = odd_in_first_line(source);
    }
    if (odd && problem.message.find(odd->name) == std::string::npos)
      problem.message += "; this line has " + odd->name + " in it: " + std::string(odd->cure);
  }
}

constexpr char application_property[] = "applicationName";

// What the stream's daemon is called, which also names its leases and its files in state_dir.
std::string application_of(Tree& tree, const Member& stream, const std::string& file) {
  std::vector<Problem> ignored;
  const Value whole = std::exchange(tree.root, file_of_stream(tree, stream, file, ignored));
  Config config;
  Reader(tree, file, config).read();
  tree.root = whole;
  const auto found = config.daemon.properties.find(application_property);
  return found == config.daemon.properties.end() ? std::string() : found->second;
}

void check_applications(Tree& tree, const std::string& file, const std::vector<Member>& streams,
                        std::vector<Problem>& problems) {
  std::map<std::string, const Member*> seen;
  for (const Member& stream : streams) {
    const std::string name = application_of(tree, stream, file);
    const auto [first, added] = seen.emplace(name, &stream);
    if (name.empty() || added) continue;
    problems.push_back({file, stream.key.position,
                        "streams " + first->second->key.node->text + " and " + stream.key.node->text +
                            " have the same applicationName, " + in_quotes(name) +
                            ", and would share a lease table; give each its own in its daemon.properties"});
  }
}

// Has the tree be the named stream's. False: there is nothing to read, and a problem says why.
bool choose_stream(Tree& tree, const std::string& file, const std::string& name, Loaded& loaded) {
  StreamsKey found = find_streams(tree, file);
  if (!found.there && name.empty()) return true;
  loaded.problems.insert(loaded.problems.end(), found.problems.begin(), found.problems.end());
  if (!found.problems.empty()) return false;
  const auto report = [&](std::string message) {
    loaded.problems.push_back({file, found.position, std::move(message)});
    return false;
  };
  if (!found.there) return report("this file has no 'streams', so there is no stream " + in_quotes(name));
  std::vector<std::string_view> names;
  for (const Member& stream : found.streams) names.push_back(stream.key.node->text);
  if (name.empty()) return report("this file has several streams; name one with --stream: " + join(names, " or "));
  const auto stream = std::find(names.begin(), names.end(), name);
  if (stream == names.end())
    return report("there is no stream " + in_quotes(name) + "; there is " + join(names, " and "));
  check_applications(tree, file, found.streams, loaded.problems);
  tree.root =
      file_of_stream(tree, found.streams[static_cast<std::size_t>(stream - names.begin())], file, loaded.problems);
  loaded.config.stream = loaded.config.log.stream = name;
  loaded.config.daemon.daemons = static_cast<int>(names.size());
  return true;
}

}  // namespace

std::string Problem::str() const {
  return file + ":" + std::to_string(position.line) + ":" + std::to_string(position.column) + ": " + message;
}

Loaded parse(std::string_view text, const std::filesystem::path& file, const std::string& stream) {
  Loaded loaded;
  std::error_code ignored;
  loaded.config.file = std::filesystem::absolute(file, ignored).lexically_normal();
  Tree tree = parse_yaml(text, file.string());
  loaded.problems = std::move(tree.problems);
  if (tree.root.node != nullptr && choose_stream(tree, file.string(), stream, loaded)) {
    Reader reader(tree, file.string(), loaded.config);
    reader.read();
    make_paths_absolute(loaded.config);
    reader.check_properties_version();
    for (Problem& problem : reader.take_problems()) loaded.problems.push_back(std::move(problem));
    loaded.warnings = reader.take_warnings();
  } else {
    make_paths_absolute(loaded.config);
  }
  name_odd_characters(tree.source, loaded.problems);
  tidy(loaded.problems);
  tidy(loaded.warnings);
  return loaded;
}

Loaded load(const std::filesystem::path& file, const std::string& stream) {
  std::string error;
  const FileVersion version = FileVersion::of(file);
  const std::string text = read_file(file, error);
  Loaded loaded = error.empty() ? parse(text, file, stream) : parse("version: 1", file);
  loaded.config.file_version = version;
  if (!error.empty()) loaded.problems = {{file.string(), {}, error}};
  return loaded;
}

std::vector<std::string> stream_names(const std::filesystem::path& file) {
  std::string error;
  const std::string text = read_file(file, error);
  std::vector<std::string> names;
  if (!error.empty()) return names;
  const Tree tree = parse_yaml(text, file.string());
  const StreamsKey found = find_streams(tree, file.string());
  if (!found.problems.empty()) return names;
  for (const Member& one : found.streams) names.push_back(one.key.node->text);
  return names;
}

}  // namespace kclhost::host::config
