#include "plugin/config_schema.hpp"

// valijson has RapidJSON's assertions throw, which must not reach the code that others share: so here RapidJSON has
// another namespace. And without exceptions valijson ends the process where a schema is wrong.
#define VALIJSON_USE_EXCEPTIONS 1
#define RAPIDJSON_NAMESPACE rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN \
  namespace rapidjson {           \
  inline namespace throwing {
#define RAPIDJSON_NAMESPACE_END \
  }                             \
  }

#include <valijson/adapters/rapidjson_adapter.hpp>
// That one first.
#include <rapidjson/document.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "support/json.hpp"

namespace kclhost::host::plugin {
namespace {

using SchemaError = valijson::ValidationResults::Error;

// valijson wants a document of its own RapidJSON, which is given nothing but what support/json has read and written.
std::optional<json::Fault> parse(const std::string& text, rapidjson::Document& document) {
  std::string plain;
  if (auto fault = json::rewrite(text, plain)) return fault;
  document.Parse(plain.data(), plain.size());
  return std::nullopt;
}

bool is_draft_4(const rapidjson::Document& schema) {
  if (!schema.IsObject()) return false;
  const auto draft = schema.FindMember("$schema");
  return draft != schema.MemberEnd() && draft->value.IsString() &&
         std::string_view(draft->value.GetString()).find("draft-04") != std::string_view::npos;
}

// "<root>", "[name]", "[0]" are valijson's; names and indexes are ours.
std::vector<std::string> path_of(const std::vector<std::string>& context) {
  std::vector<std::string> path;
  for (std::size_t i = 1; i < context.size(); ++i) path.push_back(context[i].substr(1, context[i].size() - 2));
  return path;
}

std::string quoted_in(const std::string& text) {
  const std::size_t begin = text.find('\'', text.find(':') == std::string::npos ? 0 : text.find(": '"));
  const std::size_t end = text.rfind('\'');
  return begin == std::string::npos || end <= begin ? "" : text.substr(begin + 1, end - begin - 1);
}

// Beside what is wrong with a value, valijson has an error for each object and list that the value stands in.
bool only_wraps(const SchemaError& error, const SchemaError* before) {
  if (before == nullptr) return false;
  constexpr std::string_view wrappers[] = {
      "Failed to validate against schema associated with", "Failed to validate item #",
      "Failed to validate against additional properties", "Failed to validate against child schema"};
  const bool wraps = std::any_of(std::begin(wrappers), std::end(wrappers),
                                 [&](std::string_view start) { return error.description.starts_with(start); });
  std::vector<std::string> inside = error.context;
  if (error.description.find("property name '") != std::string::npos) {
    inside.push_back("[" + quoted_in(error.description) + "]");
  }
  return wraps && inside.size() <= before->context.size() &&
         std::equal(inside.begin(), inside.end(), before->context.begin());
}

// valijson's sentence as a clause: 10.000000 is 10, and no capital, no full stop.
std::string clause_of(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  if (text.ends_with('.')) text.pop_back();
  if (const std::size_t point = text.rfind('.');
      point != std::string::npos && text.find_first_not_of("0123456789", point + 1) == std::string::npos) {
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
  }
  return text;
}

Misfit misfit_of(const SchemaError& error) {
  Misfit misfit{path_of(error.context), clause_of(error.description)};
  if (error.description.starts_with("Object contains a property that could not be validated")) {
    misfit.path.push_back(quoted_in(error.description));
    misfit.message = "the plugin knows no such key";
  } else if (error.description.starts_with("Failed to validate against schema associated with property name")) {
    misfit.path.push_back(quoted_in(error.description));
    misfit.message = "the plugin does not allow this key here";
  }
  return misfit;
}

}  // namespace

std::string Misfit::str(std::string_view config) const {
  std::string text = "'" + std::string(config);
  for (const std::string& name : path) text += "." + name;
  return text + "' does not fit the plugin's schema: " + message;
}

Result<std::vector<Misfit>> find_misfits_unguarded(const std::string& schema_text,
                                                   const std::string& configuration) try {
  rapidjson::Document schema, document;
  if (const auto fault = parse(schema_text, schema)) {
    return Error{"the plugin's config_schema is no JSON: " + fault->str()};
  }
  if (const auto fault = parse(configuration, document)) return std::vector<Misfit>{{{}, fault->what}};
  valijson::Schema rules;
  valijson::SchemaParser parser(is_draft_4(schema) ? valijson::SchemaParser::kDraft4 : valijson::SchemaParser::kDraft7);
  parser.populateSchema(valijson::adapters::RapidJsonAdapter(schema), rules);
  valijson::ValidationResults results;
  valijson::Validator validator;
  std::vector<Misfit> misfits;
  if (validator.validate(rules, valijson::adapters::RapidJsonAdapter(document), &results)) return misfits;
  const SchemaError* before = nullptr;
  for (const SchemaError& error : results) {
    if (!only_wraps(error, before)) misfits.push_back(misfit_of(error));
    before = &error;
  }
  if (misfits.empty()) misfits.push_back({{}, "it is not allowed"});
  return misfits;
} catch (const std::exception& error) {
  return Error{std::string("the plugin's config_schema can't be used: ") + error.what()};
}

}  // namespace kclhost::host::plugin
