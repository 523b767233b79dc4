// AWS's partitions: groups of regions with host names of their own.
#pragma once

#include <string_view>

namespace kclhost::host::aws {

struct Partition {
  std::string_view region_prefix;
  std::string_view arn;                // what ARNs in it begin with, behind "arn:"
  std::string_view suffix;             // of host names
  std::string_view dual_stack_suffix;  // of those that have IPv6 addresses too; empty: there are none
  bool fips_by_default;                // the ordinary host names are those that meet FIPS 140
};

// The one that a region belongs to, by its name; a region of no known kind is taken for one of the commercial ones.
const Partition& partition_of(std::string_view region);

}  // namespace kclhost::host::aws
