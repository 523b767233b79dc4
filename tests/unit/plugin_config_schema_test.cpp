#include "plugin/config_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json_values.hpp"

namespace kclhost::host::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "path: message" for each.
std::vector<std::string> misfits(const std::string& schema, const std::string& configuration) {
  const auto found = find_misfits(schema, configuration);
  if (!found) return {"error: " + found.error()};
  std::vector<std::string> all;
  for (const Misfit& misfit : *found) {
    std::string text;
    for (const std::string& name : misfit.path) text += "/" + name;
    all.push_back(text + ": " + misfit.message);
  }
  return all;
}

TEST(ConfigSchemaOfPlugins, WhatFitsHasNoMisfits) {
  EXPECT_THAT(misfits("{}", "{}"), IsEmpty());
  EXPECT_THAT(misfits("true", "[1]"), IsEmpty());
  EXPECT_THAT(misfits(R"({"properties": {"a": {"type": "integer", "minimum": 0}}})", R"({"a": 0, "b": null})"),
              IsEmpty());
}

TEST(ConfigSchemaOfPlugins, EveryMisfitIsFoundOnceAtItsPlace) {
  const std::string schema = R"({
    "required": ["name"], "additionalProperties": false,
    "properties": {
      "name": {"type": "string"},
      "limits": {"properties": {"rate": {"type": "number", "maximum": 10}}},
      "hosts": {"items": {"type": "string", "minLength": 2}}}})";
  EXPECT_THAT(misfits(schema, R"({"limits": {"rate": 12}, "hosts": ["ab", "c", 3], "nam": "x"})"),
              testing::UnorderedElementsAre("/limits/rate: expected number less than or equal to 10",
                                            "/hosts/1: string should be no fewer than 2 characters in length",
                                            "/hosts/2: value type not permitted by 'type' constraint",
                                            "/nam: the plugin knows no such key", HasSubstr("'name'")));
}

// Each of these passes a validator of draft 4.
TEST(ConfigSchemaOfPlugins, RulesOfDraft7Hold) {
  EXPECT_THAT(misfits(R"({"const": 3})", "4"), ElementsAre(HasSubstr("const")));
  EXPECT_THAT(misfits(R"({"exclusiveMinimum": 3})", "3"), ElementsAre(HasSubstr("greater than 3")));
  EXPECT_THAT(misfits(R"({"exclusiveMaximum": 3})", "3"), ElementsAre(HasSubstr("less than 3")));
  EXPECT_THAT(misfits(R"({"contains": {"const": 1}})", "[2]"), ElementsAre(HasSubstr("contains")));
  EXPECT_THAT(misfits(R"({"if": {"required": ["a"]}, "then": {"required": ["b"]}})", R"({"a": 1})"),
              testing::Contains(HasSubstr("'b'")));
  EXPECT_THAT(misfits(R"({"properties": {"a": false}})", R"({"a": 1})"),
              ElementsAre("/a: the plugin does not allow this key here"));
}

TEST(ConfigSchemaOfPlugins, Draft4IsReadAsSuch) {
  const std::string schema =
      R"({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": true})";
  EXPECT_THAT(misfits(schema, "3"), ElementsAre(HasSubstr("greater than 3")));
  EXPECT_THAT(misfits(schema, "4"), IsEmpty());
}

TEST(ConfigSchemaOfPlugins, ASchemaThatCantBeUsedIsAnError) {
  for (const char* schema : {"", "{", "3", R"({"type": "strin"})", R"({"properties": 3})", R"({"pattern": "("})",
                             R"({"$ref": "http://elsewhere.example/schema"})"}) {
    EXPECT_THAT(misfits(schema, "\"x\""), ElementsAre(HasSubstr("error: the plugin's config_schema"))) << schema;
  }
}

TEST(ConfigSchemaOfPlugins, NumbersBeyondEveryMeasureDoNoHarm) {
  for (const char* number : {"1e-2147483648", "0.1e-99999999999999999999", "1E-0000000000000000000005",
                             "-1e-2147483647", "12345678901234567890123456789012345678901234567890e-2147483640"}) {
    EXPECT_THAT(misfits(R"({"type": "number"})", number), IsEmpty()) << number;
    EXPECT_THAT(misfits(std::string(R"({"minimum": -1, "x": )") + number + "}", "1"), IsEmpty()) << number;
  }
  EXPECT_THAT(misfits("{}", "1e99999999999"), ElementsAre(HasSubstr("too big")));
  EXPECT_THAT(misfits(R"({"const": "2e99999999999"})", R"("2e99999999999")"), IsEmpty()) << "text stays as it is";
}

TEST(ConfigSchemaOfPlugins, ASchemaThatHasNoEndIsAnError) {
  for (const char* schema : {R"({"$ref": "#"})", R"({"allOf": [{"$ref": "#"}]})", R"({"items": {"$ref": "#/items"}})",
                             R"({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}},
            "$ref": "#/definitions/a"})",
                             R"({"pattern": "(a*)*b"})"}) {
    EXPECT_THAT(misfits(schema, '"' + std::string(64, 'a') + '"'), ElementsAre(HasSubstr("takes too much time")))
        << schema;
  }
  EXPECT_THAT(misfits(R"({"pattern": "(a|b)*c"})", '"' + std::string(1'000'000, 'a') + '"'),
              ElementsAre(HasSubstr("takes too much time or memory")));
}

TEST(ConfigSchemaOfPlugins, ASchemaOfTreesIsNoSchemaWithoutEnd) {
  const std::string trees = R"({"additionalProperties": {"$ref": "#"}, "type": "object"})";
  EXPECT_THAT(misfits(trees, R"({"a": {"b": {}}})"), IsEmpty());
  EXPECT_THAT(misfits(trees, R"({"a": {"b": 1}})"), testing::Not(IsEmpty()));
}

TEST(ConfigSchemaOfPlugins, ALongAnswerComesWhole) {
  std::string list = "0";
  for (int i = 1; i < 5'000; ++i) list += ",0";
  EXPECT_EQ(misfits(R"({"items": {"type": "string"}})", "[" + list + "]").size(), 5'000u);
}

TEST(ConfigSchemaOfPlugins, NestingAndBytesThatJsonHasNotDoNoHarm) {
  const std::string deep = test::nested_arrays();
  EXPECT_THAT(misfits(deep, "{}"), ElementsAre(HasSubstr("error: the plugin's config_schema is no JSON: Nested")));
  EXPECT_THAT(misfits("{}", deep), ElementsAre(HasSubstr("Nested deeper")));
  EXPECT_THAT(misfits(std::string("{}\0{", 4), "{}"), ElementsAre(HasSubstr("NUL byte")));
}

}  // namespace
}  // namespace kclhost::host::plugin
