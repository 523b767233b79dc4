// Does to its host what no plugin should. What a record says:
//   outcome twice      ends the call itself, and then once more in good order
//   outcome and end    sends the call's outcome and dies
//   outcome early      sends the outcome of the call before
//   stranger           sends an outcome under another worker's name
//   checkpoints N      asks for N checkpoints without waiting for an answer, then hangs
//   short | empty | unknown | sizes    sends what is no message
//   metric | made | rejected | ticks | acknowledged    sends what the plugin has no reason for
//   child returns      a forked child of it returns OK from the call, which then fails
//   child outcome | child checkpoint | child short | child empty    a forked child sends that; the call then fails
//   children log       starts processes that log for as long as the host lives, some in sessions of their own; hangs
//   child crashes      a forked child of it crashes; the call then ends the process by exit(3)
//   leave group        goes to its parent's process group, and hangs
//   reach              tries to truncate and to overwrite all memory that it shares, and logs how often that worked
//   sh COMMAND         runs it and logs what it prints
// With "hang in destroy" as its configuration it does that; with "checkpoint in initialize" it asks for one there.
#include <dirent.h>
#include <fcntl.h>
#include <kclhost/plugin.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "worker/channel.hpp"

namespace {

using kclhost::host::worker::Header;
using kclhost::host::worker::Kind;

const kclhost_host* host;
std::string config;

void tell(const std::string& text) {
  host->log(host->context, KCLHOST_LOG_INFO, {text.data(), text.size()});
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

// The descriptor that the worker has from its host.
int find_channel() {
  for (int fd = 3; fd < 4096; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET) return fd;
  }
  return -1;
}

int channel() {
  static const int found = find_channel();
  return found;
}

// What a message of this call looks like, from a child that logs to a socket of ours.
Header header() {
  const int theirs = channel();
  int ends[2];
  Header found{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return found;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], theirs);
    tell("x");
    ::_exit(0);
  }
  char bytes[sizeof(Header) + 16];
  if (::recv(ends[0], bytes, sizeof bytes, 0) >= static_cast<ssize_t>(sizeof found)) {
    std::memcpy(&found, bytes, sizeof found);
  }
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  found.code = 0;
  found.sizes = {};
  return found;
}

bool send(const void* bytes, std::size_t size) {
  return ::send(channel(), bytes, size, MSG_NOSIGNAL) >= 0;
}

bool send(Header message, Kind kind) {
  message.kind = kind;
  return send(&message, sizeof message);
}

void send_nonsense(const std::string& which, Header message) {
  if (which == "short") send("abc", 3);
  if (which == "empty") send("", 0);
  if (which == "unknown") send(message, static_cast<Kind>(99));
  if (which == "outcome") send(message, Kind::outcome);
  if (which == "checkpoint") send(message, Kind::checkpoint);
  if (which == "metric") send(message, Kind::metric);
  if (which == "made") send(message, Kind::metric_made);
  if (which == "ticks") send(message, Kind::ticks);
  if (which == "acknowledged") send(message, Kind::acknowledged);
  if (which == "rejected") {
    message.a = 1'000'000;
    send(message, Kind::rejected);
  }
  if (which == "sizes") {
    message.sizes[0] = 1'000'000;
    send(message, Kind::log);
  }
}

template <class What>
void in_a_child(What&& what) {
  const pid_t child = ::fork();
  if (child == 0) {
    what();
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void log_in_children() {
  Header message = header();
  message.kind = Kind::log;
  message.code = KCLHOST_LOG_INFO;
  for (int i = 0; i < 4; ++i) {
    if (::fork() != 0) continue;
    if (i % 2 != 0) ::setsid();
    while (send(message, Kind::log)) {
    }
    ::_exit(0);
  }
  hang();
}

bool truncate(int fd) {
  return ::ftruncate(fd, 0) == 0 || ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
}

bool overwrite(int fd) {
  if (::pwrite(fd, "XXXX", 4, 0) >= 0) return true;
  return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
}

// Through the descriptors and mappings that a folder in /proc lists. Counts the looks at the memory, too.
void reach_through(const std::string& folder, int& seen, int& done) {
  DIR* const listing = ::opendir(folder.c_str());
  if (listing == nullptr) return;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string path = folder + "/" + entry->d_name;
    char link[256] = "";
    if (::readlink(path.c_str(), link, sizeof link - 1) <= 0) continue;
    const bool batch = std::strncmp(link, "/memfd:kclhost-batch", 20) == 0;
    if (!batch && std::strncmp(link, "/memfd:kclhost-control", 22) != 0) continue;
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    ++seen;
    // The worker's own page is the worker's to write.
    done += ::ftruncate(fd, 0) == 0 || (batch && (truncate(fd) || overwrite(fd)));
    ::close(fd);
  }
  ::closedir(listing);
}

void reach() {
  int seen = 0, done = 0;
  for (const std::string& process : {std::string("self"), std::to_string(::getppid())}) {
    for (const char* what : {"/fd", "/map_files"}) reach_through("/proc/" + process + what, seen, done);
  }
  tell("seen " + std::to_string(seen != 0));
  tell("reached " + std::to_string(done));
}

void run(const std::string& command) {
  FILE* const out = ::popen(command.c_str(), "re");
  char line[4096];
  while (out != nullptr && std::fgets(line, sizeof line, out) != nullptr) {
    std::string text(line);
    tell(text.substr(0, text.find('\n')));
  }
  if (out != nullptr) ::pclose(out);
}

kclhost_status obey(const std::string& order) {
  if (order == "outcome twice") send_nonsense("outcome", header());
  if (order == "outcome and end") {
    send_nonsense("outcome", header());
    std::raise(SIGKILL);
  }
  if (order == "outcome early") {
    Header message = header();
    --message.call;
    send_nonsense("outcome", message);
  }
  if (order == "stranger") {
    Header message = header();
    message.worker = kclhost::host::WorkerId{9999};
    send_nonsense("outcome", message);
  }
  if (order.starts_with("checkpoints ")) {
    const Header message = header();
    for (int left = std::atoi(order.c_str() + 12); left > 0 && send(message, Kind::checkpoint); --left) {
    }
    hang();
  }
  if (order == "child returns") {
    const pid_t child = ::fork();
    if (child == 0) return KCLHOST_OK;
    ::waitpid(child, nullptr, 0);
    return KCLHOST_FAILED;
  }
  if (order.starts_with("child ") && order != "child crashes") {
    const Header message = header();
    in_a_child([&] { send_nonsense(order.substr(6), message); });
    return KCLHOST_FAILED;
  }
  if (order == "children log") log_in_children();
  if (order == "child crashes") {
    in_a_child([] { std::abort(); });
    std::exit(3);
  }
  if (order == "leave group") {
    ::setpgid(0, ::getpgid(::getppid()));
    tell("left");
    hang();
  }
  if (order == "reach") reach();
  if (order.starts_with("sh ")) run(order.substr(3));
  // What a message looks like costs a process.
  for (const char* nonsense :
       {"short", "empty", "unknown", "metric", "made", "rejected", "ticks", "acknowledged", "sizes"}) {
    if (order == nonsense) send_nonsense(order, header());
  }
  return KCLHOST_OK;
}

kclhost_status create(const kclhost_host* given, kclhost_string config_json, void** self, kclhost_error*) {
  host = given;
  config.assign(config_json.data, config_json.size);
  *self = &config;
  return KCLHOST_OK;
}

void destroy(void*) {
  if (config == "\"hang in destroy\"") hang();
}

kclhost_status initialize(void*, const kclhost_initialization*, kclhost_error*) {
  if (config == "\"checkpoint in initialize\"") send_nonsense("checkpoint", header());
  return KCLHOST_OK;
}

kclhost_status process_records(void*, const kclhost_batch* batch, kclhost_checkpointer*, kclhost_error*) {
  kclhost_status status = KCLHOST_OK;
  for (std::size_t i = 0; i < batch->record_count && status == KCLHOST_OK; ++i) {
    const kclhost_string data = kclhost_batch_at(batch, i)->data;
    status = obey(std::string(data.data, data.size));
  }
  return status;
}

kclhost_status shard_ended(void*, kclhost_checkpointer*, kclhost_error*) {
  return KCLHOST_OK;
}

}  // namespace

extern "C" const kclhost_plugin* kclhost_plugin_v1() {
  static kclhost_plugin plugin{};
  plugin.struct_size = sizeof plugin;
  plugin.abi_major = KCLHOST_ABI_MAJOR;
  plugin.abi_minor = KCLHOST_ABI_MINOR;
  plugin.flags = KCLHOST_PLUGIN_CHECKPOINTS;
  plugin.id = KCLHOST_STRING("test.hostile");
  plugin.version = KCLHOST_STRING("6.6.6");
  plugin.create = create;
  plugin.destroy = destroy;
  plugin.initialize = initialize;
  plugin.process_records = process_records;
  plugin.shard_ended = shard_ended;
  return &plugin;
}
