#include <kclhost/context.hpp>

// Alone, and twice.
#include <kclhost/context.hpp>

void say(const kclhost::Context& context);
void say(const kclhost::Context& context) {
  context.counter({"lines"}).add();
  context.log_info("hello");
}
