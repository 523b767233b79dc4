#include "replay/input.hpp"

#include <span>
#include <utility>

#include "records/text_file.hpp"
#include "replay/batch_builder.hpp"
#include "replay/capture_reader.hpp"
#include "replay/daemon_lines.hpp"
#include "replay/letter_reader.hpp"
#include "replay/line_source.hpp"
#include "replay/record_reader.hpp"
#include "support/json.hpp"

namespace kclhost::host::replay {
namespace {

// The format of an input by its first line that says something.
std::optional<Format> detect(std::string_view line) {
  if (line.starts_with("> {")) return Format::protocol;
  if (is_letter(line)) return Format::dead_letters;
  rapidjson::Document document;
  if (json::parse(line, document) || !document.IsObject()) {
    // A broken record is better explained as one.
    return line.starts_with('{') ? std::optional(Format::json) : std::nullopt;
  }
  const auto action = document.FindMember("action");
  const bool message = action != document.MemberEnd() && action->value.IsString() && action->value != "record";
  return message ? Format::protocol : Format::json;
}

class Reader {
 public:
  explicit Reader(const InputOptions& options)
      : options_(options),
        builder_(options.batch_size, options.resume),
        records_(builder_),
        capture_(options.shard_id, options.resume) {}

  // What is wrong with the file, if anything.
  std::optional<Error> read(const std::string& file) {
    Result<LineSource> source = LineSource::open(file, options_.on_wait);
    if (!source) return Error{source.error()};
    Format format = options_.format;
    bool first = true;
    while (auto line = source->next()) {
      if (std::exchange(first, false)) {
        if (auto why = records::why_not_lines({line->data(), line->size()}, file, "replay")) {
          return Error{source->name() + ": " + *why};
        }
        if (format != Format::lines) {
          line = line->subspan(records::byte_order_mark({line->data(), line->size()}));
        }
      }
      const std::string_view text(line->data(), line->size());
      if (format == Format::automatic) {
        if (records::is_blank(text) || (!captured_message(text) && !text.starts_with("< {"))) continue;
        const auto found = detect(text.starts_with("< {") ? text.substr(2) : text);
        if (!found) {
          return source->at_line(
              "neither a JSON record nor a captured message; to send each line as it is, add --format lines");
        }
        format = *found;
      }
      if (auto problem = take(format, *line)) return source->at_line(*problem);
    }
    return source->error();
  }

  Script finish() {
    Script script = capture_.finish();
    if (!letters_.empty()) {
      script.initialize = initialize_line(letters_.shard_id(), script.start);
      letters_.give_to(builder_);
    }
    if (!captured_) script.batches = builder_.finish();
    if (options_.end || script.endings.empty()) {
      script.endings = endings_for(options_.end.value_or(End::shutdown_requested));
    }
    return script;
  }

 private:
  std::optional<std::string> take(Format format, std::span<char> line) {
    std::string_view text(line.data(), line.size());
    if (format == Format::lines) {
      if (text.empty()) return std::nullopt;
      return take_record([&] { return records_.add_text(text); });
    }
    if (records::is_blank(text)) return std::nullopt;
    if (format == Format::json) return take_record([&] { return records_.add_json(line); });
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (format == Format::dead_letters) {
      if (recorded_) return beside;
      return letters_.add(text);
    }
    if (options_.files.size() > 1) return "a captured conversation; it must be the only input";
    captured_ = true;
    return capture_.add(text);
  }

  // Made-up sequence numbers and a shard's own have no order between them.
  static constexpr const char* beside = "dead letters beside other records; play them apart";

  template <class Add>
  std::optional<std::string> take_record(Add add) {
    if (!letters_.empty()) return beside;
    recorded_ = true;
    return add();
  }

  const InputOptions& options_;
  BatchBuilder builder_;
  RecordReader records_;
  CaptureReader capture_;
  LetterReader letters_;
  bool captured_ = false, recorded_ = false;
};

}  // namespace

Result<Script> read_inputs(const InputOptions& options) {
  Reader reader(options);
  for (const std::string& file : options.files) {
    if (auto error = reader.read(file)) return *error;
  }
  return reader.finish();
}

}  // namespace kclhost::host::replay
