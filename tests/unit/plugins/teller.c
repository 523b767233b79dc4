/* Logs every call it gets, with all of its arguments, and does what a record's data tells it:
 *   fail N     the call fails, with record N as the first unfinished one
 *   name       the call fails with an exception's name and no message
 *   silent     the call fails without a word
 *   print      prints on standard output and standard error
 *   part       prints a line without an end
 *   flood      prints without end
 *   exit N     exit(N)
 *   close      closes every descriptor
 *   pid        logs its process's number
 *   wait       returns once should_stop says so */
#define _DEFAULT_SOURCE
#include <kclhost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct teller {
  const kclhost_host* host;
} teller;

#define FIT(string) (int)(string).size, (string).data == NULL ? "" : (string).data

static void tell(const teller* self, const char* text) {
  const kclhost_string line = {text, strlen(text)};
  self->host->log(self->host->context, KCLHOST_LOG_INFO, line);
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  char text[4096];
  teller* made;
  if (config_json.size == strlen("\"refuse\"")) {
    snprintf(error->message, sizeof error->message, "refused by its configuration");
    return KCLHOST_FAILED;
  }
  made = calloc(1, sizeof *made);
  made->host = host;
  *self = made;
  snprintf(text, sizeof text, "create config=%.*s path=%.*s", FIT(config_json), FIT(host->plugin_path));
  tell(made, text);
  host->log(host->context, KCLHOST_LOG_TRACE, (kclhost_string)KCLHOST_STRING("a trace line"));
  host->metric(host->context, KCLHOST_METRIC_GAUGE, (kclhost_string)KCLHOST_STRING("tellers"), 1.5);
  return KCLHOST_OK;
}

static void destroy(void* self) {
  tell(self, "destroy");
  free(self);
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  char text[4096];
  (void)error;
  snprintf(text, sizeof text, "initialize shard=%.*s at=%.*s/%lld hand_over=%u", FIT(initialization->shard_id),
           FIT(initialization->sequence_number), (long long)initialization->sub_sequence_number,
           initialization->flags & KCLHOST_INITIALIZATION_HAND_OVER);
  tell(self, text);
  return KCLHOST_OK;
}

static kclhost_status obey(const teller* self, kclhost_string order, kclhost_error* error) {
  char text[64] = "";
  memcpy(text, order.data, order.size < sizeof text - 1 ? order.size : sizeof text - 1);
  if (strncmp(text, "fail ", 5) == 0) {
    error->first_unfinished = strtoull(text + 5, NULL, 10);
    snprintf(error->message, sizeof error->message, "failed as it was told");
    return KCLHOST_FAILED;
  }
  if (strcmp(text, "name") == 0) {
    snprintf(error->name, sizeof error->name, "WordException");
    return KCLHOST_OTHER_EXCEPTION;
  }
  if (strcmp(text, "silent") == 0) return 99;
  if (strcmp(text, "print") == 0) {
    printf("out one\nout two\n");
    fprintf(stderr, "err one\n");
  }
  if (strcmp(text, "part") == 0) printf("no end");
  while (strcmp(text, "flood") == 0) printf("%s\n", text);
  if (strncmp(text, "exit ", 5) == 0) exit(atoi(text + 5));
  if (strcmp(text, "close") == 0) {
    for (int fd = 0; fd < 1024; ++fd) close(fd);
  }
  if (strcmp(text, "pid") == 0) {
    snprintf(text, sizeof text, "%d", (int)getpid());
    tell(self, text);
  }
  if (strcmp(text, "wait") == 0) {
    while (!self->host->should_stop(self->host->context)) usleep(1000);
    tell(self, "told to stop");
  }
  return KCLHOST_OK;
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  char text[4096];
  kclhost_status status = KCLHOST_OK;
  const teller* me = self;
  (void)checkpointer;
  snprintf(text, sizeof text, "process_records count=%zu behind=%lld attempt=%u", batch->record_count,
           (long long)batch->millis_behind_latest, batch->attempt);
  tell(me, text);
  for (size_t i = 0; i < batch->record_count && status == KCLHOST_OK; ++i) {
    const kclhost_record* record = kclhost_batch_at(batch, i);
    snprintf(text, sizeof text, "record %.*s key=%.*s at=%.*s/%lld arrival=%lld", FIT(record->data),
             FIT(record->partition_key), FIT(record->sequence_number), (long long)record->sub_sequence_number,
             (long long)record->approximate_arrival_timestamp_ms);
    tell(me, text);
    status = obey(me, record->data, error);
  }
  return status;
}

static kclhost_status checkpoint(const teller* self, kclhost_checkpointer* checkpointer, const kclhost_string* sequence,
                                 int64_t sub_sequence) {
  char text[4096];
  kclhost_error error = {.struct_size = sizeof error};
  const kclhost_status status = self->host->checkpoint(checkpointer, sequence, sub_sequence, &error);
  snprintf(text, sizeof text, "checkpoint code=%d name=%s message=%s", status, error.name, error.message);
  tell(self, text);
  return status;
}

static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  const kclhost_string sequence = KCLHOST_STRING("4711");
  (void)error;
  tell(self, "shard_ended");
  checkpoint(self, checkpointer, &sequence, 8);
  return checkpoint(self, checkpointer, NULL, -1);
}

static kclhost_status lease_lost(void* self, kclhost_error* error) {
  (void)error;
  tell(self, "lease_lost");
  return KCLHOST_OK;
}

static kclhost_status shutdown_requested(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)checkpointer, (void)error;
  tell(self, "shutdown_requested");
  return KCLHOST_OK;
}

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .flags = KCLHOST_PLUGIN_CHECKPOINTS | KCLHOST_PLUGIN_EMPTY_BATCHES,
    .id = KCLHOST_STRING("test.teller"),
    .version = KCLHOST_STRING("1.2.3-rc1"),
    .description = KCLHOST_STRING("Tells what it is asked"),
    .config_schema = KCLHOST_STRING("{\"type\": [\"object\", \"string\"]}"),
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = shard_ended,
    .lease_lost = lease_lost,
    .shutdown_requested = shutdown_requested,
};

#ifdef TELLER_ASKS_NEAR
int near_number(void);
#endif

const kclhost_plugin* kclhost_plugin_v1(void) {
#ifdef TELLER_ASKS_NEAR
  if (near_number() != 7) return NULL;
#endif
  return &plugin;
}
