/* The C face of kclhost/plugin.h: what every plugin in C would write again. Header-only, C11. docs/c.md is the guide.
 *
 *   static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* checkpointer,
 *                                         kclhost_error* error) {
 *     (void)checkpointer, (void)error;
 *     kclhost_log(self, KCLHOST_LOG_INFO, "%zu records", batch->record_count);
 *     return KCLHOST_OK;
 *   }
 *   KCLHOST_PLUGIN("com.example.counter", "1.0.0", .process_records = process_records)
 */
#ifndef KCLHOST_RECORD_PROCESSOR_H
#define KCLHOST_RECORD_PROCESSOR_H

#ifdef __cplusplus
#error "this is for C; C++ has <kclhost/record_processor.hpp>"
#endif

#include <kclhost/plugin.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__GNUC__)
#define KCLHOST_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define KCLHOST_FORMAT(text, first)
#endif

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* A text that ends with a NUL, and lives as long as that does; NULL is the empty text. */
static inline kclhost_string kclhost_text(const char* text) {
  kclhost_string made;
  made.data = text;
  made.size = text == NULL ? 0 : strlen(text);
  return made;
}

/* A kclhost_string as the two arguments that printf's %.*s takes: printf("%.*s", KCLHOST_ARG(record->data)). What is
 * behind a NUL byte in it is not printed. It evaluates its argument more than once. */
#define KCLHOST_ARG(string) (int)(string).size, (string).data == NULL ? "" : (string).data

/* ---- Failing and logging ----------------------------------------------------------------------------------------- */

/* Says why a call fails, as printf would, cut to what error holds: return kclhost_fail(error, "no table %s", name);
 * Returns KCLHOST_FAILED. */
KCLHOST_FORMAT(2, 3) static inline kclhost_status kclhost_fail(kclhost_error* error, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return KCLHOST_FAILED;
}

/* One log line, as printf would write it; level is KCLHOST_LOG_*. Nothing is formatted where no line would be written.
 * A line longer than 1,023 bytes is put together on the heap, and cut where that is full. [any thread] */
KCLHOST_FORMAT(3, 4)
static inline void kclhost_log(const kclhost_host* host, int32_t level, const char* format, ...) {
  char text[1024];
  if (!host->log_enabled(host->context, level)) return;
  va_list arguments;
  va_start(arguments, format);
  const int size = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (size < 0) return; /* text that is none in the locale */
  const size_t whole = (size_t)size;
  char* const longer = whole < sizeof text ? NULL : (char*)malloc(whole + 1);
  if (longer != NULL) {
    va_start(arguments, format);
    vsnprintf(longer, whole + 1, format, arguments);
    va_end(arguments);
  }
  kclhost_string line;
  line.data = longer == NULL ? text : longer;
  line.size = longer != NULL || whole < sizeof text ? whole : sizeof text - 1;
  host->log(host->context, level, line);
  free(longer);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* What KCLHOST_PLUGIN puts where a plugin names nothing. */

static inline kclhost_status kclhost_create_nothing(const kclhost_host* host, kclhost_string config_json, void** self,
                                                    kclhost_error* error) {
  (void)config_json, (void)error;
  *self = (void*)host;
  return KCLHOST_OK;
}
static inline void kclhost_destroy_nothing(void* self) {
  (void)self;
}
static inline kclhost_status kclhost_initialize_nothing(void* self, const kclhost_initialization* initialization,
                                                        kclhost_error* error) {
  (void)self, (void)initialization, (void)error;
  return KCLHOST_OK;
}
static inline kclhost_status kclhost_shard_ended_nothing(void* self, kclhost_checkpointer* checkpointer,
                                                         kclhost_error* error) {
  (void)self, (void)checkpointer, (void)error;
  return KCLHOST_OK;
}

/* What is named by the plugin stands behind what is not, and counts. */
#if defined(__clang__)
#define KCLHOST_OVERRIDES_BEGIN \
  _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Winitializer-overrides\"")
#define KCLHOST_OVERRIDES_END _Pragma("clang diagnostic pop")
#elif defined(__GNUC__)
#define KCLHOST_OVERRIDES_BEGIN _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#define KCLHOST_OVERRIDES_END _Pragma("GCC diagnostic pop")
#else
#define KCLHOST_OVERRIDES_BEGIN
#define KCLHOST_OVERRIDES_END
#endif

/* Makes the plugin of this shared object: once per plugin, in a source file. plugin_id is reverse-DNS; plugin_version
 * is what logs and metrics show. Both are string literals. Behind them come members of kclhost_plugin, each with its
 * dot; process_records has to be there. Without create and destroy, self is the instance's const kclhost_host*; who
 * names one names both. initialize and shard_ended do nothing where they are not named. */
#define KCLHOST_PLUGIN(plugin_id, plugin_version, ...)                                                   \
  KCLHOST_OVERRIDES_BEGIN                                                                                \
  const kclhost_plugin* kclhost_plugin_v1(void) {                                                        \
    static const kclhost_plugin plugin = {.struct_size = sizeof(kclhost_plugin),                         \
                                          .abi_major = KCLHOST_ABI_MAJOR,                                \
                                          .abi_minor = KCLHOST_ABI_MINOR,                                \
                                          .id = KCLHOST_STRING(plugin_id),                               \
                                          .version = KCLHOST_STRING(plugin_version),                     \
                                          .create = kclhost_create_nothing,                              \
                                          .destroy = kclhost_destroy_nothing,                            \
                                          .initialize = kclhost_initialize_nothing,                      \
                                          .shard_ended = kclhost_shard_ended_nothing,                    \
                                          __VA_ARGS__};                                                  \
    _Static_assert(sizeof(plugin_id) > 1 && sizeof(plugin_version) > 1, "id and version are not empty"); \
    return &plugin;                                                                                      \
  }                                                                                                      \
  KCLHOST_OVERRIDES_END

#endif /* KCLHOST_RECORD_PROCESSOR_H */
