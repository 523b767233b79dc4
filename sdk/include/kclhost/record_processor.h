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

#include <kclhost/config.h>
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

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

/* Of size bytes of a path, what does not fit there: plugin.config.limits.rate must be a number, and is "fast". */
static inline kclhost_status kclhost_refuse(const char* path, size_t size, const char* wanted, kclhost_string value,
                                            kclhost_error* error) {
  size_t shown = value.size < 60 ? value.size : 60;
  while (shown < value.size && shown > 0 && ((unsigned char)value.data[shown] & 0xC0u) == 0x80u) --shown;
  return kclhost_fail(error, "plugin.config%s%.*s must be %s, and is %.*s%s", size == 0 ? "" : ".", (int)size, path,
                      wanted, (int)shown, value.data, shown < value.size ? "..." : "");
}

/* Of plugin.config, the value at a path of keys, such as "limits.rate"; absent (data NULL) where there is none, or
 * null. Fails where what lies on the way is no map, and for a key of more than 255 bytes. */
static inline kclhost_status kclhost_find(kclhost_string config_json, const char* path, kclhost_string* value,
                                          kclhost_error* error) {
  const kclhost_string absent = {NULL, 0};
  *value = config_json;
  for (const char *key = path, *end = path; *end != '\0'; key = end + 1) {
    char name[256];
    end = key + strcspn(key, ".");
    const size_t size = (size_t)(end - key), above = key == path ? 0 : (size_t)(key - path) - 1;
    const int kind = kclhost_config_kind(*value);
    if (kind > KCLHOST_CONFIG_NULL && kind != KCLHOST_CONFIG_MAP) {
      return kclhost_refuse(path, above, "a map", *value, error);
    }
    if (size >= sizeof name) return kclhost_fail(error, "plugin.config.%s has a key of more than 255 bytes", path);
    memcpy(name, key, size);
    name[size] = '\0';
    *value = kclhost_config_member(*value, name);
  }
  if (kclhost_config_kind(*value) <= KCLHOST_CONFIG_NULL) *value = absent;
  return KCLHOST_OK;
}

/* Fails where there is no value. */
static inline kclhost_status kclhost_require(kclhost_string config_json, const char* path, kclhost_error* error) {
  kclhost_string value;
  if (kclhost_find(config_json, path, &value, error) != KCLHOST_OK) return KCLHOST_FAILED;
  return value.data != NULL ? KCLHOST_OK : kclhost_fail(error, "plugin.config.%s is missing", path);
}

/* Each of these reads the value at a path into *to, which stays as it is where there is none:
 * if (kclhost_read_integer(config_json, "port", &port, error) != KCLHOST_OK) return KCLHOST_FAILED; */

static inline kclhost_status kclhost_read_boolean(kclhost_string config_json, const char* path, int* to,
                                                  kclhost_error* error) {
  kclhost_string value;
  if (kclhost_find(config_json, path, &value, error) != KCLHOST_OK) return KCLHOST_FAILED;
  if (value.data == NULL || kclhost_config_boolean(value, to)) return KCLHOST_OK;
  return kclhost_refuse(path, strlen(path), "true or false", value, error);
}

static inline kclhost_status kclhost_read_number(kclhost_string config_json, const char* path, double* to,
                                                 kclhost_error* error) {
  kclhost_string value;
  if (kclhost_find(config_json, path, &value, error) != KCLHOST_OK) return KCLHOST_FAILED;
  if (value.data == NULL || kclhost_config_number(value, to)) return KCLHOST_OK;
  return kclhost_refuse(path, strlen(path), "a number", value, error);
}

static inline kclhost_status kclhost_read_integer(kclhost_string config_json, const char* path, int64_t* to,
                                                  kclhost_error* error) {
  kclhost_string value;
  if (kclhost_find(config_json, path, &value, error) != KCLHOST_OK) return KCLHOST_FAILED;
  if (value.data == NULL || kclhost_config_integer(value, to)) return KCLHOST_OK;
  return kclhost_refuse(path, strlen(path), "a whole number", value, error);
}

/* With a NUL behind it; fails where room is too small. */
static inline kclhost_status kclhost_read_text(kclhost_string config_json, const char* path, char* to, size_t room,
                                               kclhost_error* error) {
  kclhost_string value;
  if (kclhost_find(config_json, path, &value, error) != KCLHOST_OK) return KCLHOST_FAILED;
  if (value.data == NULL) return KCLHOST_OK;
  if (kclhost_config_kind(value) != KCLHOST_CONFIG_STRING)
    return kclhost_refuse(path, strlen(path), "a text", value, error);
  const size_t size = kclhost_config_text(value, NULL, 0);
  if (size >= room) return kclhost_fail(error, "plugin.config.%s must be shorter than %zu bytes", path, room);
  kclhost_config_text(value, to, room);
  to[size] = '\0';
  return KCLHOST_OK;
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
