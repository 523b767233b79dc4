// Fixed work whose instructions callgrind counts, each piece in a function whose name guard.py knows.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "lines.hpp"
#include "protocol/line_reader.hpp"
#include "protocol/writer.hpp"

namespace {

using namespace kclhost::host;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" {

[[gnu::noinline]] void guard_decode(protocol::BatchDecoder* decoder, char* line, std::size_t size) {
  require(static_cast<bool>(decoder->decode({line, size})));
}

[[gnu::noinline]] void guard_read(protocol::LineReader* reader, protocol::BatchDecoder* decoder) {
  while (!reader->ready()) reader->read_some();
  const auto line = reader->take();
  require(line && decoder->decode(*line));
}

[[gnu::noinline]] void guard_encode(protocol::Writer* writer) {
  require(writer->status("processRecords"));
  require(writer->checkpoint("49590338271490256608559692538361571095921575989136588898", 3));
}
}

namespace {

void decode(std::size_t records, std::size_t size) {
  const std::string line = bench::batch_line(records, size);
  std::string text(line.size() + protocol::BatchDecoder::overread, '\0');
  SharedBuffer buffer;
  protocol::BatchDecoder decoder(buffer);
  for (int i = 0; i < 2; ++i) {  // the second time nothing is new to it
    std::memcpy(text.data(), line.data(), line.size());
    guard_decode(&decoder, text.data(), line.size());
  }
}

void read() {
  const std::string line = bench::batch_line(1000, 1024) + "\n";
  const char* const path = std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp";
  const int file = ::open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  require(file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  require(::lseek(file, 0, SEEK_SET) == 0);
  SharedBuffer buffer;
  protocol::BatchDecoder decoder(buffer);
  protocol::LineReader reader(file, decoder);
  guard_read(&reader, &decoder);
  ::close(file);
}

void encode() {
  protocol::Writer writer(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  for (int i = 0; i < 1000; ++i) guard_encode(&writer);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "decode-small") {
    decode(1000, 100);
  } else if (what == "decode-medium") {
    decode(1000, 1024);
  } else if (what == "decode-one") {
    decode(1, 1 << 20);
  } else if (what == "read") {
    read();
  } else if (what == "encode") {
    encode();
  } else {
    std::fprintf(stderr, "usage: bench_guard decode-small|decode-medium|decode-one|read|encode\n");
    return 2;
  }
  return 0;
}
