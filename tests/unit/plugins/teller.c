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
 *   wait       returns once should_stop says so
 *   left       logs what time is left, then checkpoints and logs it again
 *   id         logs the record's number
 *   reject N   rejects the record whose number is N
 *   blame N    the call fails for good, with record N to blame and a wish for the next try
 *   tick N     asks for a tick every N ms
 *   null       checkpoints without a sequence number
 * And says where it is when its configuration is "where". */
#define _DEFAULT_SOURCE
#include <kclhost/plugin.h>
#include <limits.h>
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

static void tell_where(const teller* self) {
  char text[4096];
  const kclhost_host* host = self->host;
  snprintf(text, sizeof text, "application=%.*s stream=%.*s shard=%.*s lane=%u/%u", FIT(host->application),
           FIT(host->stream), FIT(host->shard_id), host->lane, host->lane_count);
  tell(self, text);
}

static void measure(const teller* self, const char* name, const char* help, double value) {
  char text[4096];
  const kclhost_label label = {KCLHOST_STRING("kind"), KCLHOST_STRING("caf\u00e9")};
  kclhost_metric_spec spec = {.struct_size = sizeof spec, .kind = KCLHOST_METRIC_GAUGE};
  kclhost_metric *metric = NULL, *again = NULL;
  kclhost_error error = {.struct_size = sizeof error};
  spec.name.data = name;
  spec.name.size = strlen(name);
  spec.help.data = help;
  spec.help.size = strlen(help);
  spec.labels = &label;
  spec.label_count = 1;
  if (self->host->register_metric(self->host->context, &spec, &metric, &error) != KCLHOST_OK) {
    snprintf(text, sizeof text, "no metric: %s", error.message);
    tell(self, text);
  }
  self->host->register_metric(self->host->context, &spec, &again, NULL);
  if (metric != again) tell(self, "another metric");
  self->host->record_metric(metric, value);
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
  measure(made, "tellers", "how many there are", 1.5);
  if (config_json.size == strlen("\"where\"")) tell_where(made);
  return KCLHOST_OK;
}

static void destroy(void* self) {
  tell(self, "destroy");
  free(self);
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  char text[4096];
  (void)error;
  snprintf(text, sizeof text, "initialize shard=%.*s at=%.*s/%lld reason=%d", FIT(initialization->shard_id),
           FIT(initialization->sequence_number), (long long)initialization->sub_sequence_number,
           initialization->reason);
  tell(self, text);
  return KCLHOST_OK;
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

static kclhost_status checkpoint_all(const teller* self, kclhost_checkpointer* checkpointer) {
  char text[4096];
  kclhost_error error = {.struct_size = sizeof error};
  const kclhost_status status = self->host->checkpoint_all(checkpointer, &error);
  snprintf(text, sizeof text, "checkpoint_all code=%d name=%s message=%s", status, error.name, error.message);
  tell(self, text);
  return status;
}

static void tell_what_is_left(const teller* self) {
  const int64_t left = self->host->remaining_ms(self->host->context);
  char text[64];
  if (left == INT64_MAX) {
    tell(self, "no limit");
  } else {
    snprintf(text, sizeof text, "minutes left: %lld", (long long)(left / 60000));
    tell(self, text);
  }
}

static kclhost_status obey(const teller* self, const kclhost_record* record, kclhost_checkpointer* checkpointer,
                           kclhost_error* error) {
  const kclhost_string order = record->data;
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
    int32_t why = KCLHOST_STOP_NO;
    while ((why = self->host->should_stop(self->host->context)) == KCLHOST_STOP_NO) usleep(1000);
    tell(self, why == KCLHOST_STOP_DEADLINE ? "told to stop: late" : "told to stop: the end");
  }
  if (strcmp(text, "left") == 0) {
    tell_what_is_left(self);
    checkpoint_all(self, checkpointer);
    tell_what_is_left(self);
  }
  if (strcmp(text, "id") == 0) {
    snprintf(text, sizeof text, "id %llu", (unsigned long long)record->id);
    tell(self, text);
  }
  if (strncmp(text, "reject ", 7) == 0) {
    const kclhost_status status = self->host->reject(self->host->context, strtoull(text + 7, NULL, 10),
                                                     (kclhost_string)KCLHOST_STRING("no good"));
    snprintf(text, sizeof text, "rejected code=%d", status);
    tell(self, text);
  }
  if (strncmp(text, "blame ", 6) == 0) {
    error->flags = KCLHOST_FAILURE_PERMANENT | KCLHOST_FAILURE_CULPRIT;
    error->culprit = strtoull(text + 6, NULL, 10);
    error->retry_after_ms = 86400000;
    return KCLHOST_FAILED;
  }
  if (strncmp(text, "tick ", 5) == 0) {
    self->host->set_tick_interval(self->host->context, (uint32_t)strtoull(text + 5, NULL, 10));
  }
  if (strcmp(text, "null") == 0) checkpoint(self, checkpointer, NULL, -1);
  return KCLHOST_OK;
}

static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  char text[4096];
  kclhost_status status = KCLHOST_OK;
  const teller* me = self;
  snprintf(text, sizeof text, "process_records count=%zu behind=%lld attempt=%u", batch->record_count,
           (long long)batch->millis_behind_latest, batch->attempt);
  tell(me, text);
  for (size_t i = 0; i < batch->record_count && status == KCLHOST_OK; ++i) {
    const kclhost_record* record = kclhost_batch_at(batch, i);
    snprintf(text, sizeof text, "record %.*s key=%.*s at=%.*s/%lld arrival=%lld", FIT(record->data),
             FIT(record->partition_key), FIT(record->sequence_number), (long long)record->sub_sequence_number,
             (long long)record->approximate_arrival_timestamp_ms);
    tell(me, text);
    status = obey(me, record, checkpointer, error);
  }
  return status;
}

static kclhost_status shard_ended(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  const kclhost_string sequence = KCLHOST_STRING("4711");
  (void)error;
  tell(self, "shard_ended");
  checkpoint(self, checkpointer, &sequence, 8);
  return checkpoint_all(self, checkpointer);
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

static kclhost_status tick(void* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  (void)error;
  tell(self, "tick");
  return checkpoint_all(self, checkpointer);
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
    .tick = tick,
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
