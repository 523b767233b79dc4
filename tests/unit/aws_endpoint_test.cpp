#include "aws/endpoint.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "aws/http.hpp"
#include "aws/shared_config.hpp"
#include "aws/stream_arn.hpp"
#include "aws/trust.hpp"
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
  for (const char* bad : {"us east", "us-east-1.example.com/", "a:b", "", "fips-us-east-1", "us-east-1-fips"}) {
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

// A profile in a file of its own.
class ProfileFile {
 public:
  explicit ProfileFile(const std::string& text) {
    const int fd = ::mkstemp(name_);
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
  }
  ~ProfileFile() { std::filesystem::remove(name_); }

  std::map<std::string, std::string> variables(std::map<std::string, std::string> more = {}) const {
    more.emplace("AWS_CONFIG_FILE", name_);
    return more;
  }

 private:
  char name_[32] = "/tmp/kclhost-profile-XXXXXX";
};

std::string endpoint_with(const std::map<std::string, std::string>& variables, const std::string& region = "us-east-1",
                          std::optional<std::string> given = std::nullopt) {
  return service_endpoint("kinesis", "KINESIS", region, fake_environment(variables), given);
}

std::string refusal_with(const std::map<std::string, std::string>& variables, const std::string& region = "us-east-1",
                         std::optional<std::string> given = std::nullopt) {
  try {
    return "none, but " + endpoint_with(variables, region, given);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
}

TEST(AwsEndpoint, OfEachPartition) {
  for (const auto& [region, plain, fips, dual_stack] : std::initializer_list<std::array<const char*, 4>>{
           {"eu-west-1", "kinesis.eu-west-1.amazonaws.com", "kinesis-fips.eu-west-1.amazonaws.com",
            "kinesis.eu-west-1.api.aws"},
           {"cn-north-1", "kinesis.cn-north-1.amazonaws.com.cn", "kinesis-fips.cn-north-1.amazonaws.com.cn",
            "kinesis.cn-north-1.api.amazonwebservices.com.cn"},
           {"us-gov-west-1", "kinesis.us-gov-west-1.amazonaws.com", "kinesis.us-gov-west-1.amazonaws.com",
            "kinesis.us-gov-west-1.api.aws"},
           {"us-iso-east-1", "kinesis.us-iso-east-1.c2s.ic.gov", "kinesis-fips.us-iso-east-1.c2s.ic.gov", ""},
           {"us-isob-east-1", "kinesis.us-isob-east-1.sc2s.sgov.gov", "kinesis-fips.us-isob-east-1.sc2s.sgov.gov", ""},
           {"us-isof-south-1", "kinesis.us-isof-south-1.csp.hci.ic.gov", "kinesis-fips.us-isof-south-1.csp.hci.ic.gov",
            ""},
           {"eu-isoe-west-1", "kinesis.eu-isoe-west-1.cloud.adc-e.uk", "kinesis-fips.eu-isoe-west-1.cloud.adc-e.uk",
            ""},
           {"eusc-de-east-1", "kinesis.eusc-de-east-1.amazonaws.eu", "kinesis-fips.eusc-de-east-1.amazonaws.eu",
            "kinesis.eusc-de-east-1.api.amazonwebservices.eu"},
       }) {
    EXPECT_EQ(endpoint_with({}, region), "https://" + std::string(plain));
    EXPECT_EQ(endpoint_with({{"AWS_USE_FIPS_ENDPOINT", "true"}}, region), "https://" + std::string(fips));
    const std::map<std::string, std::string> both{{"AWS_USE_DUALSTACK_ENDPOINT", "TRUE"}};
    if (*dual_stack != '\0') {
      EXPECT_EQ(endpoint_with(both, region), "https://" + std::string(dual_stack));
    } else {
      EXPECT_NE(refusal_with(both, region).find("AWS_USE_DUALSTACK_ENDPOINT: kclhost knows no"), std::string::npos);
    }
  }
  EXPECT_EQ(endpoint_with({{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_USE_DUALSTACK_ENDPOINT", "true"}}),
            "https://kinesis-fips.us-east-1.api.aws");
}

TEST(AwsEndpoint, SwitchesComeFromTheProfileToo) {
  const ProfileFile file("[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint=True # both\n");
  EXPECT_EQ(endpoint_with(file.variables()), "https://kinesis-fips.us-east-1.api.aws");
  EXPECT_EQ(endpoint_with(file.variables({{"AWS_USE_FIPS_ENDPOINT", "false"}})), "https://kinesis.us-east-1.api.aws");
  EXPECT_EQ(refusal_with({{"AWS_USE_FIPS_ENDPOINT", "1"}}), "AWS_USE_FIPS_ENDPOINT: expected true or false, not 1");
}

TEST(AwsEndpoint, ComesFromTheProfileAndItsServices) {
  const ProfileFile plain("[default]\nendpoint_url = http://profile/\n");
  EXPECT_EQ(endpoint_with(plain.variables()), "http://profile");
  const ProfileFile file(
      "[default]\nendpoint_url = http://profile\nservices = local\n[services other]\nkinesis =\n  endpoint_url = "
      "http://other\n[services local]\ns3 =\n  endpoint_url = http://s3\nkinesis =\r\n\tendpoint_url = "
      "http://service # here\r\n");
  EXPECT_EQ(endpoint_with(file.variables()), "http://service");
  EXPECT_EQ(endpoint_with(file.variables({{"AWS_ENDPOINT_URL", "http://variable"}})), "http://variable");
  EXPECT_EQ(service_endpoint("sts", "STS", "us-east-1", fake_environment(file.variables())), "http://profile");
  const ProfileFile missing("[default]\nservices = none\n");
  EXPECT_NE(refusal_with(missing.variables()).find("no [services none]"), std::string::npos);
}

TEST(AwsEndpoint, ConfiguredOnesCanBeIgnored) {
  const ProfileFile file("[default]\nendpoint_url = http://profile\nignore_configured_endpoint_urls = true\n");
  const std::string own = "https://kinesis.us-east-1.amazonaws.com";
  EXPECT_EQ(endpoint_with(file.variables()), own);
  EXPECT_EQ(endpoint_with(file.variables({{"AWS_ENDPOINT_URL_KINESIS", "http://variable"}})), own);
  EXPECT_EQ(endpoint_with(file.variables({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"}})), "http://profile");
  EXPECT_EQ(endpoint_with(file.variables(), "us-east-1", "http://given"), "http://given");
  EXPECT_EQ(endpoint_with(file.variables({{"KCLHOST_KINESIS_ENDPOINT", "http://local"}})), "http://local");
}

TEST(AwsEndpoint, KclhostsOwnVariableComesBeforeAwss) {
  EXPECT_EQ(endpoint_with({{"KCLHOST_KINESIS_ENDPOINT", "http://local"}, {"AWS_ENDPOINT_URL_KINESIS", "http://aws"}}),
            "http://local");
}

TEST(AwsEndpoint, OnesOwnCantBeOfAKind) {
  EXPECT_EQ(refusal_with({{"AWS_USE_FIPS_ENDPOINT", "true"}}, "us-east-1", "http://given"),
            "AWS_USE_FIPS_ENDPOINT is for AWS's own endpoints: unset it, or --endpoint");
  EXPECT_NE(refusal_with({{"AWS_USE_DUALSTACK_ENDPOINT", "true"}, {"AWS_ENDPOINT_URL", "http://x"}})
                .find("unset it, or AWS_ENDPOINT_URL"),
            std::string::npos);
}

TEST(AwsSharedFile, HasSectionsOfTwoKinds) {
  const SharedFile config = parse_shared_file(
      "\xef\xbb\xbf[default]\nregion = a\n  nested = no\n[profile 'x y']\ns3 =\n max = 1\n# c\nregion = b ; c\n[x]\n"
      "region = c\n[services s]\nkinesis =\n endpoint_url = u\n[broken\nregion = d\n",
      true);
  EXPECT_EQ(config.profiles.at("default"), (Profile{{"region", "a"}}));
  EXPECT_EQ(config.profiles.at("x y"), (Profile{{"region", "b"}, {"s3", ""}, {"s3.max", "1"}}));
  EXPECT_EQ(config.profiles.size(), 2u);
  EXPECT_EQ(config.services.at("s").at("kinesis.endpoint_url"), "u");
  const SharedFile credentials = parse_shared_file("[work]\naws_access_key_id = a#b", false);
  EXPECT_EQ(credentials.profiles.at("work").at("aws_access_key_id"), "a#b");
}

TEST(AwsTrust, IsTheFirstThatIsSet) {
  const ProfileFile file("[default]\nca_bundle = /dev/null\n");
  const auto trust = [](std::map<std::string, std::string> variables) {
    return resolve_trust(fake_environment(std::move(variables)));
  };
  EXPECT_EQ(trust({}).file, "");
  EXPECT_EQ(trust(file.variables()).file, "/dev/null");
  EXPECT_EQ(trust(file.variables({{"AWS_CA_BUNDLE", "/dev/zero"}})).file, "/dev/zero");
  EXPECT_EQ(trust({{"REQUESTS_CA_BUNDLE", "/dev/null"}}).file, "/dev/null");
  EXPECT_EQ(trust({{"CURL_CA_BUNDLE", "/dev/null"}}).file, "/dev/null");
  EXPECT_EQ(trust({{"SSL_CERT_FILE", "/dev/null"}}).file, "/dev/null");
  EXPECT_EQ(trust({{"SSL_CERT_DIR", "/dev"}}).directory, "/dev");
  try {
    trust({{"AWS_CA_BUNDLE", "/no/such/file"}});
    ADD_FAILURE();
  } catch (const ConfigurationError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 30), "AWS_CA_BUNDLE: /no/such/file: ");
  }
}

TEST(AwsStreamArn, HasTheRegion) {
  EXPECT_EQ(region_of_arn("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/words"), "cn-north-1");
  for (const char* bad : {"arn:", "arn:aws:sqs:us-east-1:123456789012:words", "arn:aws:kinesis:us-east-1:1:stream/",
                          "arn:aws:kinesis::1:stream/words", "arn:aws:kinesis:us-east-1:1:stream/a:b"}) {
    EXPECT_THROW(region_of_arn(bad), ConfigurationError) << bad;
  }
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
