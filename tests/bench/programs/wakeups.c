/* What two wake-ups cost here: a message to another process over a SOCK_SEQPACKET pair and its answer, as host and
 * worker exchange them, with nothing done in between. Prints microseconds: p50 and p99 of so many round trips. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { message_size = 64 };

static int compare(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int argc, char** argv) {
  const size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
  double* times = calloc(rounds, sizeof *times);
  int ends[2];
  if (rounds == 0 || times == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 1;
  char message[message_size] = {0};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    while (recv(ends[1], message, sizeof message, 0) > 0) {
      if (send(ends[1], message, sizeof message, 0) < 0) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  for (size_t i = 0; i < rounds; ++i) {
    const double begin = now();
    if (send(ends[0], message, sizeof message, 0) < 0 || recv(ends[0], message, sizeof message, 0) <= 0) return 1;
    times[i] = now() - begin;
  }
  close(ends[0]);
  waitpid(child, NULL, 0);
  qsort(times, rounds, sizeof *times, compare);
  printf("{\"p50\": %.3f, \"p99\": %.3f}\n", times[rounds / 2], times[rounds * 99 / 100]);
  return 0;
}
