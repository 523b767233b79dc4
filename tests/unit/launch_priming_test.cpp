// Whether launch makes a new application's tables, as check tells it.
#include "launch/priming.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace kclhost::host::launch {
namespace {

class Priming : public ::testing::Test {
 protected:
  Priming() {
    for (const char* folder : {"jars", "bin", "libexec/kclhost"}) {
      std::filesystem::create_directories(directory_ / folder);
    }
    install("bin");
    daemon_.jars = directory_ / "jars";
    daemon_.properties = {{"applicationName", "app"}, {"streamName", "words"}};
    has("3.1.3");
  }
  ~Priming() override { std::filesystem::remove_all(directory_); }

  void has(const std::string& version) {
    for (const auto& jar : std::filesystem::directory_iterator(daemon_.jars)) std::filesystem::remove(jar);
    if (!version.empty()) std::ofstream(daemon_.jars / ("amazon-kinesis-client-multilang-" + version + ".jar"));
  }
  void install(const std::string& folder) const {
    const std::filesystem::path program = directory_ / folder / "kclhost-prime";
    std::ofstream{program};
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  std::string why_not() const { return why_not_primed(daemon_, directory_ / "bin/kclhost").value_or("it is"); }

  const std::filesystem::path directory_ =
      std::filesystem::path(::testing::TempDir()) /
      ("priming-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
  config::Daemon daemon_;
};

TEST_F(Priming, IsOnByDefault) {
  EXPECT_EQ(why_not(), "it is");
}

TEST_F(Priming, IsForVersionsWhoseTablesAreKnown) {
  for (const char* other : {"3.1.2", "3.1.30", "3.5.1", "4.0.0"}) {
    has(other);
    EXPECT_EQ(why_not(), std::string("the daemon is ") + other + ", and kclhost knows the tables of 3.1.3 alone");
  }
  has("");
  EXPECT_EQ(why_not(), "which daemon daemon.jars has is not known, and kclhost knows the tables of 3.1.3 alone");
}

TEST_F(Priming, TakesAProgramThatIsBesideOrInLibexec) {
  std::filesystem::remove(directory_ / "bin/kclhost-prime");
  EXPECT_EQ(why_not(), "kclhost-prime is not in " + (directory_ / "bin").string() +
                           " or its ../libexec/kclhost: install it beside kclhost");
  install("libexec/kclhost");
  EXPECT_EQ(why_not(), "it is");
  EXPECT_EQ(
      with_priming(directory_ / "bin/kclhost", "p", {"java", "-x"}),
      (std::vector<std::string>{(directory_ / "bin/../libexec/kclhost/kclhost-prime").string(), "p", "java", "-x"}));
}

TEST_F(Priming, CanBeSwitchedOff) {
  daemon_.prime = false;
  EXPECT_EQ(why_not(), "daemon.prime is false");
}

TEST_F(Priming, IsOffWhereTheJvmMayGoElsewhere) {
  daemon_.jvm_options = {"-Xmx100m", "-Daws.region=eu-west-2"};
  EXPECT_EQ(why_not(), "-Daws.region=eu-west-2 may lead the AWS SDK elsewhere, where kclhost does not follow");
  daemon_.jvm_options = {"@options"};
  EXPECT_EQ(why_not(), "@options may lead the AWS SDK elsewhere, where kclhost does not follow");
}

TEST_F(Priming, IsOffWithCredentialsThatItCanNotFollow) {
  daemon_.properties["awsCredentialsProvider"] = "StsAssumeRoleCredentialsProvider|role|session";
  EXPECT_EQ(why_not(),
            "awsCredentialsProvider is StsAssumeRoleCredentialsProvider|role|session, and kclhost follows "
            "DefaultCredentialsProvider alone");
  daemon_.properties["awsCredentialsProvider"] = "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider";
  daemon_.properties["awsCredentialsProviderCloudWatch"] = "ProfileCredentialsProvider";  // asked for no table
  EXPECT_EQ(why_not(), "it is");
}

TEST_F(Priming, NeedsAPositionThatItUnderstands) {
  daemon_.properties["initialPositionInStream"] = "AT_TIMESTAMP";
  EXPECT_EQ(why_not(), "initialPositionInStream is AT_TIMESTAMP");
  daemon_.properties = {{"applicationName", "app"}, {"streamName", "words"}, {"initialPositionInStreamExtended", "1 "}};
  EXPECT_EQ(why_not(), "initialPositionInStreamExtended is 1 ");
}

}  // namespace
}  // namespace kclhost::host::launch
