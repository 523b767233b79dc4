// The files that the AWS tools share: ~/.aws/credentials and ~/.aws/config.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/environment.hpp"

namespace kclhost::host::aws {

// One section's settings by name, for example region or aws_access_key_id. A setting inside another one, such as
// endpoint_url under "kinesis =", is kinesis.endpoint_url.
using Profile = std::map<std::string, std::string>;

// What is of interest in one of the files, by the sections' names.
struct SharedFile {
  std::map<std::string, Profile> profiles, services;
};

// Reads a file's text: ~/.aws/config, whose profiles are [profile NAME], or ~/.aws/credentials, where they are [NAME].
// Lines that are neither section, setting nor comment are skipped.
SharedFile parse_shared_file(std::string_view text, bool config_file);

struct SharedConfig {
  std::string credentials_file;  // empty: there is no home directory to look in
  std::string config_file;
  std::string profile_name;        // AWS_PROFILE, else default
  bool profile_named = false;      // by AWS_PROFILE
  std::optional<Profile> profile;  // of both files, the credentials file's settings first; empty: neither has it

  std::optional<Profile> services;  // the services section that the profile names; empty: it names none that is there

  // A setting of the profile, if it is there and not empty.
  std::optional<std::string> get(const std::string& name) const;
};

// Reads both files as AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE and HOME say. A missing file has no profiles.
// Throws ConfigurationError for a file that can't be read.
SharedConfig load_shared_config(const Environment& environment);

}  // namespace kclhost::host::aws
