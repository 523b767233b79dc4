/* A reader for plugin.config, which create gets as JSON text. Header-only, C11, allocates nothing. C++ authors use
 * <kclhost/config.hpp>, which wraps it.
 *
 *   kclhost_string port = kclhost_config_member(config_json, "port");
 *   int64_t number = 8080;
 *   if (port.data != NULL && !kclhost_config_integer(port, &number)) ...
 *
 * A value is the part of the JSON text that holds it, as a kclhost_string: it is valid as long as that text is. A value
 * that is not there has data NULL. Each function may be called from any thread, with any text: where the text is no
 * JSON there is nothing to be found.
 */
#ifndef KCLHOST_CONFIG_H
#define KCLHOST_CONFIG_H

#include <kclhost/plugin.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a value is. */
#define KCLHOST_CONFIG_ABSENT 0 /* not there, or no JSON */
#define KCLHOST_CONFIG_NULL 1
#define KCLHOST_CONFIG_BOOLEAN 2
#define KCLHOST_CONFIG_NUMBER 3
#define KCLHOST_CONFIG_STRING 4
#define KCLHOST_CONFIG_LIST 5
#define KCLHOST_CONFIG_MAP 6

/* Lists and maps within each other: kclhost refuses a configuration that has more. */
#define KCLHOST_CONFIG_MAX_DEPTH 100

/* ---- Within the text: at is where something begins; NULL comes back where it is malformed ------------------------ */

static inline const char* kclhost_json_blank(const char* at, const char* end) {
  while (at != end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) ++at;
  return at;
}

static inline int kclhost_json_hex(const char* at) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static inline const char* kclhost_json_string(const char* at, const char* end) {
  for (++at; at != end; ++at) {
    if (*at == '"') return at + 1;
    if ((unsigned char)*at < ' ') return NULL;
    if (*at != '\\') continue;
    if (++at == end || *at == '\0') return NULL;
    if (*at == 'u') {
      if (end - at < 5 || kclhost_json_hex(at + 1) < 0) return NULL;
      at += 4;
    } else if (strchr("\"\\/bfnrt", *at) == NULL) {
      return NULL;
    }
  }
  return NULL;
}

static inline const char* kclhost_json_digits(const char* at, const char* end) {
  const char* const begin = at;
  while (at != end && *at >= '0' && *at <= '9') ++at;
  return at == begin ? NULL : at;
}

static inline const char* kclhost_json_number(const char* at, const char* end) {
  if (*at == '-') ++at;
  at = at != end && *at == '0' ? at + 1 : kclhost_json_digits(at, end);
  if (at != NULL && at != end && *at == '.') at = kclhost_json_digits(at + 1, end);
  if (at != NULL && at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    at = kclhost_json_digits(at, end);
  }
  return at;
}

static inline const char* kclhost_json_word(const char* at, const char* end, const char* word) {
  const size_t size = strlen(word);
  return (size_t)(end - at) >= size && memcmp(at, word, size) == 0 ? at + size : NULL;
}

/* Behind the value that begins at at. */
static inline const char* kclhost_json_value(const char* at, const char* end, int depth) {
  if (at == end) return NULL;
  if (*at == '"') return kclhost_json_string(at, end);
  if (*at == 't') return kclhost_json_word(at, end, "true");
  if (*at == 'f') return kclhost_json_word(at, end, "false");
  if (*at == 'n') return kclhost_json_word(at, end, "null");
  if (*at != '[' && *at != '{') return kclhost_json_number(at, end);
  if (depth == KCLHOST_CONFIG_MAX_DEPTH) return NULL;
  const char open = *at, close = (char)(open == '[' ? ']' : '}');
  at = kclhost_json_blank(at + 1, end);
  if (at != end && *at == close) return at + 1;
  while (at != end) {
    if (open == '{') {
      if (*at != '"' || (at = kclhost_json_string(at, end)) == NULL) return NULL;
      at = kclhost_json_blank(at, end);
      if (at == end || *at != ':') return NULL;
      at = kclhost_json_blank(at + 1, end);
    }
    if ((at = kclhost_json_value(at, end, depth + 1)) == NULL) return NULL;
    at = kclhost_json_blank(at, end);
    if (at == end) return NULL;
    if (*at == close) return at + 1;
    if (*at != ',') return NULL;
    at = kclhost_json_blank(at + 1, end);
  }
  return NULL;
}

/* One character of a string's inside as UTF-8; returns its size and moves *at behind it. Half of a surrogate pair is
 * U+FFFD. */
static inline size_t kclhost_json_character(const char** at, char to[4]) {
  if (**at != '\\') {
    to[0] = *(*at)++;
    return 1;
  }
  const char c = (*at)[1];
  *at += 2;
  if (c != 'u') {
    static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char* const name = strchr(names, c);
    to[0] = name == NULL ? c : meant[name - names];
    return 1;
  }
  unsigned code = (unsigned)kclhost_json_hex(*at);
  *at += 4;
  if (code >= 0xD800 && code <= 0xDBFF && (*at)[0] == '\\' && (*at)[1] == 'u') {
    const int low = kclhost_json_hex(*at + 2);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unsigned)(low - 0xDC00);
      *at += 6;
    }
  }
  if (code >= 0xD800 && code <= 0xDFFF) code = 0xFFFD;
  if (code < 0x80) {
    to[0] = (char)code;
    return 1;
  }
  size_t size = 0;
  if (code < 0x800) {
    to[size++] = (char)(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      to[size++] = (char)(0xE0 | code >> 12);
    } else {
      to[size++] = (char)(0xF0 | code >> 18);
      to[size++] = (char)(0x80 | (code >> 12 & 0x3F));
    }
    to[size++] = (char)(0x80 | (code >> 6 & 0x3F));
  }
  to[size++] = (char)(0x80 | (code & 0x3F));
  return size;
}

/* ---- For plugins --------------------------------------------------------------------------------------------------*/

/* KCLHOST_CONFIG_*. */
static inline int kclhost_config_kind(kclhost_string value) {
  if (value.data == NULL || value.size == 0) return KCLHOST_CONFIG_ABSENT;
  const char* const end = value.data + value.size;
  const char* const at = kclhost_json_blank(value.data, end);
  const char* const behind = kclhost_json_value(at, end, 0);
  if (behind == NULL || kclhost_json_blank(behind, end) != end) return KCLHOST_CONFIG_ABSENT;
  switch (*at) {
    case 'n':
      return KCLHOST_CONFIG_NULL;
    case 't':
    case 'f':
      return KCLHOST_CONFIG_BOOLEAN;
    case '"':
      return KCLHOST_CONFIG_STRING;
    case '[':
      return KCLHOST_CONFIG_LIST;
    case '{':
      return KCLHOST_CONFIG_MAP;
    default:
      return KCLHOST_CONFIG_NUMBER;
  }
}

/* Steps through a list or map: kclhost_config_next gives one entry after the other, until it returns 0. */
typedef struct kclhost_config_entries {
  const char* at; /* NULL: there are no more */
  const char* end;
  int has_keys;
} kclhost_config_entries;

/* The entries of a list or map; none where value is neither. */
static inline kclhost_config_entries kclhost_config_begin(kclhost_string value) {
  kclhost_config_entries entries = {NULL, NULL, 0};
  const int kind = kclhost_config_kind(value);
  if (kind != KCLHOST_CONFIG_LIST && kind != KCLHOST_CONFIG_MAP) return entries;
  entries.end = value.data + value.size;
  entries.at = kclhost_json_blank(kclhost_json_blank(value.data, entries.end) + 1, entries.end);
  entries.has_keys = kind == KCLHOST_CONFIG_MAP;
  return entries;
}

/* 1 with the next entry in *value and, of a map, its key in *key (a string with its quotes; see kclhost_config_text).
 * key may be NULL. */
static inline int kclhost_config_next(kclhost_config_entries* entries, kclhost_string* key, kclhost_string* value) {
  const char* at = entries->at;
  if (at == NULL || *at == ']' || *at == '}') return 0;
  if (entries->has_keys) {
    const char* const begin = at;
    at = kclhost_json_string(at, entries->end);
    if (key != NULL) {
      key->data = begin;
      key->size = (size_t)(at - begin);
    }
    at = kclhost_json_blank(kclhost_json_blank(at, entries->end) + 1, entries->end);
  }
  const char* const behind = kclhost_json_value(at, entries->end, 0);
  value->data = at;
  value->size = (size_t)(behind - at);
  at = kclhost_json_blank(behind, entries->end);
  entries->at = *at == ',' ? kclhost_json_blank(at + 1, entries->end) : at;
  return 1;
}

/* A string's text: returns its size in bytes, and writes as many of them as fit into to (no NUL is added). 0 where
 * value is no string. */
static inline size_t kclhost_config_text(kclhost_string value, char* to, size_t room) {
  if (kclhost_config_kind(value) != KCLHOST_CONFIG_STRING) return 0;
  const char* at = kclhost_json_blank(value.data, value.data + value.size) + 1;
  size_t size = 0;
  while (*at != '"') {
    char character[4];
    const size_t bytes = kclhost_json_character(&at, character);
    for (size_t i = 0; i < bytes; ++i, ++size) {
      if (size < room) to[size] = character[i];
    }
  }
  return size;
}

/* Whether a string is text, which ends with a NUL. */
static inline int kclhost_config_is_text(kclhost_string value, const char* text) {
  if (kclhost_config_kind(value) != KCLHOST_CONFIG_STRING) return 0;
  const char* at = kclhost_json_blank(value.data, value.data + value.size) + 1;
  while (*at != '"') {
    char character[4];
    const size_t bytes = kclhost_json_character(&at, character);
    if (*text == '\0' || strncmp(text, character, bytes) != 0) return 0; /* a string may have a NUL in it */
    text += bytes;
  }
  return *text == '\0';
}

/* A map's value by its key, which ends with a NUL. Absent where there is none, or no map. */
static inline kclhost_string kclhost_config_member(kclhost_string map, const char* key) {
  kclhost_config_entries entries = kclhost_config_begin(map);
  kclhost_string name = {NULL, 0}, value = {NULL, 0};
  const kclhost_string absent = {NULL, 0};
  while (entries.has_keys && kclhost_config_next(&entries, &name, &value)) {
    if (kclhost_config_is_text(name, key)) return value;
  }
  return absent;
}

/* Each of these returns 1 with the value in *to, or 0, and *to is as it was, where value is something else. */

static inline int kclhost_config_boolean(kclhost_string value, int* to) {
  if (kclhost_config_kind(value) != KCLHOST_CONFIG_BOOLEAN) return 0;
  *to = *kclhost_json_blank(value.data, value.data + value.size) == 't';
  return 1;
}

/* A number within the range of double: neither too large, nor so small that it would be 0. */
static inline int kclhost_config_number(kclhost_string value, double* to) {
  char text[512];
  if (kclhost_config_kind(value) != KCLHOST_CONFIG_NUMBER || value.size >= sizeof text) return 0;
  memcpy(text, value.data, value.size);
  text[value.size] = '\0';
  const int is_zero = strcspn(text, "123456789") >= strcspn(text, "eE");
  char* const point = strchr(text, '.');
  if (point != NULL) *point = *localeconv()->decimal_point; /* a plugin may have set a locale */
  const double number = strtod(text, NULL);
  if (!isfinite(number) || (number == 0 && !is_zero)) return 0;
  *to = number;
  return 1;
}

/* A whole number from INT64_MIN to INT64_MAX; 1e3 and 10.0 are whole numbers too, up to 2 to the power of 53. */
static inline int kclhost_config_integer(kclhost_string value, int64_t* to) {
  if (kclhost_config_kind(value) != KCLHOST_CONFIG_NUMBER) return 0;
  const char* const end = value.data + value.size;
  const char* at = kclhost_json_blank(value.data, end);
  const int negative = *at == '-';
  uint64_t size = 0;
  for (at += negative; at != end && *at >= '0' && *at <= '9'; ++at) {
    const uint64_t digit = (uint64_t)(*at - '0');
    if (size > (UINT64_MAX - digit) / 10) return 0;
    size = size * 10 + digit;
  }
  if (at != end && (*at == '.' || *at == 'e' || *at == 'E')) {
    const double largest = 9007199254740992.0;
    double number = 0;
    if (!kclhost_config_number(value, &number) || number > largest || number < -largest) return 0;
    if ((double)(int64_t)number != number) return 0;
    *to = (int64_t)number;
    return 1;
  }
  if (size > (uint64_t)INT64_MAX + (uint64_t)negative) return 0;
  *to = negative ? (int64_t)(0 - size) : (int64_t)size;
  return 1;
}

#ifdef __cplusplus
}
#endif

#endif /* KCLHOST_CONFIG_H */
