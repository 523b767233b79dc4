// A worker that a plugin has overwritten sends what the code of a worker never would.
#include "worker/dialogue.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "worker_fixtures.hpp"

namespace kclhost::host::worker {
namespace {

class WorkerDialogue : public testing::Test, private Dialogue::Owner {
 protected:
  WorkerDialogue() { dialogue_.begin(::getpid(), "/staged.so", "my.so"); }

  // What the worker is ended for, "" when it is not.
  std::string sends(Header header, const std::string& text) {
    header.sizes[0] = static_cast<std::uint32_t>(text.size());
    std::string packet(sizeof header, '\0');
    std::memcpy(packet.data(), &header, sizeof header);
    packet += text;
    EXPECT_EQ(::send(theirs_.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    complaint_.clear();
    EXPECT_TRUE(dialogue_.read(1));
    return complaint_;
  }
  test::FakeListener listener_;

 private:
  void misbehaved(const std::string& what) override { complaint_ = what; }

  std::string complaint_;
  std::pair<Channel, Fd> ends_ = std::move(*Channel::make_pair());
  Fd theirs_ = std::move(ends_.second);
  Dialogue dialogue_{test::FakeListener::id,
                     std::move(ends_.first),
                     *ControlPage::make("", KCLHOST_LOG_INFO),
                     nullptr,
                     listener_,
                     *this};
};

TEST_F(WorkerDialogue, ATextIsNoLongerThanATextCanBe) {
  EXPECT_EQ(sends({.kind = Kind::log}, std::string(Channel::longest_text, 'x')), "");
  EXPECT_EQ(listener_.texts().size(), 1u);
  EXPECT_EQ(sends({.kind = Kind::log}, std::string(Channel::longest_text + 1, 'x')), "sent a message of a wrong size");
  EXPECT_EQ(listener_.texts().size(), 1u);
}

TEST_F(WorkerDialogue, APluginIsCalledByOneLineOfText) {
  for (const char* id : {"two\nlines", "\x1b[2J", "\xff"}) {
    EXPECT_EQ(sends({.kind = Kind::loaded}, id), "called the plugin by what is not one line of text");
    EXPECT_FALSE(listener_.about);
  }
  EXPECT_EQ(sends({.kind = Kind::loaded}, "com.example.\u00e9"), "");
  EXPECT_TRUE(listener_.about);
}

}  // namespace
}  // namespace kclhost::host::worker
