// What a plugin's author may test it with; without a framework, so that none is needed here.
#include <kclhost/testing.hpp>

int main(int, char** arguments) {
  kclhost::testing::Host host;
  auto greeter = host.create(kclhost::testing::load(arguments[1]));
  return greeter.process_records({"hello"}) && host.has_logged("key: hello") ? 0 : 1;
}
