#include "aws/partitions.hpp"

#include <algorithm>
#include <iterator>

namespace kclhost::host::aws {
namespace {

// The first whose prefix fits counts.
constexpr Partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false},
    {"us-gov-", "amazonaws.com", "api.aws", true},
    {"us-iso-", "c2s.ic.gov", "", false},
    {"us-isob-", "sc2s.sgov.gov", "", false},
    {"us-isof-", "csp.hci.ic.gov", "", false},
    {"eu-isoe-", "cloud.adc-e.uk", "", false},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", false},
    {"", "amazonaws.com", "api.aws", false},
};

}  // namespace

const Partition& partition_of(std::string_view region) {
  return *std::find_if(std::begin(partitions), std::end(partitions),
                       [region](const Partition& one) { return region.starts_with(one.region_prefix); });
}

}  // namespace kclhost::host::aws
