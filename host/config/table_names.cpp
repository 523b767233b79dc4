#include "config/table_names.hpp"

#include <string_view>

#include "config/messages.hpp"

namespace kclhost::host::config {
namespace {

struct Table {
  std::string_view property;
  std::string_view ending;  // after the application's name
};
constexpr Table tables[] = {{"tableName", ""},
                            {"coordinatorStateTableName", "-CoordinatorState"},
                            {"workerMetricsTableName", "-WorkerMetricStats"}};

constexpr std::string_view rule = "DynamoDB takes 3 to 255 characters of a-z, A-Z, 0-9, '_', '.' and '-'";

bool is_table_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return name.size() >= 3 && name.size() <= 255 && name.find_first_not_of(allowed) == std::string_view::npos;
}

// The property's value, else the name that the application's gives it; "" without either.
std::string name_of(const Table& of, const std::map<std::string, std::string>& properties) {
  if (const auto set = properties.find(std::string(of.property)); set != properties.end()) return set->second;
  const auto application = properties.find("applicationName");
  return application == properties.end() ? "" : application->second + std::string(of.ending);
}

}  // namespace

TableNames table_names(const std::map<std::string, std::string>& properties) {
  return {name_of(tables[0], properties), name_of(tables[1], properties), name_of(tables[2], properties)};
}

std::vector<BadTableName> find_bad_table_names(const std::map<std::string, std::string>& properties) {
  std::vector<BadTableName> bad;
  std::vector<std::string_view> to_set;  // the properties that would help
  std::string first;
  const auto application = properties.find("applicationName");
  for (const Table& table : tables) {
    const std::string property(table.property);
    if (const auto set = properties.find(property); set != properties.end()) {
      if (is_table_name(set->second)) continue;
      bad.push_back({property, "'daemon.properties." + property + "' can't name a table: " + std::string(rule) +
                                   ", not " + in_quotes(set->second)});
    } else if (application != properties.end()) {
      const std::string name = application->second + std::string(table.ending);
      if (is_table_name(name)) continue;
      if (to_set.empty()) first = name;
      to_set.push_back(table.property);
    }
  }
  if (!to_set.empty()) {
    bad.push_back({application->first, "'daemon.properties.applicationName' can't name the table " + in_quotes(first) +
                                           ": " + std::string(rule) + "; change it, or set " + join(to_set, " and ")});
  }
  return bad;
}

}  // namespace kclhost::host::config
