#include "program/completion.hpp"

#include <algorithm>
#include <string_view>

namespace kclhost::host::cli {
namespace {

using Lines = std::vector<std::string>;

const KnownOption* find(const KnownCommand& command, std::string_view name) {
  for (const KnownOption& option : command.options) {
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end()) return &option;
  }
  return nullptr;
}

// A sentence of help is enough beside a word.
void offer(Lines& lines, const std::string& word, std::string_view typed, const std::string& help) {
  if (word.starts_with(typed)) lines.push_back(word + '\t' + help.substr(0, help.find(". ")));
}

void offer_values(Lines& lines, const KnownValue& value, std::string_view typed, const std::string& before = "") {
  for (const std::string& choice : value.choices) {
    if (choice.starts_with(typed)) lines.push_back(before + choice);
  }
  if (value.kind == KnownValue::Kind::file) lines.push_back(":file");
  if (value.kind == KnownValue::Kind::directory) lines.push_back(":directory");
}

// What the last word is, by those in front of it.
struct Place {
  const KnownOption* option = nullptr;  // its value
  std::size_t argument = 0;             // else so many are in front of it that are no options
  bool options_over = false;            // there was a "--"
};

Place place_of_last(const KnownCommand& command, std::span<const std::string> words) {
  Place place;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    const bool is_value = place.option != nullptr;
    if (!place.options_over && word.starts_with('-') && word != "-") {
      const KnownOption* const option = find(command, word);
      place.option = option != nullptr && option->takes_value ? option : nullptr;
      place.options_over = word == "--";
    } else if (!is_value) {
      ++place.argument;
    } else if (!place.option->value.repeated) {
      place.option = nullptr;
    }
  }
  return place;
}

}  // namespace

const KnownCommand& command_of(const KnownCommand& program, std::span<const std::string>& words) {
  const KnownCommand* command = &program;
  while (words.size() > 1) {
    const auto next = std::find_if(command->commands.begin(), command->commands.end(),
                                   [&](const KnownCommand& one) { return one.name == words.front(); });
    if (next == command->commands.end()) break;
    command = &*next;
    words = words.subspan(1);
  }
  return *command;
}

Lines completions(const KnownCommand& command, std::span<const std::string> words) {
  Lines lines;
  const Place place = place_of_last(command, words);
  const std::string typed = words.empty() ? "" : words.back();
  const std::size_t equals = typed.find('=');
  if (!place.options_over && typed.starts_with("--") && equals != std::string::npos) {
    const KnownOption* const option = find(command, typed.substr(0, equals));
    if (option != nullptr) offer_values(lines, option->value, typed.substr(equals + 1), typed.substr(0, equals + 1));
  } else if (!place.options_over && typed.starts_with('-')) {
    for (const KnownOption& option : command.options) {
      for (const std::string& name : option.names) offer(lines, name, typed, option.help);
    }
  } else if (place.option != nullptr) {
    offer_values(lines, place.option->value, typed);
  } else {
    for (const KnownCommand& one : command.commands) offer(lines, one.name, typed, one.help);
    if (const std::size_t n = command.places.size(); n > 0 && (place.argument < n || command.places.back().repeated)) {
      offer_values(lines, command.places[std::min(place.argument, n - 1)], typed);
    }
  }
  return lines;
}

}  // namespace kclhost::host::cli
