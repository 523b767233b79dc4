"""Every piece of C++ and C that the documentation shows compiles: whole files as they are, the others with what they leave out."""
import os
import subprocess

import pytest

from pages import TOP, blocks, pages

INCLUDES = """
#include <kclhost/record_processor.hpp>
#include <functional>
#include <string>
#include <vector>
"""

# What a piece leaves out, before and behind it, by a line of it.
AROUND = {
    "class Uploader final": ("""
struct Answer { bool stored, refused; std::string why; };
struct Client {
  void put(std::string data, std::function<void(const Answer&)> then);
  void send_what_is_buffered();
};
""", 'KCLHOST_PLUGIN(Uploader, "com.example.uploader", "1")'),
    "class Batcher final": ("", """
bool Batcher::add(std::string_view) { return true; }
void Batcher::flush() {}
void Batcher::on_failed_checkpoint(const kclhost::Status&) {}
KCLHOST_PLUGIN(Batcher, "com.example.batcher", "1")
"""),
    "throw kclhost::BatchFailure(": ("[[noreturn]] void fail();\nvoid fail() {", "}"),
    "context_.reject(record, ": ("""
bool is_json(std::string_view data);
void store(const kclhost::Record& record);
void take(const kclhost::Batch& batch, kclhost::Context& context_);
void take(const kclhost::Batch& batch, kclhost::Context& context_) {
""", "}"),
    "explicit Buffer(": ("class Buffer final : public kclhost::RecordProcessor {\n public:", """
  void process_records(const kclhost::Batch&) override {}
  void write_if_older_than(std::chrono::seconds);
  kclhost::Context& context_;
};
void Buffer::write_if_older_than(std::chrono::seconds) { context_.log_info("written"); }
KCLHOST_PLUGIN(Buffer, "com.example.buffer", "1")
"""),
    "const kclhost::Config config = context.config();": ("""
std::uint16_t port_;
double rate_;
std::vector<std::string> hosts_;
void read(const kclhost::Context& context);
void read(const kclhost::Context& context) {
""", "}"),
    "const Rows rows = parse(batch);": ("""
struct Rows {};
struct Table { void write(const Rows&); };
void Table::write(const Rows&) {}
Rows parse(const kclhost::Batch& batch);
class Storing final : public kclhost::RecordProcessor {
 public:
  static constexpr bool can_shadow = true;
  explicit Storing(kclhost::Context& context) : context_(context) {}
""", """
 private:
  kclhost::Context& context_;
  Table table_;
};
KCLHOST_PLUGIN(Storing, "com.example.storing", "1")
"""),
    "static void check_config(": ("""
struct Options {};
Options parse_options(const kclhost::Config& config);
class Checked final : public kclhost::RecordProcessor {
 public:
""", """
  void process_records(const kclhost::Batch&) override {}
};
KCLHOST_PLUGIN(Checked, "com.example.checked", "1")
"""),
    "explicit Writer(": ("class Writer final : public kclhost::RecordProcessor {\n public:", """
  void process_records(const kclhost::Batch& batch) override { written(batch.size(), 1); }
  const kclhost::Counter rows_;
  const kclhost::Histogram latency_;
};
KCLHOST_PLUGIN(Writer, "com.example.writer", "1")
"""),
    "auto uploader = host.create<Uploader>();": ("""
#include <gtest/gtest.h>
#include <kclhost/testing.hpp>
class Uploader final : public kclhost::AcknowledgingProcessor {
 public:
  void process_records(const kclhost::Batch&) override {}
  void finish(kclhost::Reason) override {}
};
TEST(Uploader, Uploads) {
""", "}"),
    "host.answer_checkpoints(": ("""
#include <gtest/gtest.h>
#include <kclhost/testing.hpp>
void run(kclhost::testing::Host& host, kclhost::testing::Instance& instance);
void run(kclhost::testing::Host& host, kclhost::testing::Instance& instance) {
""", "}"),
}


def shown():
    """Name and text of each page's pieces."""
    return [(name, body) for name, text in pages().items() for body in blocks(text, "cpp")]


def whole(body):
    if "#include" in body:
        return body
    around = [what for line, what in AROUND.items() if line in body]
    assert len(around) == 1, f"AROUND in tests/docs/snippets_test.py is to say what this leaves out:\n{body}"
    before, behind = around[0]
    body = body.replace("  // ...\n", """ private:
  bool add(std::string_view data);
  void flush();
  void on_failed_checkpoint(const kclhost::Status& status);
""")
    return f"{INCLUDES}{before}\n{body}\n{behind}\n"


def in_c():
    return [(name, body) for name, text in pages().items() for body in blocks(text, "c")]


def test_there_are_pieces():
    assert len(shown()) >= len(AROUND) + 3
    for line in AROUND:
        assert any(line in body and "#include" not in body for _, body in shown()), f"nothing shown has the line {line}"


@pytest.mark.parametrize("page, body", shown())
def test_it_compiles(page, body, tmp_path):
    source = tmp_path / "shown.cpp"
    source.write_text(whole(body))
    done = subprocess.run([os.environ.get("CXX", "c++"), "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                           '-DGREETER="greeter.so"', f"-I{TOP / 'sdk/include'}", source], capture_output=True, text=True)
    assert done.returncode == 0, f"{page}: {done.stderr}\n{source.read_text()}"


@pytest.mark.parametrize("page, body", in_c())
def test_it_compiles_in_c(page, body, tmp_path):
    """With what the page shows before it."""
    whole = [shown for name, shown in in_c() if name == page]
    before = "" if "#include" in body else "".join(shown for shown in whole[:whole.index(body)] if "#include" not in shown)
    source = tmp_path / "shown.c"
    source.write_text(f"#include <kclhost/config.h>\n#include <kclhost/record_processor.h>\n{before}{body}")
    done = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                           "-Wno-unused-function", f"-I{TOP / 'sdk/include'}", source], capture_output=True, text=True)
    assert done.returncode == 0, f"{page}: {done.stderr}\n{source.read_text()}"


@pytest.mark.parametrize("page, language, mark", [("README.md", "cpp", "KCLHOST_PLUGIN("), ("docs/c.md", "c", "KCLHOST_PLUGIN("),
                                                  ("docs/rust.md", "rust", "kclhost::plugin!(")])
def test_the_smallest_plugin_is_at_most_twelve_lines(page, language, mark):
    smallest = next(body for body in blocks(pages()[page], language) if mark in body)
    assert len([line for line in smallest.splitlines() if line.strip()]) <= 12
