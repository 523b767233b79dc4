// Whole files, as replay and put read them.
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "put/source.hpp"
#include "replay/input.hpp"
#include "require.hpp"
#include "support/fd.hpp"

namespace {

using namespace kclhost::host;

// How many records a command takes from a file; -1: it refuses the file.
long replayed(const std::string& file, replay::Format format) {
  replay::InputOptions options;
  options.files = {file};
  options.format = format;
  options.batch_size = 3;
  const auto script = replay::read_inputs(options);
  if (!script) {
    fuzz::require_one_line(script.error());
    return -1;
  }
  long records = 0;
  for (const replay::Batch& batch : script->batches) records += static_cast<long>(batch.records);
  return records;
}

long put_records(const std::string& file, put::Format format, bool& null_data) {
  try {
    const auto source = put::file_source(file, format, std::nullopt);
    long records = 0;
    while (source->next()) ++records;
    return records;
  } catch (const put::InputError& error) {
    const std::string what = error.what();
    fuzz::require_one_line(what);
    null_data = what.find("data is null") != std::string::npos;
    return -1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Fd fd(::memfd_create("input", MFD_CLOEXEC));
  if (::write(fd.get(), data, size) != static_cast<ssize_t>(size)) return -1;
  const std::string file = "/proc/self/fd/" + std::to_string(fd.get());
  (void)replayed(file, replay::Format::automatic);
  (void)replayed(file, replay::Format::protocol);
  (void)replayed(file, replay::Format::dead_letters);
  bool null_data = false;
  fuzz::require(replayed(file, replay::Format::lines) == put_records(file, put::Format::lines, null_data));
  const long played = replayed(file, replay::Format::json), put = put_records(file, put::Format::json, null_data);
  // replay alone wants rising sequence numbers, and put alone data.
  const bool has_sequence = fuzz::text_of(data, size).find("Num") != std::string_view::npos ||
                            fuzz::text_of(data, size).find('\\') != std::string_view::npos;
  fuzz::require(played == put || has_sequence || null_data);
  return 0;
}
