#include "put/source.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <rapidjson/document.h>
#include <rapidjson/encodings.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "aws/base64.hpp"
#include "put/line_reader.hpp"

namespace kclhost::host::put {
namespace {

class WordSource final : public Source {
 public:
  WordSource(std::vector<std::string> words, std::optional<std::string> key)
      : words_(std::move(words)), key_(std::move(key)) {}

  std::optional<aws::Record> next() override {
    if (next_ == words_.size()) return std::nullopt;
    const std::string& word = words_[next_++];
    return aws::Record{word, key_ ? *key_ : word_partition_key(word), std::nullopt};
  }

 private:
  std::vector<std::string> words_;
  std::optional<std::string> key_;
  std::size_t next_ = 0;
};

class FileSource final : public Source {
 public:
  FileSource(Fd fd, std::string name, Format format, std::optional<std::string> key)
      : lines_(std::move(fd), std::move(name)), format_(format), key_(std::move(key)) {}

  std::optional<aws::Record> next() override {
    while (const auto line = lines_.next()) {
      if (line->empty()) continue;
      if (format_ == Format::lines) {
        return aws::Record{std::string(*line), key_ ? *key_ : hashed_partition_key(*line), std::nullopt};
      }
      try {
        return parse_json_record(*line, key_);
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

 private:
  LineReader lines_;
  Format format_;
  std::optional<std::string> key_;
};

std::optional<std::size_t> characters(std::string_view text) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  std::size_t count = 0;
  while (stream.Tell() < text.size()) {
    unsigned codepoint = 0;
    if (!rapidjson::UTF8<>::Decode(stream, &codepoint)) return std::nullopt;
    ++count;
  }
  return count;
}

bool is_known(std::string_view name) {
  // The later ones are in a record that a consumer captured; a put makes new ones.
  constexpr std::array<std::string_view, 8> names = {"data",           "text",
                                                     "partitionKey",   "explicitHashKey",
                                                     "sequenceNumber", "subSequenceNumber",
                                                     "action",         "approximateArrivalTimestamp"};
  for (const std::string_view known : names) {
    if (name == known) return true;
  }
  return false;
}

std::string_view view(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

std::optional<std::string_view> string_member(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || found->value.IsNull()) return std::nullopt;
  if (!found->value.IsString()) throw std::invalid_argument(std::string(name) + " is not a string");
  return view(found->value);
}

}  // namespace

bool is_partition_key(std::string_view text) {
  const auto count = characters(text);
  return count && *count >= 1 && *count <= 256;
}

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

aws::Record parse_json_record(std::string_view line, const std::optional<std::string>& partition_key) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(line.data(), line.size());
  if (document.HasParseError()) {
    throw std::invalid_argument(std::string("not JSON: ") + rapidjson::GetParseError_En(document.GetParseError()) +
                                " (at byte " + std::to_string(document.GetErrorOffset() + 1) + ')');
  }
  if (!document.IsObject()) throw std::invalid_argument("not a JSON object");
  for (const auto& member : document.GetObject()) {
    if (!is_known(view(member.name))) {
      throw std::invalid_argument("unknown name " + std::string(view(member.name)) +
                                  " (known: data or text, partitionKey, explicitHashKey)");
    }
  }
  const auto data = string_member(document, "data");
  const auto text = string_member(document, "text");
  if (data && text) throw std::invalid_argument("has both data and text");
  if (!data && !text) throw std::invalid_argument("has neither data (base64) nor text");
  aws::Record record;
  if (data) {
    auto bytes = aws::base64_decode(*data);
    if (!bytes) throw std::invalid_argument("data is not base64");
    record.data = std::move(*bytes);
  } else {
    record.data = std::string(*text);
  }
  if (const auto key = string_member(document, "partitionKey")) {
    if (!is_partition_key(*key)) throw std::invalid_argument("partitionKey is not 1 to 256 characters");
    record.partition_key = std::string(*key);
  } else {
    record.partition_key = partition_key ? *partition_key : hashed_partition_key(record.data);
  }
  if (const auto hash = string_member(document, "explicitHashKey")) record.explicit_hash_key = std::string(*hash);
  return record;
}

std::unique_ptr<Source> word_source(std::vector<std::string> words, std::optional<std::string> partition_key) {
  return std::make_unique<WordSource>(std::move(words), std::move(partition_key));
}

std::unique_ptr<Source> file_source(const std::string& path, Format format, std::optional<std::string> partition_key) {
  const bool standard_input = path == "-";
  Fd fd(standard_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) throw InputError(path + ": " + std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw InputError(path + ": is a directory");
  return std::make_unique<FileSource>(std::move(fd), standard_input ? "standard input" : path, format,
                                      std::move(partition_key));
}

}  // namespace kclhost::host::put
