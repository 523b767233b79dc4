#include "aws/partitions.hpp"

#include <algorithm>
#include <iterator>

namespace kclhost::host::aws {
namespace {

// The first whose prefix fits counts.
constexpr Partition partitions[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "api.aws", true},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "", false},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "", false},
    {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "", false},
    {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "", false},
    {"eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", false},
    {"", "aws", "amazonaws.com", "api.aws", false},
};

}  // namespace

const Partition& partition_of(std::string_view region) {
  return *std::find_if(std::begin(partitions), std::end(partitions),
                       [region](const Partition& one) { return region.starts_with(one.region_prefix); });
}

}  // namespace kclhost::host::aws
