// What `kclhost check` and `kclhost launch` refuse, and what check notes as a risk.
#include "doctor/checks.hpp"

namespace kclhost::host::doctor {

Outcome look_at_configuration(Setup& setup) {
  Outcome outcome;
  const std::string cure = "correct it; kclhost check " + setup.arguments() + " looks at this alone";
  for (const config::Problem& problem : setup.checked.problems) {
    const std::string where =
        problem.file + ':' + std::to_string(problem.position.line) + ':' + std::to_string(problem.position.column);
    outcome.findings.push_back(finding_of(where, problem.message, cure));
  }
  if (setup.has_daemon() && !setup.command) {
    outcome.findings.push_back(finding_of(setup.file(), setup.command.error(), cure));
  }
  for (const cli::Note& note : setup.checked.notes) {
    if (!note.cure.empty())
      outcome.findings.push_back({note.where.empty() ? setup.file() : note.where, note.what, note.cure});
  }
  if (setup.checked.plugin) outcome.says = "plugin " + setup.checked.plugin->id + " " + setup.checked.plugin->version;
  return outcome;
}

}  // namespace kclhost::host::doctor
