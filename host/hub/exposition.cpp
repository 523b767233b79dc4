#include "hub/exposition.hpp"

#include <charconv>
#include <cmath>

#include "hub/collecting.hpp"

namespace kclhost::host::hub {
namespace {

void append_number(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char digits[32];
  // Whole ones without an exponent, for people.
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  const auto end = whole ? std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(value)).ptr
                         : std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  const std::string_view special = quotes ? "\n\\\"" : "\n\\";
  for (auto at = text.find_first_of(special); at != text.npos; at = text.find_first_of(special)) {
    out.append(text.substr(0, at)).append(text[at] == '\n' ? "\\n" : text[at] == '"' ? "\\\"" : "\\\\");
    text.remove_prefix(at + 1);
  }
  out += text;
}

void append_labels(std::string& out, const Labels& labels) {
  for (const auto& [key, text] : labels) {
    if (!out.empty()) out += ',';
    out.append(key).append("=\"");
    append_escaped(out, text, true);
    out += '"';
  }
}

// `labels`: as append_labels makes them.
void append_sample(std::string& out, const std::string& name, const char* suffix, std::string_view labels,
                   double value) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, const std::string& name, const std::string& labels, const Reading& reading) {
  std::string with_bound = labels + (labels.empty() ? "le=\"" : ",le=\"");
  const std::size_t before_bound = with_bound.size();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < reading.counts.size(); ++i) {
    count += reading.counts[i];
    with_bound.resize(before_bound);
    append_number(with_bound, i < reading.bounds.size() ? reading.bounds[i] : HUGE_VAL);
    with_bound += '"';
    append_sample(out, name, "_bucket", with_bound, static_cast<double>(count));
  }
  append_sample(out, name, "_sum", labels, reading.sum);
  append_sample(out, name, "_count", labels, static_cast<double>(count));
}

void append_head(std::string& out, const Family& family, bool open) {
  constexpr const char* kinds[] = {"counter", "gauge", "histogram"};
  const std::string shown = family.name + (family.kind == Kind::counter && !open ? "_total" : "");
  out += "# TYPE " + shown + " " + kinds[static_cast<int>(family.kind)] + "\n";
  if (open && !family.unit.empty()) out += "# UNIT " + shown + " " + family.unit + "\n";
  if (family.help.empty()) return;
  out += "# HELP " + shown + " ";
  append_escaped(out, family.help, open);
  out += '\n';
}

}  // namespace

const char* content_type(Format format) {
  return format == Format::open_metrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                        : "text/plain; version=0.0.4; charset=utf-8";
}

void Exposition::add(const Tally& tally, const Labels& labels) {
  std::string text;
  append_labels(text, labels);
  const std::size_t in_front = text.size();
  for (const auto& [name, entry] : tally.families()) {
    const auto [found, is_new] = families_.try_emplace(name);
    Lines& lines = found->second;
    if (is_new) lines.family = entry.family;
    if (lines.family.kind != entry.family.kind || lines.family.unit != entry.family.unit) continue;
    for (const auto& [own, reading] : entry.readings) {
      text.resize(in_front);
      append_labels(text, own);
      if (lines.family.kind == Kind::histogram) {
        append_histogram(lines.samples, name, text, reading);
      } else {
        append_sample(lines.samples, name, lines.family.kind == Kind::counter ? "_total" : "", text, reading.value);
      }
    }
  }
}

std::string Exposition::text() const {
  const bool open = format_ == Format::open_metrics;
  std::size_t size = 0;
  for (const auto& [name, lines] : families_)
    size += lines.samples.size() + 3 * name.size() + lines.family.help.size() + 64;
  std::string out;
  out.reserve(size);
  for (const auto& [name, lines] : families_) {
    append_head(out, lines.family, open);
    out += lines.samples;
  }
  if (open) out += "# EOF\n";
  return out;
}

std::string expose(Snapshot snapshot, std::chrono::milliseconds window, Format format) {
  Exposition page(format);
  page.add(collect_of_launch(snapshot));
  const auto take = [&page](const std::string& stream, const std::string& shard, const Tally& tally) {
    page.add(tally, {{"stream", stream}, {"shard", shard}});
  };
  collect_of_shards(std::move(snapshot), window, take);
  return page.text();
}

}  // namespace kclhost::host::hub
