#include "put/source.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "put/line_reader.hpp"
#include "put/stop.hpp"
#include "records/text_file.hpp"
#include "support/base64.hpp"

namespace kclhost::host::put {
namespace {

class WordSource final : public Source {
 public:
  WordSource(std::vector<std::string> words, std::optional<std::string> key)
      : words_(std::move(words)), key_(std::move(key)) {}

  std::optional<aws::Record> next() override {
    if (next_ == words_.size()) return std::nullopt;
    const std::string& word = words_[next_++];
    return aws::Record{word, key_ ? *key_ : word_partition_key(word), std::nullopt, 0};
  }

 private:
  std::vector<std::string> words_;
  std::optional<std::string> key_;
  std::size_t next_ = 0;
};

class FileSource final : public Source {
 public:
  FileSource(Fd fd, const std::string& path, Format format, std::optional<std::string> key)
      : path_(path),
        lines_(std::move(fd), path == "-" ? "standard input" : path),
        format_(format),
        key_(std::move(key)) {}

  std::optional<aws::Record> next() override {
    while (auto line = lines_.next()) {
      if (lines_.line_number() == 1) look_at_start(*line);
      if (format_ == Format::lines ? line->empty() : records::is_blank(*line)) continue;
      if (format_ == Format::lines) {
        return aws::Record{std::string(*line), key_ ? *key_ : hashed_partition_key(*line), std::nullopt,
                           lines_.line_number()};
      }
      try {
        aws::Record record = parse_json_record(*line, key_, json_);
        record.line = lines_.line_number();
        return record;
      } catch (const std::invalid_argument& error) {
        throw InputError(lines_.where() + ": " + error.what());
      }
    }
    return std::nullopt;
  }

  bool ready() override {
    constexpr std::chrono::milliseconds patience{50};
    return lines_.ready(patience);
  }

  std::string cut_short() const override {
    if (!lines_.stopped()) return {};
    return std::string("stopped by ") + StopSignals::name() + " before the end of " + lines_.name() +
           (lines_.left_over() ? ", in a line that is left out" : "");
  }

  std::string name() const override { return lines_.name(); }

 private:
  void look_at_start(std::string_view& line) const {
    if (const auto why = records::why_not_lines(line, path_, "put")) throw InputError(lines_.name() + ": " + *why);
    if (format_ != Format::lines) line.remove_prefix(records::byte_order_mark(line));
  }

  std::string path_;  // "-": standard input
  LineReader lines_;
  Format format_;
  std::optional<std::string> key_;
  records::JsonRecordReader json_;
};

}  // namespace

std::string hashed_partition_key(std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  constexpr char digits[] = "0123456789abcdef";
  std::string key;
  for (std::size_t i = 0; i < 16; ++i) key += {digits[digest[i] >> 4], digits[digest[i] & 15]};
  return key;
}

std::string word_partition_key(std::string_view word) {
  return is_partition_key(word) ? std::string(word) : hashed_partition_key(word);
}

aws::Record parse_json_record(std::string_view line, const std::optional<std::string>& partition_key,
                              records::JsonRecordReader& reader) {
  std::vector<char> text(line.begin(), line.end());
  text.push_back('\0');
  records::JsonRecord fields;
  if (auto problem = reader.read(std::span(text).first(line.size()), fields)) throw std::invalid_argument(*problem);
  if (fields.null_data) throw std::invalid_argument("data is null; Kinesis takes no record without data");
  aws::Record record;
  if (fields.text) {
    record.data = std::string(*fields.text);
  } else {
    record.data.resize(fields.base64->size() / 4 * 3);
    record.data.resize(base64::decode(*fields.base64, record.data.data()).value_or(0));
  }
  if (fields.partition_key) {
    record.partition_key = std::string(*fields.partition_key);
  } else {
    record.partition_key = partition_key ? *partition_key : hashed_partition_key(record.data);
  }
  if (fields.explicit_hash_key) record.explicit_hash_key = std::string(*fields.explicit_hash_key);
  return record;
}

std::unique_ptr<Source> word_source(std::vector<std::string> words, std::optional<std::string> partition_key) {
  return std::make_unique<WordSource>(std::move(words), std::move(partition_key));
}

std::unique_ptr<Source> file_source(const std::string& path, Format format, std::optional<std::string> partition_key) {
  const bool standard_input = path == "-";
  // Without O_NONBLOCK a FIFO that nobody writes to would keep the signals waiting.
  Fd fd(standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) throw InputError(path + ": " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw InputError(path + ": is a directory");
  return std::make_unique<FileSource>(std::move(fd), path, format, std::move(partition_key));
}

}  // namespace kclhost::host::put
