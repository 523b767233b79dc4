#include <fcntl.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

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
  string(sequence_number_);
  writer.Key("sub_sequence_number");
  writer.Int64(sub_sequence_number_);
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
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  const auto require = [&](bool holds) {
    if (holds) return;
    throw std::runtime_error(file.string() + " holds no word counts: move it away, or choose another output_dir");
  };
  require(document.IsObject());
  for (const char* name : {"sequence_number", "sub_sequence_number", "words"}) require(document.HasMember(name));
  require(document["sequence_number"].IsString() && document["sub_sequence_number"].IsInt64());
  counts.sequence_number_ = document["sequence_number"].GetString();
  counts.sub_sequence_number_ = document["sub_sequence_number"].GetInt64();
  require(document["words"].IsObject());
  for (const auto& [word, count] : document["words"].GetObject()) {
    require(count.IsUint64());
    counts.words_[{word.GetString(), word.GetStringLength()}] = count.GetUint64();
    counts.total_ += count.GetUint64();
  }
  return counts;
}

}  // namespace word_counter
