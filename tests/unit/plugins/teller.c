/* Logs every call it gets, with all of its arguments, and does what a record's data tells it:
 *   fail N     the call fails, with record N as the first unfinished one
 *   name       the call fails with an exception's name and no message
 *   silent     the call fails without a word
 *   print      prints on standard output and standard error
 *   part       prints a line without an end
 *   flood      prints without end
 *   exit N     exit(N)
 *   close      closes every descriptor
 *   hoard      leaves no descriptor free
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
#include <kclhost/record_processor.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct teller {
  const kclhost_host* host;
} teller;

/* One line of the log. */
#define tell(self, ...) kclhost_log(((const teller*)(self))->host, KCLHOST_LOG_INFO, __VA_ARGS__)

static void tell_where(const teller* self) {
  const kclhost_host* host = self->host;
  tell(self, "application=%.*s stream=%.*s shard=%.*s lane=%u/%u", KCLHOST_ARG(host->application),
       KCLHOST_ARG(host->stream), KCLHOST_ARG(host->shard_id), host->lane, host->lane_count);
}

static void measure(const teller* self, const char* name, const char* help, double value) {
  const kclhost_label label = {KCLHOST_STRING("kind"), KCLHOST_STRING("caf\u00e9")};
  kclhost_metric_spec spec = {.struct_size = sizeof spec, .kind = KCLHOST_METRIC_GAUGE};
  kclhost_metric *metric = NULL, *again = NULL;
  kclhost_error error = {.struct_size = sizeof error};
  spec.name = kclhost_text(name);
  spec.help = kclhost_text(help);
  spec.labels = &label;
  spec.label_count = 1;
  if (self->host->register_metric(self->host->context, &spec, &metric, &error) != KCLHOST_OK) {
    tell(self, "no metric: %s", error.message);
  }
  self->host->register_metric(self->host->context, &spec, &again, NULL);
  if (metric != again) tell(self, "another metric");
  self->host->record_metric(metric, value);
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  teller* made;
  if (config_json.size == strlen("\"refuse\"")) {
    return kclhost_fail(error, "refused by its configuration");
  }
  made = calloc(1, sizeof *made);
  made->host = host;
  *self = made;
  tell(made, "create config=%.*s path=%.*s", KCLHOST_ARG(config_json), KCLHOST_ARG(host->plugin_path));
  host->log(host->context, KCLHOST_LOG_TRACE, kclhost_text("a trace line"));
  measure(made, "tellers", "how many there are", 1.5);
  if (config_json.size == strlen("\"where\"")) tell_where(made);
  return KCLHOST_OK;
}

static void destroy(void* self) {
  tell(self, "destroy");
  free(self);
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  (void)error;
  tell(self, "initialize shard=%.*s at=%.*s/%lld reason=%d", KCLHOST_ARG(initialization->shard_id),
       KCLHOST_ARG(initialization->sequence_number), (long long)initialization->sub_sequence_number,
       initialization->reason);
  return KCLHOST_OK;
}

static kclhost_status checkpoint(const teller* self, kclhost_checkpointer* checkpointer, const kclhost_string* sequence,
                                 int64_t sub_sequence) {
  kclhost_error error = {.struct_size = sizeof error};
  const kclhost_status status = self->host->checkpoint(checkpointer, sequence, sub_sequence, &error);
  tell(self, "checkpoint code=%d name=%s message=%s", status, error.name, error.message);
  return status;
}

static kclhost_status checkpoint_all(const teller* self, kclhost_checkpointer* checkpointer) {
  kclhost_error error = {.struct_size = sizeof error};
  const kclhost_status status = self->host->checkpoint_all(checkpointer, &error);
  tell(self, "checkpoint_all code=%d name=%s message=%s", status, error.name, error.message);
  return status;
}

static void tell_what_is_left(const teller* self) {
  const int64_t left = self->host->remaining_ms(self->host->context);
  if (left == INT64_MAX) {
    tell(self, "no limit");
  } else {
    tell(self, "minutes left: %lld", (long long)(left / 60000));
  }
}

static kclhost_status obey(const teller* self, const kclhost_record* record, kclhost_checkpointer* checkpointer,
                           kclhost_error* error) {
  const kclhost_string order = record->data;
  char text[64] = "";
  memcpy(text, order.data, order.size < sizeof text - 1 ? order.size : sizeof text - 1);
  if (strncmp(text, "fail ", 5) == 0) {
    error->first_unfinished = strtoull(text + 5, NULL, 10);
    return kclhost_fail(error, "failed as it was told");
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
  if (strcmp(text, "hoard") == 0) {
    const struct rlimit few = {256, 256}; /* the host's own are above 200 */
    setrlimit(RLIMIT_NOFILE, &few);
    while (dup(STDOUT_FILENO) >= 0) continue;
  }
  if (strcmp(text, "pid") == 0) {
    tell(self, "%d", (int)getpid());
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
    tell(self, "id %llu", (unsigned long long)record->id);
  }
  if (strncmp(text, "reject ", 7) == 0) {
    const kclhost_status status =
        self->host->reject(self->host->context, strtoull(text + 7, NULL, 10), kclhost_text("no good"));
    tell(self, "rejected code=%d", status);
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
  kclhost_status status = KCLHOST_OK;
  const teller* me = self;
  tell(me, "process_records count=%zu behind=%lld attempt=%u", batch->record_count,
       (long long)batch->millis_behind_latest, batch->attempt);
  for (size_t i = 0; i < batch->record_count && status == KCLHOST_OK; ++i) {
    const kclhost_record* record = kclhost_batch_at(batch, i);
    tell(me, "record %.*s key=%.*s at=%.*s/%lld arrival=%lld", KCLHOST_ARG(record->data),
         KCLHOST_ARG(record->partition_key), KCLHOST_ARG(record->sequence_number),
         (long long)record->sub_sequence_number, (long long)record->approximate_arrival_timestamp_ms);
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
