/* Dies in initialize, deep in functions with names to look for; the shard's id says how. */
#include <kclhost/record_processor.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#define NOT_OPTIMIZED __attribute__((noinline, optnone))
#else
#define NOT_OPTIMIZED __attribute__((noinline, noclone, optimize("O0")))
#endif

/* The first instruction of it faults: what lies before belongs to another function. */
void faults_at_once(void);
#if defined(__x86_64__)
#define FAULT "movl $1, 8\n"
#else
#define FAULT "mov x0, #8\nstr x0, [x0]\n"
#endif
__asm__(
    ".text\n.type comes_before, @function\ncomes_before:\n ret\n.size comes_before, .-comes_before\n"
    ".globl faults_at_once\n.hidden faults_at_once\n.type faults_at_once, @function\nfaults_at_once:\n"
    ".cfi_startproc\n" FAULT " ret\n.cfi_endproc\n.size faults_at_once, .-faults_at_once\n");

NOT_OPTIMIZED static void writes_nowhere(void) {
  *(volatile int*)16 = 1;
}

NOT_OPTIMIZED static void gives_up(void) {
  abort();
}

NOT_OPTIMIZED static void is_killed(void) {
  raise(SIGKILL);
}

NOT_OPTIMIZED static int runs_out_of_stack(volatile char* above) {
  volatile char frame[2000];
  if (above == NULL) return 0; /* never; clang warns of what has no way out */
  frame[0] = above[0];
  return runs_out_of_stack(frame) + frame[0];
}

static void (*volatile nowhere)(void);

NOT_OPTIMIZED static void does_as_told(const char* how) {
  volatile char nothing = 0;
  if (strcmp(how, "writes_nowhere") == 0) writes_nowhere();
  if (strcmp(how, "faults_at_once") == 0) faults_at_once();
  if (strcmp(how, "calls_nothing") == 0) nowhere();
  if (strcmp(how, "gives_up") == 0) gives_up();
  if (strcmp(how, "is_killed") == 0) is_killed();
  if (strcmp(how, "runs_out_of_stack") == 0) runs_out_of_stack(&nothing);
  nothing = 1;
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  char how[64] = "";
  (void)self, (void)error;
  memcpy(how, initialization->shard_id.data, initialization->shard_id.size);
  does_as_told(how);
  return KCLHOST_OK;
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  (void)self, (void)batch, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

KCLHOST_PLUGIN("test.crasher", "0.0.1", .initialize = initialize, .process_records = process_records)
