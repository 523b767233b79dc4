/* A plugin that is healthy, but for the one fault that its configuration names: {"fault": FAULT}.
 *
 *   healthy            none
 *   leak               each instance leaks memory
 *   leak_descriptor    each instance leaves a file open
 *   leave_thread       each instance leaves a thread behind
 *   create_leaks       a create that fails, for a key that it does not know, leaks memory
 *   create_crashes     a create that should fail for that crashes
 *   one_instance       there can be only one in a process
 *   metric             makes a metric with a bad name, and does not look at the error
 *   noise              prints on standard output
 *   empty_data         crashes on a record without data
 *   no_timestamp       crashes on a record without a timestamp
 *   long_key           crashes on a partition key of more than 255 bytes
 *   many_records       crashes on more than 5,000 records at once
 *   again              crashes when records come again
 *   no_records         crashes when it is told to finish and has seen no record
 *   finish             crashes when it is told to finish while it holds records
 *   takes_over         crashes when it is not the shard's first instance
 *   hang               does not return from process_records
 *   deaf               works on for 3 seconds when it should stop
 * and, where it checkpoints for itself:
 *   hoard              never checkpoints
 *   forget             takes a checkpoint that was refused for done
 *   stubborn           tries a checkpoint again until it is done
 *   beyond             checkpoints what it was never given
 *   acknowledge        acknowledges, which nobody hears
 * and, where it acknowledges:
 *   never              acknowledges nothing
 *   late               acknowledges when the lease is lost
 *   reject             rejects what it has acknowledged
 *   too_late           acknowledges when it is destroyed
 *
 * WAY: its flags. What it was given it holds, where it may, up to 20 records. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <kclhost/plugin.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct instance {
  const kclhost_host* host;
  char fault[32];
  size_t held; /* the last ones that it was given */
  uint64_t next_id;
  size_t seen;
  pthread_t thread; /* of its own, from lease_lost on */
  int has_thread;
} instance;

static int instances;
static volatile int ending; /* an instance waits for its thread */
static volatile int sink;

#ifdef EXPORTS
KCLHOST_EXPORT int some_helper(void);
int some_helper(void) {
  return 0;
}
#endif

static int is(const instance* self, const char* fault) {
  return strcmp(self->fault, fault) == 0;
}

static void crash(void) {
  volatile int* volatile nowhere = NULL;
  *nowhere = 1;
}

static int has(kclhost_string text, const char* what) {
  const size_t size = strlen(what);
  for (size_t i = 0; i + size <= text.size; ++i) {
    if (memcmp(text.data + i, what, size) == 0) return 1;
  }
  return 0;
}

static kclhost_status fail(kclhost_error* error, const char* why) {
  snprintf(error->message, sizeof error->message, "%s", why);
  return KCLHOST_FAILED;
}

static void* sleep_on(void* nothing) {
  for (;;) pause();
  return nothing;
}

static void make_metric(const instance* self) {
  kclhost_metric_spec spec = {.struct_size = sizeof spec, .kind = KCLHOST_METRIC_COUNTER};
  const kclhost_string good = KCLHOST_STRING("records_seen"), bad = KCLHOST_STRING("Records-Seen");
  kclhost_metric* metric = NULL;
  spec.name = is(self, "metric") ? bad : good;
  self->host->register_metric(self->host->context, &spec, &metric, NULL);
  self->host->record_metric(metric, 1);
}

/* The value of "fault", which is a word. */
static void read_fault(kclhost_string config, char* fault, size_t size) {
  char text[256] = "";
  const char* at;
  memcpy(text, config.data, config.size < sizeof text - 1 ? config.size : sizeof text - 1);
  at = strstr(text, "\"fault\"");
  if (at == NULL) return;
  at = strchr(at + strlen("\"fault\""), '"');
  if (at == NULL) return;
  snprintf(fault, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
}

static kclhost_status create(const kclhost_host* host, kclhost_string config_json, void** self, kclhost_error* error) {
  instance* made;
  int known = !has(config_json, "no_such_key");
#ifdef OPEN_SCHEMA
  known = 1;
#endif
  made = calloc(1, sizeof *made);
  if (made == NULL) return fail(error, "out of memory");
  made->host = host;
  read_fault(config_json, made->fault, sizeof made->fault);
  if (!known) {
    if (is(made, "create_crashes")) crash();
    if (!is(made, "create_leaks")) free(made);
    return fail(error, "plugin.config has a key that is not known");
  }
  if (is(made, "one_instance") && instances != 0) {
    free(made);
    return fail(error, "there is an instance already");
  }
  ++instances;
  if (is(made, "leak")) sink = malloc(300) != NULL;
  if (is(made, "leak_descriptor")) sink = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (is(made, "leave_thread")) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_on, NULL) == 0) pthread_detach(thread);
  }
  make_metric(made);
  *self = made;
  return KCLHOST_OK;
}

static void* acknowledge_later(void* copy) {
  const instance self = *(instance*)copy;
  /* What the host finds when it hears of the call's end counts as of the call: so it takes its time. */
  const uint64_t step = is(&self, "late") ? 1 : self.next_id;
  free(copy);
  while (!ending && self.host->remaining_ms(self.host->context) != -1) usleep(1000);
  for (uint64_t id = 0; id < self.next_id; id += step) {
    self.host->acknowledge(self.host->context, id, step);
    if (!ending) usleep(5000);
  }
  return NULL;
}

static void start_thread(instance* self) {
  instance* const copy = malloc(sizeof *copy);
  *copy = *self;
  self->has_thread = pthread_create(&self->thread, NULL, acknowledge_later, copy) == 0;
}

static void destroy(void* me) {
  instance* const self = me;
  if (self->has_thread) {
    ending = 1;
    pthread_join(self->thread, NULL);
    ending = 0;
  }
  if (is(self, "too_late")) {
    start_thread(self);
    if (self->has_thread) pthread_detach(self->thread);
  }
  --instances;
  free(self);
}

static kclhost_status initialize(void* self, const kclhost_initialization* initialization, kclhost_error* error) {
  (void)error;
  if (is(self, "takes_over") && initialization->reason != KCLHOST_INITIALIZATION_START) crash();
  return KCLHOST_OK;
}

/* Whether the host knows now that it is done. */
static kclhost_status checkpoint(instance* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  const kclhost_host* const host = self->host;
  kclhost_status status;
  if (is(self, "hoard")) return KCLHOST_OK;
  if (is(self, "beyond")) {
    const kclhost_string far = KCLHOST_STRING("99999999999999999999999999999999999999999999999999999999");
    return host->checkpoint(checkpointer, &far, -1, error);
  }
  do {
    status = host->checkpoint_all(checkpointer, error);
  } while (status != KCLHOST_OK && is(self, "stubborn"));
  if (status == KCLHOST_OK || is(self, "forget")) self->held = 0;
  return is(self, "forget") ? KCLHOST_OK : status;
}

/* What is held is done. */
static kclhost_status finish_held(instance* self, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  if (self->held == 0) return KCLHOST_OK;
  if (WAY == KCLHOST_PLUGIN_CHECKPOINTS) {
    if (is(self, "acknowledge")) self->host->acknowledge(self->host->context, 0, 1);
    return checkpoint(self, checkpointer, error);
  }
  if (WAY == KCLHOST_PLUGIN_ACKNOWLEDGES && !is(self, "never")) {
    self->host->acknowledge(self->host->context, self->next_id - self->held, self->held);
    if (is(self, "reject")) {
      self->host->reject(self->host->context, self->next_id - 1, (kclhost_string)KCLHOST_STRING("no good"));
    }
  }
  self->held = 0;
  return KCLHOST_OK;
}

static void look_at(const instance* self, const kclhost_record* record) {
  if (is(self, "empty_data") && record->data.size == 0) crash();
  if (is(self, "long_key") && record->partition_key.size > 255) crash();
  if (is(self, "no_timestamp") && record->approximate_arrival_timestamp_ms == KCLHOST_NO_TIMESTAMP) crash();
}

static kclhost_status process_records(void* me, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
                                      kclhost_error* error) {
  instance* const self = me;
  for (size_t i = 0; i < batch->record_count; ++i) look_at(self, kclhost_batch_at(batch, i));
  if (is(self, "noise")) printf("%zu records\n", batch->record_count);
  if (is(self, "again") && batch->attempt > 1) crash();
  if (is(self, "many_records") && batch->record_count > 5000) crash();
  while (is(self, "hang")) pause();
  if (is(self, "deaf") && batch->record_count > 5000) sleep(3);
  self->held += batch->record_count;
  self->seen += batch->record_count;
  if (batch->record_count != 0) self->next_id = kclhost_batch_at(batch, batch->record_count - 1)->id + 1;
  if (self->held < 20 && WAY != 0) return KCLHOST_OK;
  if (WAY == 0) self->held = 1;
  /* What can't be checkpointed now is held on. */
  if (WAY == 0 || is(self, "late")) return KCLHOST_OK;
  finish_held(self, checkpointer, error);
  return KCLHOST_OK;
}

static kclhost_status finish(void* me, kclhost_checkpointer* checkpointer, kclhost_error* error) {
  instance* const self = me;
  if (is(self, "finish") && self->held != 0) crash();
  if (is(self, "no_records") && self->seen == 0) crash();
  return finish_held(self, checkpointer, error);
}

static kclhost_status lease_lost(void* me, kclhost_error* error) {
  instance* const self = me;
  (void)error;
  if (is(self, "late")) start_thread(self);
  self->held = 0;
  return KCLHOST_OK;
}

static const kclhost_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_major = KCLHOST_ABI_MAJOR,
    .abi_minor = KCLHOST_ABI_MINOR,
    .flags = WAY,
    .id = KCLHOST_STRING("test.nonconforming"),
    .version = KCLHOST_STRING("1.0.0"),
#if defined(BAD_SCHEMA)
    .config_schema = KCLHOST_STRING("{\"type\": \"object\", \"properties\": 7"),
#elif defined(BAD_DEFAULT)
    .config_schema =
        KCLHOST_STRING("{\"additionalProperties\": false, \"properties\": {\"limits\": {\"properties\": {\"rate\": "
                       "{\"type\": \"integer\", \"minimum\": 1, \"default\": 0}}}}}"),
#elif defined(OPEN_SCHEMA)
    .config_schema = KCLHOST_STRING("{\"properties\": {\"fault\": {\"type\": \"string\"}}}"),
#endif
    .create = create,
    .destroy = destroy,
    .initialize = initialize,
    .process_records = process_records,
    .shard_ended = finish,
    .lease_lost = lease_lost,
    .shutdown_requested = finish,
    .flush = finish,
};

const kclhost_plugin* kclhost_plugin_v1(void) {
  return &plugin;
}
