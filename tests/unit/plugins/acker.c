/* Acknowledges what its records say, and logs what it was answered:
 *   ack A N      acknowledges N records from number A on
 *   later A N    a thread of it does that once the call is over
 *   file A N F   a thread of it does that once there is a file F
 *   reject A     rejects the record with number A
 *   die A N      acknowledges, and kills its process
 *   child A N    a process that it forks acknowledges
 *   fail         the call fails */
#define _DEFAULT_SOURCE
#include <kclhost/record_processor.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const kclhost_host* host; /* one instance at a time */

typedef struct range {
  unsigned long long first, count;
  char file[192]; /* to wait for; "": for the end of the call */
} range;

static void* acknowledge_later(void* argument) {
  const range later = *(range*)argument;
  free(argument);
  while (later.file[0] != '\0' ? access(later.file, F_OK) != 0 : host->remaining_ms(host->context) != -1) usleep(1000);
  host->acknowledge(host->context, later.first, later.count);
  return NULL;
}

static void start_thread(range what) {
  pthread_t thread;
  range* const copy = malloc(sizeof *copy);
  *copy = what;
  if (pthread_create(&thread, NULL, acknowledge_later, copy) == 0) pthread_detach(thread);
}

static void acknowledge_in_child(range what) {
  const pid_t child = fork();
  if (child == 0) {
    host->acknowledge(host->context, what.first, what.count);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static kclhost_status obey(kclhost_string order) {
  char text[256] = "", what[16] = "";
  range told = {0, 0, ""};
  memcpy(text, order.data, order.size < sizeof text - 1 ? order.size : sizeof text - 1);
  sscanf(text, "%15s %llu %llu %191s", what, &told.first, &told.count, told.file);
  if (strcmp(what, "ack") == 0 || strcmp(what, "die") == 0) host->acknowledge(host->context, told.first, told.count);
  if (strcmp(what, "die") == 0) raise(SIGKILL);
  if (strcmp(what, "later") == 0 || strcmp(what, "file") == 0) start_thread(told);
  if (strcmp(what, "child") == 0) acknowledge_in_child(told);
  if (strcmp(what, "reject") == 0) {
    const kclhost_status status = host->reject(host->context, told.first, kclhost_text("no good"));
    kclhost_log(host, KCLHOST_LOG_INFO, "rejected code=%d", status);
  }
  return strcmp(what, "fail") == 0 ? KCLHOST_FAILED : KCLHOST_OK;
}

static kclhost_status create(const kclhost_host* given, kclhost_string config_json, void** self, kclhost_error* error) {
  host = given;
  return kclhost_create_nothing(given, config_json, self, error);
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  kclhost_status status = KCLHOST_OK;
  (void)self, (void)checkpointer, (void)error;
  for (size_t i = 0; i < batch->record_count && status == KCLHOST_OK; ++i) {
    status = obey(kclhost_batch_at(batch, i)->data);
  }
  return status;
}

KCLHOST_PLUGIN("test.acker", "1.0.0", .flags = KCLHOST_PLUGIN_ACKNOWLEDGES, .create = create,
               .process_records = process_records)
