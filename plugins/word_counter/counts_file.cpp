#include <fcntl.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>
#include <kclhost/config.hpp>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "counts.hpp"

namespace word_counter {

namespace {

[[noreturn]] void fail(const char* doing, const std::filesystem::path& file) {
  throw std::system_error(errno, std::generic_category(), std::string(doing) + ' ' + file.string());
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags) : fd_(::open(file.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail("can't open", file);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }
  operator int() const { return fd_; }

 private:
  int fd_;
};

void write_all(const std::filesystem::path& file, std::string_view text) {
  const Descriptor fd(file, O_WRONLY | O_CREAT | O_TRUNC);
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("can't write", file);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) fail("can't sync", file);
}

}  // namespace

// The checkpoint that follows may outlive this machine, so the counts have to reach the disk first.
void Counts::save(const std::filesystem::path& file) const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto string = [&](const std::string& text) {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  writer.Key("sequence_number");
  string(position_.sequence_number());
  writer.Key("sub_sequence_number");
  writer.Int64(position_.sub_sequence_number());
  writer.Key("total");
  writer.Uint64(total_);
  writer.Key("words");
  writer.StartObject();
  for (const auto& [word, count] : words_) {
    string(word);
    writer.Uint64(count);
  }
  writer.EndObject();
  writer.EndObject();
  buffer.Put('\n');

  std::filesystem::path next = file;
  next += ".new";
  write_all(next, {buffer.GetString(), buffer.GetSize()});
  if (::rename(next.c_str(), file.c_str()) != 0) fail("can't replace", file);
  if (::fsync(Descriptor(file.parent_path(), O_RDONLY | O_DIRECTORY)) != 0) fail("can't sync", file.parent_path());
}

Counts Counts::load(const std::filesystem::path& file) {
  Counts counts;
  std::ifstream stream(file, std::ios::binary);
  if (!stream && errno == ENOENT) return counts;
  if (!stream) fail("can't open", file);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  try {
    // Any JSON text will do for the SDK's reader, which no text can harm.
    const kclhost::Config saved(text);
    counts.position_ = {saved["sequence_number"].as<std::string>(), saved["sub_sequence_number"].as<std::int64_t>()};
    if (!saved["words"].exists()) saved["words"].refuse("there");
    for (const auto& [word, count] : saved["words"].members()) {
      const auto times = count.as<std::uint64_t>();
      counts.words_[word] = times;
      counts.total_ += times;
    }
  } catch (const std::invalid_argument&) {
    throw std::runtime_error(file.string() + " holds no word counts: move it away, or choose another output_dir");
  }
  return counts;
}

}  // namespace word_counter
