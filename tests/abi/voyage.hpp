// Loads a traveller and leads it through a shard's life, as a host of the version this is compiled with.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_host.hpp"
#include "plugin/table.hpp"

// Plugins stay loaded, as in kclhost.
inline const kclhost_plugin* load(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << ::dlerror();
  if (library == nullptr) return nullptr;
  auto entry = reinterpret_cast<decltype(&kclhost_plugin_v1)>(::dlsym(library, KCLHOST_ENTRY_SYMBOL));
  EXPECT_NE(entry, nullptr);
  return entry == nullptr ? nullptr : entry();
}

inline void expect_good_voyage(const kclhost_plugin& plugin) {
  FakeHost host;
  kclhost_error error = make_error();
  void* self = nullptr;
  ASSERT_EQ(plugin.create(&host.table, text("{}"), &self, &error), KCLHOST_OK) << error.message;
  const auto initialization = make_initialization("shardId-9");
  EXPECT_EQ(plugin.initialize(self, &initialization, &error), KCLHOST_OK) << error.message;
  std::vector<kclhost_record> records{make_record("a", "1"), make_record("bad", "2"), make_record("fail", "3")};
  records[1].id = 8;
  const auto batch = make_batch(records);
  EXPECT_EQ(plugin.process_records(self, &batch, host.checkpointer(), &error), KCLHOST_FAILED);
  EXPECT_STREQ(error.message, "failed at 2");
  EXPECT_EQ(error.first_unfinished, 2u);
  EXPECT_EQ(error.flags, KCLHOST_FAILURE_CULPRIT);
  EXPECT_EQ(error.culprit, 2u);
  EXPECT_EQ(plugin.shard_ended(self, host.checkpointer(), &error), KCLHOST_OK);
  plugin.destroy(self);
  std::string said;
  for (const auto& log : host.logs) said += log.text + ' ';
  EXPECT_EQ(said, "shardId-9 a bad ");
  EXPECT_EQ(host.checkpoints.size(), 1u);
  ASSERT_EQ(host.rejections.size(), 1u);
  EXPECT_EQ(host.rejections[0].id, 8u);
  ASSERT_EQ(host.metrics.size(), 1u);
  EXPECT_EQ(host.metrics[0].values.size(), 2u);
}
