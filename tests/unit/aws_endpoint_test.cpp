#include "aws/endpoint.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "aws/http.hpp"
#include "aws_fakes.hpp"

namespace kclhost::host::aws {
namespace {

TEST(AwsRegion, ComesFromTheNearestPlace) {
  std::map<std::string, std::string> variables;
  const auto region = [&](std::optional<std::string> given = std::nullopt) {
    return resolve_region(given, fake_environment(variables));
  };
  EXPECT_THROW(region(), ConfigurationError);
  variables["AWS_DEFAULT_REGION"] = "eu-west-1";
  EXPECT_EQ(region(), "eu-west-1");
  variables["AWS_REGION"] = "eu-west-2";
  EXPECT_EQ(region(), "eu-west-2");
  EXPECT_EQ(region("eu-west-3"), "eu-west-3");
}

TEST(AwsRegion, ComesFromTheProfileLast) {
  std::string pattern = (std::filesystem::temp_directory_path() / "kclhost-aws-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  std::ofstream(folder / "config") << "[default]\nregion = sa-east-1\n[profile p]\nregion = ca-west-1\n";
  const std::string file = (folder / "config").string();
  EXPECT_EQ(resolve_region(std::nullopt, fake_environment({{"AWS_CONFIG_FILE", file}})), "sa-east-1");
  EXPECT_EQ(resolve_region(std::nullopt, fake_environment({{"AWS_CONFIG_FILE", file}, {"AWS_PROFILE", "p"}})),
            "ca-west-1");
  std::filesystem::remove_all(folder);
}

TEST(AwsRegion, IsOnlyAName) {
  for (const char* bad : {"us east", "us-east-1.example.com/", "a:b", ""}) {
    EXPECT_THROW(resolve_region(bad, fake_environment({})), ConfigurationError) << bad;
  }
}

TEST(AwsEndpoint, IsTheMostSpecificOne) {
  std::map<std::string, std::string> variables;
  const auto endpoint = [&](const std::string& region, std::optional<std::string> given = std::nullopt) {
    return service_endpoint("kinesis", "KINESIS", region, fake_environment(variables), given);
  };
  EXPECT_EQ(endpoint("us-east-1"), "https://kinesis.us-east-1.amazonaws.com");
  EXPECT_EQ(endpoint("cn-north-1"), "https://kinesis.cn-north-1.amazonaws.com.cn");
  variables["AWS_ENDPOINT_URL"] = "http://localhost:1/";
  EXPECT_EQ(endpoint("us-east-1"), "http://localhost:1");
  variables["AWS_ENDPOINT_URL_KINESIS"] = "http://localhost:2";
  EXPECT_EQ(endpoint("us-east-1"), "http://localhost:2");
  EXPECT_EQ(endpoint("us-east-1", "https://h/path/"), "https://h/path");
}

TEST(AwsEndpoint, IsAnHttpUrl) {
  for (const char* bad : {"localhost:4568", "file:///etc/passwd", "http://", "", "nonsense", "http://h/?x=1"}) {
    EXPECT_THROW(service_endpoint("kinesis", "KINESIS", "us-east-1", fake_environment({}), bad), ConfigurationError)
        << bad;
  }
}

TEST(AwsUrl, HostAndLoopback) {
  EXPECT_EQ(url_host("http://user@[::1]:80/x"), "::1");
  EXPECT_EQ(url_host("https://Example.com:443/"), "Example.com");
  EXPECT_EQ(url_host("gopher://x/"), "");
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_TRUE(is_loopback("127.1.2.3"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("128.0.0.1"));
  EXPECT_FALSE(is_loopback("127.0.0.1.example.com"));
}

}  // namespace
}  // namespace kclhost::host::aws
