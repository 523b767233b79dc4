#include "aws/sigv4.hpp"

#include <gtest/gtest.h>

#include "aws/uri.hpp"

namespace kclhost::host::aws {
namespace {

// The credentials, time and requests of the test suite that AWS publishes.
const Signing example{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
const TimePoint example_time = *parse_timestamp("2015-08-30T12:36:00Z");

TEST(AwsSigv4, GetVanilla) {
  const auto headers = sign({"GET", "example.amazonaws.com", "/", {}, ""}, example, example_time);
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[0], "Host: example.amazonaws.com");
  EXPECT_EQ(headers[1], "X-Amz-Date: 20150830T123600Z");
  EXPECT_EQ(headers[2],
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(AwsSigv4, PostWithAForm) {
  const auto headers =
      sign({"POST", "example.amazonaws.com", "/", {"Content-Type: application/x-www-form-urlencoded"}, "Param1=value1"},
           example, example_time);
  EXPECT_NE(headers[2].find("Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
            std::string::npos)
      << headers[2];
}

TEST(AwsSigv4, ValuesAreTrimmedAndRunsOfBlanksAreOne) {
  const auto signature = [](std::vector<std::string> headers) {
    return sign({"GET", "h", "/", std::move(headers), ""}, example, example_time)[2];
  };
  EXPECT_EQ(signature({"X-Amz-A: b  c "}), signature({"x-amz-a:b c"}));
  EXPECT_NE(signature({"X-Amz-A: b c"}), signature({"X-Amz-A: bc"}));
}

TEST(AwsUri, EncodesAllButTheUnreserved) {
  EXPECT_EQ(uri_encode("aZ0-_.~"), "aZ0-_.~");
  EXPECT_EQ(uri_encode("/a b\xff", "/"), "/a%20b%FF");
  EXPECT_EQ(uri_encode("/+="), "%2F%2B%3D");
}

}  // namespace
}  // namespace kclhost::host::aws
