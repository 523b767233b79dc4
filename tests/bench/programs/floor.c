/* The least a MultiLang child can do: reads whole lines, looks at nothing but the action's name, and answers. What the
 * pipe and two wake-ups cost is what it costs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "{\"action\":\"";

static int answer(const char* line, size_t size) {
  if (size < sizeof prefix || memcmp(line, prefix, sizeof prefix - 1) != 0) return 0;
  const char* action = line + sizeof prefix - 1;
  const char* end = memchr(action, '"', size - (sizeof prefix - 1));
  if (end == NULL) return 0;
  char status[128];
  const int n = snprintf(status, sizeof status, "\n{\"action\":\"status\",\"responseFor\":\"%.*s\"}\n",
                         (int)(end - action), action);
  return write(STDOUT_FILENO, status, (size_t)n) == n;
}

int main(void) {
  size_t capacity = 1 << 20, begin = 0, scanned = 0, end = 0;
  char* buffer = malloc(capacity);
  fcntl(STDIN_FILENO, F_SETPIPE_SZ, 1 << 20);
  while (buffer != NULL) {
    const char* newline = memchr(buffer + scanned, '\n', end - scanned);
    if (newline != NULL) {
      if (!answer(buffer + begin, (size_t)(newline - buffer) - begin)) return 1;
      begin = scanned = (size_t)(newline - buffer) + 1;
      if (begin == end) begin = scanned = end = 0;
      continue;
    }
    scanned = end;
    if (end == capacity) {
      memmove(buffer, buffer + begin, end - begin);
      end -= begin;
      scanned -= begin;
      begin = 0;
      if (end > capacity / 2) buffer = realloc(buffer, capacity *= 2);
      if (buffer == NULL) return 1;
    }
    const ssize_t n = read(STDIN_FILENO, buffer + end, capacity - end);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0 ? 0 : 1;
    end += (size_t)n;
  }
  return 1;
}
