// plugin.config: YAML in, JSON text out.
#include <gtest/gtest.h>

#include <cstdlib>

#include "config/config.hpp"

namespace kclhost::host::config {
namespace {

struct Conversion {
  const char* name;
  const char* yaml;
  const char* json;
};

void PrintTo(const Conversion& conversion, std::ostream* out) {
  *out << conversion.name;
}

class ConfigJson : public testing::TestWithParam<Conversion> {};

TEST_P(ConfigJson, BecomesJson) {
  ::setenv("KCLHOST_TEST_PORT", "8080", 1);
  ::unsetenv("KCLHOST_TEST_UNSET");
  const Loaded loaded = parse(std::string("version: 1\nplugin:\n  path: a.so\n  config: ") + GetParam().yaml, "k");
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  EXPECT_EQ(loaded.config.plugin.config_json, GetParam().json);
}

const Conversion conversions[] = {
    {"Nothing", "\n", "{}"},
    {"Null", "~\n", "{}"},
    {"EmptyMap", "{}\n", "{}"},
    {"EmptyList", "[]\n", "[]"},
    {"Nulls", "[null, ~, Null, NULL, !!null '', nULL]\n", R"([null,null,null,null,null,"nULL"])"},
    {"NullValues", "{a: , b: null}\n", R"({"a":null,"b":null})"},
    {"Booleans", "[true, True, TRUE, false, False, FALSE]\n", "[true,true,true,false,false,false]"},
    {"NoBooleans", "[yes, no, on, off, y, n, tRUE]\n", R"(["yes","no","on","off","y","n","tRUE"])"},
    {"Integers", "[0, 12, -12, +12, 007, -0, 00]\n", "[0,12,-12,12,7,0,0]"},
    {"OtherBases", "[0x1F, 0xffffffffffffffff, 0o17, 0o0]\n", "[31,18446744073709551615,15,0]"},
    {"NoIntegers", "[1_000, 0b1, 0o8, 0xG, 0x, -0x1F, 12:30, 1-2, +, -]\n",
     R"(["1_000","0b1","0o8","0xG","0x","-0x1F","12:30","1-2","+","-"])"},
    {"BigIntegers", "[123456789012345678901234567890, -99999999999999999999]\n",
     "[123456789012345678901234567890,-99999999999999999999]"},
    {"Floats", "[1.5, -1.50, +.5, 1., 1e3, 1E-3, 1.5e+10, 00.5, -0.0]\n",
     "[1.5,-1.50,0.5,1.0,1e3,1E-3,1.5e+10,0.5,-0.0]"},
    {"NoFloats", "[., .e1, 1e, 1e+, 1.2.3, 1.5s, 2024-01-31]\n",
     R"([".",".e1","1e","1e+","1.2.3","1.5s","2024-01-31"])"},
    {"Quoted", "[\"12\", 'true', \"null\", '', \".inf\"]\n", R"(["12","true","null","",".inf"])"},
    {"Tags", "[!!str 12, !!str true, !!int '12', !!float 1, !!bool 'true', !!seq [], !!map {}, ! 12]\n",
     R"(["12","true",12,1,true,[],{},"12"])"},
    {"EmptyString", "{a: !!str }\n", R"({"a":""})"},
    {"Escapes", "[\"a\\\"b\\\\c\\n\\t\\0\\u00e9\\U0001F600\", 'it''s']\n", R"(["a\"b\\c\n\t\u0000é😀","it's"])"},
    {"Keys", "{b: 1, a: 2, 3: c, true: d, \"q r\": e, 1.0: f}\n",
     R"({"b":1,"a":2,"3":"c","true":"d","q r":"e","1.0":"f"})"},
    {"Nested", "\n    a:\n      - b: {c: [1, [2]]}\n      -\n", R"({"a":[{"b":{"c":[1,[2]]}},null]})"},
    {"Blocks", "\n    a: |\n      x\n       y\n    b: >-\n      x\n      y\n    c: |+\n      z\n\n",
     R"({"a":"x\n y\n","b":"x y","c":"z\n\n"})"},
    {"BlockAtTheEnd", "\n    a: |\n      x\n      # y\n", R"({"a":"x\n# y\n"})"},
    {"BlockWithoutLineEnd", "\n    a: |\n      x", R"({"a":"x"})"},
    {"Aliases", "{a: &x [1, 2], b: *x, c: *x}\n", R"({"a":[1,2],"b":[1,2],"c":[1,2]})"},
    {"Scalar", "word\n", R"("word")"},
    {"QuotedMergeKey", "{\"<<\": 1}\n", R"({"<<":1})"},
    {"References", "\n    a: ${KCLHOST_TEST_PORT}\n    b: \"${KCLHOST_TEST_UNSET:-true}\"\n    c: x$$y\n    d: $5\n",
     R"({"a":"8080","b":"true","c":"x$y","d":"$5"})"},
    {"TypedReferences", "\n    a: !!int ${KCLHOST_TEST_PORT}\n    b: !!bool ${KCLHOST_TEST_UNSET:-true}\n",
     R"({"a":8080,"b":true})"},
    {"ReferenceInKey", "{\"${A}\": 1}\n", R"({"${A}":1})"},
};

const auto conversion_name = [](const testing::TestParamInfo<Conversion>& test) {
  return std::string(test.param.name);
};
INSTANTIATE_TEST_SUITE_P(Conversions, ConfigJson, testing::ValuesIn(conversions), conversion_name);

}  // namespace
}  // namespace kclhost::host::config
