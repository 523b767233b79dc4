// What version 1.0 promised, today's header keeps.
#include "layout.hpp"

#include <gtest/gtest.h>

#include <map>

namespace {

TEST(Layout, EveryByteOfVersion10IsAccountedFor) {
  for (const Struct& type : v1_0::layout().structs) {
    std::size_t end = 0;
    for (const Field& field : type.fields) {
      EXPECT_EQ(field.offset, end) << field.name << ": padding, or a field that layout.cpp does not list";
      end = field.offset + field.size;
    }
    EXPECT_EQ(type.size, end) << type.name;
  }
}

TEST(Layout, FieldsKeepOffsetSizeAndType) {
  std::map<std::string, Field> now;
  for (const Struct& type : current::layout().structs) {
    for (const Field& field : type.fields) now[field.name] = field;
  }
  for (const Struct& type : v1_0::layout().structs) {
    for (const Field& then : type.fields) {
      ASSERT_TRUE(now.count(then.name)) << then.name;
      EXPECT_EQ(now[then.name].offset, then.offset) << then.name;
      EXPECT_EQ(now[then.name].size, then.size) << then.name;
      EXPECT_EQ(now[then.name].type, then.type) << then.name;
    }
  }
}

TEST(Layout, StructsOnlyGrow) {
  const Layout then = v1_0::layout();
  const Layout now = current::layout();
  ASSERT_EQ(now.structs.size(), then.structs.size());
  for (std::size_t i = 0; i < then.structs.size(); ++i) {
    EXPECT_GE(now.structs[i].size, then.structs[i].size) << then.structs[i].name;
    EXPECT_EQ(now.structs[i].alignment, then.structs[i].alignment) << then.structs[i].name;
  }
}

TEST(Layout, WhatIsPassedByValueDoesNotGrow) {
  std::map<std::string, std::size_t> now;
  for (const Struct& type : current::layout().structs) now[type.name] = type.size;
  for (const Struct& type : v1_0::layout().structs) {
    const bool has_size = type.fields.front().name.find(".struct_size") != std::string::npos;
    EXPECT_TRUE(has_size || now[type.name] == type.size) << type.name;
  }
}

TEST(Layout, ConstantsKeepTheirValues) {
  const Layout then = v1_0::layout();
  const Layout now = current::layout();
  ASSERT_EQ(now.constants.size(), then.constants.size());
  for (std::size_t i = 0; i < then.constants.size(); ++i) {
    EXPECT_EQ(now.constants[i].value, then.constants[i].value) << then.constants[i].name;
  }
}

}  // namespace
