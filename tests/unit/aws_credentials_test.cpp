#include "aws/credential_sources.hpp"
#include "aws/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "aws_fakes.hpp"

namespace kclhost::host::aws {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Variables = std::map<std::string, std::string>;

constexpr const char* metadata = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";

class AwsCredentialsTest : public ::testing::Test {
 protected:
  AwsCredentialsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kclhost-aws-XXXXXX").string();
    home_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(home_ / ".aws");
  }
  ~AwsCredentialsTest() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(home_ / name) << text; }

  CredentialChain chain(Variables variables) {
    variables.emplace("HOME", home_.string());
    return {fake_environment(variables), http_, "eu-west-1", [this] { return now_; }};
  }

  std::string failure(const Variables& variables) {
    try {
      chain(variables).get();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "no failure";
  }

  void serve_instance(const std::string& credentials) {
    http_.answers["PUT http://169.254.169.254/latest/api/token"] = {200, "TOKEN"};
    http_.answers[std::string("GET ") + metadata] = {200, "the-role\n"};
    http_.answers[std::string("GET ") + metadata + "the-role"] = {200, credentials};
  }

  std::filesystem::path home_;
  FakeHttp http_;
  TimePoint now_ = *parse_timestamp("2030-01-01T00:00:00Z");
};

const Variables keys = {{"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "env-secret"}};

TEST_F(AwsCredentialsTest, TheEnvironmentComesFirst) {
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  Variables variables = keys;
  variables["AWS_SESSION_TOKEN"] = "session";
  variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/x";
  auto credentials = chain(variables);
  EXPECT_EQ(credentials.get().access_key_id, "ENV");
  EXPECT_EQ(credentials.get().secret_access_key, "env-secret");
  EXPECT_EQ(credentials.get().session_token, "session");
  EXPECT_FALSE(credentials.get().expiration);
  EXPECT_THAT(http_.requests, IsEmpty());
}

TEST_F(AwsCredentialsTest, HalfAKeyIsAnErrorNotTheNextSource) {
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_THAT(failure({{"AWS_ACCESS_KEY_ID", "ENV"}}), HasSubstr("AWS_SECRET_ACCESS_KEY is not"));
  EXPECT_THAT(failure({{"AWS_SECRET_ACCESS_KEY", "s"}}), HasSubstr("AWS_ACCESS_KEY_ID is not"));
}

TEST_F(AwsCredentialsTest, SharedFilesComeBeforeTheContainer) {
  write(".aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s/+=\naws_session_token=t\n");
  auto credentials = chain({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x"}});
  EXPECT_EQ(credentials.get().access_key_id, "FILE");
  EXPECT_EQ(credentials.get().secret_access_key, "s/+=");
  EXPECT_EQ(credentials.get().session_token, "t");
}

TEST_F(AwsCredentialsTest, TheCredentialsFileWinsOverTheConfigFile) {
  write(".aws/credentials", "[work]\naws_access_key_id=CRED\naws_secret_access_key=c\n");
  write(".aws/config",
        "[default]\nregion=us-east-1\n[profile "
        "work]\naws_access_key_id=CONF\naws_secret_access_key=d\nregion=eu-north-1\n");
  EXPECT_EQ(chain({{"AWS_PROFILE", "work"}}).get().access_key_id, "CRED");
  EXPECT_EQ(chain({{"AWS_PROFILE", "work"}}).get().secret_access_key, "c");
}

TEST_F(AwsCredentialsTest, TheFilesCanBeElsewhere) {
  write("here", "# comment\n\n[default]\naws_access_key_id=HERE # mine\n; comment\naws_secret_access_key=a#b\r\n");
  auto credentials = chain({{"AWS_SHARED_CREDENTIALS_FILE", (home_ / "here").string()}});
  EXPECT_EQ(credentials.get().access_key_id, "HERE");
  EXPECT_EQ(credentials.get().secret_access_key, "a#b");
}

TEST_F(AwsCredentialsTest, OnlyTheConfigFileWritesProfile) {
  write(".aws/config",
        "[work]\naws_access_key_id=WRONG\naws_secret_access_key=x\n"
        "[profile \"work\"]\naws_access_key_id=RIGHT\naws_secret_access_key=x\n");
  EXPECT_EQ(chain({{"AWS_PROFILE", "work"}}).get().access_key_id, "RIGHT");
}

TEST_F(AwsCredentialsTest, NestedSettingsAreNotTheProfiles) {
  write(".aws/config", "[default]\naws_access_key_id=TOP\naws_secret_access_key=x\ns3 =\n  aws_access_key_id=NESTED\n");
  EXPECT_EQ(chain({}).get().access_key_id, "TOP");
}

TEST_F(AwsCredentialsTest, AProfileThatIsNamedMustBeThere) {
  EXPECT_THAT(failure({{"AWS_PROFILE", "absent"}}), AllOf(HasSubstr("absent"), HasSubstr(".aws/config")));
}

TEST_F(AwsCredentialsTest, ProfilesLeftToTheAwsCliSayHow) {
  write(".aws/config", "[profile role]\nrole_arn=arn:aws:iam::1:role/x\nsource_profile=default\n");
  EXPECT_THAT(failure({{"AWS_PROFILE", "role"}}), AllOf(HasSubstr("role_arn"), HasSubstr("export-credentials")));
}

TEST_F(AwsCredentialsTest, TheContainersRelativeUriIsOnItsOwnAddress) {
  http_.answers["GET http://169.254.170.2/v2/x"] = {
      200, R"({"AccessKeyId":"ECS","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T06:00:00Z"})"};
  auto credentials = chain({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"}});
  EXPECT_EQ(credentials.get().access_key_id, "ECS");
  EXPECT_EQ(credentials.get().session_token, "t");
  EXPECT_TRUE(http_.requests[0].direct);
}

TEST_F(AwsCredentialsTest, TheContainersTokenFileIsReadAnewAndTrimmed) {
  const std::string url = "http://169.254.170.23/v1/credentials";
  http_.answers["GET " + url] = {
      200, R"({"AccessKeyId":"EKS","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T00:01:00Z"})"};
  write("token", "first\n");
  auto credentials = chain({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url},
                            {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", (home_ / "token").string()},
                            {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this"}});
  credentials.get();
  EXPECT_THAT(http_.requests.back().headers, Contains("Authorization: first"));
  write("token", "second");
  now_ += 2min;
  credentials.get();
  EXPECT_THAT(http_.requests.back().headers, Contains("Authorization: second"));
}

TEST_F(AwsCredentialsTest, TheContainersTokenGoesToNoStranger) {
  for (const char* url : {"http://example.com/", "http://10.0.0.1/", "http://127.0.0.1.example.com/",
                          "ftp://127.0.0.1/", "http://127.0.0.1@example.com/", "/relative"}) {
    EXPECT_THAT(failure({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "t"}}),
                HasSubstr("must be https"))
        << url;
  }
  EXPECT_THAT(http_.requests, IsEmpty());
  for (const char* url : {"https://example.com/", "http://localhost/", "http://127.0.0.9:80/", "http://[::1]/",
                          "http://[fd00:ec2::23]/v1/credentials"}) {
    EXPECT_THAT(failure({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url}}), HasSubstr("connection refused")) << url;
  }
}

TEST_F(AwsCredentialsTest, TheContainersTokenCannotAddHeaders) {
  EXPECT_THAT(failure({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/"},
                       {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nX-Evil: 1"}}),
              HasSubstr("line break"));
}

TEST_F(AwsCredentialsTest, AContainerThatFailsIsNotPassedOver) {
  serve_instance(R"({"AccessKeyId":"EC2","SecretAccessKey":"s","Token":"t"})");
  EXPECT_THAT(failure({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/"}}), HasSubstr("connection refused"));
}

TEST_F(AwsCredentialsTest, TheInstanceIsAskedWithAToken) {
  serve_instance(R"({"Code":"Success","AccessKeyId":"EC2","SecretAccessKey":"s","Token":"t",
                     "Expiration":"2030-01-01T06:00:00Z"})");
  auto credentials = chain({});
  EXPECT_EQ(credentials.get().access_key_id, "EC2");
  EXPECT_EQ(credentials.get().session_token, "t");
  ASSERT_EQ(http_.requests.size(), 3u);
  EXPECT_THAT(http_.requests[0].headers, Contains("X-aws-ec2-metadata-token-ttl-seconds: 21600"));
  EXPECT_THAT(http_.requests[1].headers, Contains("X-aws-ec2-metadata-token: TOKEN"));
  EXPECT_THAT(http_.requests[2].headers, Contains("X-aws-ec2-metadata-token: TOKEN"));
}

TEST(AwsInstance, IsAskedAgain) {
  ScriptedHttp http;
  http.script = {{503, ""},
                 {200, "TOKEN"},
                 {0, ""},
                 {200, "role"},
                 {500, ""},
                 {429, ""},
                 {200, R"({"AccessKeyId":"EC2","SecretAccessKey":"s","Token":"t"})"}};
  EXPECT_EQ(instance_credentials("http://instance", http).access_key_id, "EC2");
  EXPECT_EQ(http.requests.size(), 7u);
}

TEST(AwsInstance, IsNotAskedAgainInVain) {
  ScriptedHttp http;
  http.script = {{200, "TOKEN"}, {404, ""}};
  EXPECT_THROW(instance_credentials("http://instance", http), ServiceError);
  http.script = {{503, ""}, {503, ""}, {503, ""}, {200, "TOKEN"}};
  EXPECT_THROW(instance_credentials("http://instance", http), ServiceError);
  EXPECT_EQ(http.script.size(), 1u);
}

TEST_F(AwsCredentialsTest, NothingFoundSaysWhereItLooked) {
  const std::string message = failure({});
  EXPECT_THAT(message, AllOf(HasSubstr("AWS_ACCESS_KEY_ID"), HasSubstr((home_ / ".aws/credentials").string()),
                             HasSubstr("AWS_CONTAINER_CREDENTIALS"), HasSubstr("169.254.169.254")));
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST_F(AwsCredentialsTest, TheInstanceIsLeftAloneWhenDisabled) {
  EXPECT_THAT(failure({{"AWS_EC2_METADATA_DISABLED", "true"}}), HasSubstr("AWS_EC2_METADATA_DISABLED"));
  EXPECT_THAT(http_.requests, IsEmpty());
}

TEST_F(AwsCredentialsTest, WebIdentityIsExchangedAtSts) {
  write("jwt", "a.b/c=\n");
  http_.answers["POST https://sts.eu-west-1.amazonaws.com"] = {
      200,
      "<R><Credentials><AccessKeyId>WEB</AccessKeyId><SecretAccessKey>s/+</SecretAccessKey><SessionToken>t=="
      "</SessionToken><Expiration>2030-01-01T01:00:00Z</Expiration></Credentials></R>"};
  auto credentials = chain({{"AWS_WEB_IDENTITY_TOKEN_FILE", (home_ / "jwt").string()},
                            {"AWS_ROLE_ARN", "arn:aws:iam::1:role/x"},
                            {"AWS_ROLE_SESSION_NAME", "me"}});
  EXPECT_EQ(credentials.get().access_key_id, "WEB");
  EXPECT_EQ(credentials.get().secret_access_key, "s/+");
  EXPECT_EQ(credentials.get().session_token, "t==");
  EXPECT_EQ(http_.requests[0].body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"
            "&RoleSessionName=me&WebIdentityToken=a.b%2Fc%3D");
}

TEST_F(AwsCredentialsTest, TheyAreRenewedBeforeTheyExpireAndKeptWhileThatFails) {
  serve_instance(R"({"AccessKeyId":"ONE","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T01:00:00Z"})");
  auto credentials = chain({});
  EXPECT_EQ(credentials.get().access_key_id, "ONE");
  now_ += 54min;
  EXPECT_EQ(credentials.get().access_key_id, "ONE");
  EXPECT_EQ(http_.requests.size(), 3u);

  http_.answers.clear();
  now_ += 2min;
  EXPECT_EQ(credentials.get().access_key_id, "ONE");
  EXPECT_EQ(http_.requests.size(), 6u);  // three attempts
  EXPECT_EQ(credentials.get().access_key_id, "ONE");
  EXPECT_EQ(http_.requests.size(), 6u) << "asked again at once";

  serve_instance(R"({"AccessKeyId":"TWO","SecretAccessKey":"s","Token":"t","Expiration":"2030-01-01T02:00:00Z"})");
  now_ += 1min;
  EXPECT_EQ(credentials.get().access_key_id, "TWO");

  http_.answers.clear();
  now_ += 2h;
  EXPECT_THROW(credentials.get(), std::exception);
}

TEST(AwsTimestamp, IsReadAsUtc) {
  EXPECT_EQ(parse_timestamp("1970-01-02T00:00:01Z")->time_since_epoch(), 86401s);
  EXPECT_EQ(parse_timestamp("1970-01-02T00:00:01.25Z"), parse_timestamp("1970-01-02T00:00:01Z"));
  EXPECT_FALSE(parse_timestamp("1970-01-02T00:00:01"));
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59Z")->time_since_epoch(), 253402300799s);
  EXPECT_FALSE(parse_timestamp("soon"));
}

}  // namespace
}  // namespace kclhost::host::aws
