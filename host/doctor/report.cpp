#include "doctor/report.hpp"

#include <cstdio>

#include "cli/listing.hpp"
#include "support/one_line.hpp"

namespace kclhost::host::doctor {
namespace {

std::string summary(const Outcome& outcome) {
  if (!outcome.looked) return "not looked at: " + one_line(outcome.says);
  if (outcome.findings.empty()) return outcome.says.empty() ? "ok" : "ok: " + one_line(outcome.says);
  return std::to_string(outcome.findings.size()) + (outcome.findings.size() == 1 ? " finding" : " findings");
}

const char* result_of(const Outcome& outcome) {
  return !outcome.looked ? "not looked at" : outcome.findings.empty() ? "ok" : "findings";
}

}  // namespace

std::size_t count_findings(const std::vector<Looked>& all) {
  std::size_t count = 0;
  for (const Looked& one : all) count += one.outcome.findings.size();
  return count;
}

void print_text(const std::vector<Looked>& all) {
  std::vector<std::vector<std::string>> rows{{"CHECK", "RESULT"}};
  for (const Looked& one : all) rows.push_back({one.check, summary(one.outcome)});
  cli::print_columns(rows);
  for (const Looked& one : all) {
    for (const Finding& finding : one.outcome.findings) {
      const std::string where = finding.where.empty() ? "" : finding.where + ": ";
      std::printf("\n%s: %s\n  cure: %s\n", one.check, one_line(where + finding.what).c_str(),
                  one_line(finding.cure).c_str());
    }
  }
}

std::string to_json(const std::vector<Looked>& all) {
  std::string out = "{";
  cli::put_number(out, "findings", count_findings(all));
  cli::put_key(out, "checks");
  out += '[';
  for (const Looked& one : all) {
    if (out.back() != '[') out += ", ";
    out += "\n  {";
    cli::put_text(out, "check", one.check);
    cli::put_text(out, "result", result_of(one.outcome));
    cli::put_text(out, "says", one.outcome.says);
    cli::put_key(out, "findings");
    out += '[';
    for (const Finding& finding : one.outcome.findings) {
      if (out.back() != '[') out += ", ";
      out += '{';
      cli::put_text(out, "where", finding.where);
      cli::put_text(out, "what", finding.what);
      cli::put_text(out, "cure", finding.cure);
      out += '}';
    }
    out += "]}";
  }
  return out + "\n]}\n";
}

}  // namespace kclhost::host::doctor
