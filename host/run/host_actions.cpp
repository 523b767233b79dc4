// Carries out what the shard asks.
#include "run/host.hpp"
#include "run/worker_spec.hpp"
#include "store/crash_report.hpp"
#include "store/state_key.hpp"
#include "support/exit_code.hpp"

namespace kclhost::host::run {

void Host::carry_out() {
  while (!shard_.actions().empty() && !exit_code_) {
    acting_.clear();
    acting_.swap(shard_.actions());
    for (const Action& one : acting_) {
      if (!exit_code_) std::visit([this](const auto& what) { act(what); }, one);
    }
  }
  // The plugin has it, and whoever waits for something has been told.
  if (shadow_ && batch_for_shadow_ && !exit_code_) shadow_->offer(*std::exchange(batch_for_shadow_, std::nullopt));
}

void Host::act(const action::StartWorker& start) {
  report_.started(start);
  const auto not_started = [&](const std::string& why, bool may_pass) {
    report_.failed_to_start(start.worker);
    shard_.not_started(start.worker, why, may_pass, now());
  };
  bool may_pass = false;
  const Result<Releases::Parts> parts = releases_.parts(start.release, &may_pass);
  if (!parts) return not_started(parts.error(), may_pass);
  worker::Spec spec = worker_spec(config_, user_);
  spec.staged_path = parts->staged_path;
  spec.plugin_path = parts->plugin_path;
  spec.config_json = parts->config_json;
  spec.lane = start.lane;
  spec.lane_count = static_cast<std::uint32_t>(config_.concurrency);
  spec.any_config = parts->initialized;
  const auto begin = config_.isolation == config::Isolation::process ? worker::start_process : worker::start_thread;
  auto started = begin(start.worker, std::move(spec), loop_, &buffer_, *this);
  if (!started) return not_started(started.error(), true);
  lives_.push_back(std::move(*started));
  running_[start.worker].release = start.release;
}

void Host::act(const action::CallWorker& call) {
  if (call.request.call == Call::process_records) {
    Running& running = running_[call.worker];
    running.records = call.request.batch.count;
    running.began = Clock::now();
  }
  report_.called(call);
  if (worker::Life* one = life(call.worker)) one->call(call.number, call.request);
}

void Host::act(const action::AnswerCheckpoint& answer) {
  if (worker::Life* one = life(answer.worker)) one->answer_checkpoint(answer.number, answer.answer);
}

void Host::act(const action::RequestStop& stop) {
  if (worker::Life* one = life(stop.worker)) one->request_stop(stop.why);
}

void Host::act(const action::KillWorker& kill) {
  if (worker::Life* one = life(kill.worker)) one->kill(kill.kind, kill.message, kill.soon);
}

void Host::act(const action::LetGo& gone) {
  report_.let_go(gone.worker);
  std::erase_if(lives_, [&gone](const auto& one) { return one->id() == gone.worker; });
  running_.erase(gone.worker);
  metrics_.forget(gone.worker);
}

void Host::act(const action::SendStatus&) {
  if (shard_.shard_end_recorded()) {
    for (const auto& journal : journals_) journal->remove();
  }
  report_.answered();
  if (!daemon_.send_status(answering_)) return daemon_gone(true);
  unmap_program_ |= answering_ == "initialize";
  if (!shadow_) return;
  if (answering_ == "initialize") shadow_->begin(shard_id_, shard_.position());
  if (answering_ != "processRecords") return;
  if (!shard_.is_lease_lost()) return shadow_->plugin_finished();
  batch_for_shadow_.reset();
  shadow_->plugin_left_it();
}

void Host::act(const action::SendCheckpoint& checkpoint) {
  if (!daemon_.send_checkpoint(checkpoint.sequence_number, checkpoint.sub_sequence_number)) return daemon_gone(false);
  report_.checkpoint_sent();
  awaiting_answer_ = true;
}

void Host::act(const action::WriteJournal& write) {
  if (write.lane >= journals_.size()) return;
  notes_.clear();
  shard_.journal(write.lane, notes_);
  journals_[write.lane]->write(notes_);
  if (!write.sync) return;
  const std::string why = journals_[write.lane]->sync();
  if (!why.empty() && !journal_failed_) log_.warn(why + "; should the machine go down, tries are forgotten");
  journal_failed_ = !why.empty();
}

void Host::act(const action::WriteDeadLetters& write) {
  const auto failed = [&](const std::string& why) { shard_.set_aside_done(write.lane, why, now()); };
  if (!dead_letters_) {
    bool repaired = false;
    auto opened = store::DeadLetters::open(config_.dead_letter, state_owner(config_), shard_id_, repaired);
    if (!opened) return failed(opened.error());
    if (repaired) {
      log_.warn("the last dead letter was cut short by a crash and is removed; its batch was never acknowledged");
    }
    dead_letters_ = std::move(*opened);
  }
  std::vector<store::DeadLetter> letters;
  for (const action::WriteDeadLetters::Letter& one : write.letters) {
    letters.push_back({.data = one.data,
                       .partition_key = one.partition_key,
                       .sequence_number = one.sequence_number,
                       .sub_sequence_number = one.sub_sequence_number,
                       .arrival_ms = one.arrival_ms,
                       .error_code = write.error_code,
                       .error_text = write.error_text,
                       .attempts = one.attempts,
                       .first_try_ms = write.first_try_ms,
                       .last_try_ms = write.last_try_ms});
  }
  const store::DeadLetterOrigin origin{store::daemon_property(config_, "streamName"),
                                       store::daemon_property(config_, "applicationName"),
                                       shard_id_,
                                       write.plugin_id,
                                       write.plugin_version,
                                       write.generation};
  const auto written = dead_letters_->append(letters, origin);
  report_.changed();
  failed(written ? std::string() : written.error());
}

void Host::act(const action::LookForRelease&) {
  if (releases_.look()) follow_releases();
  shard_.looked(now());
}

void Host::act(const action::ReleaseTaken& taken) {
  if (taken.by_all) releases_.taken(taken.release);
}

void Host::act(const action::ReleaseRefused& refused) {
  releases_.refused(refused.release, refused.why);
}

void Host::act(const action::ReleaseUndone& undone) {
  releases_.undone(undone.release, undone.why);
  follow_releases();  // rollout.undo_on may allow more of it, and the trial goes on
}

void Host::act(const action::NamePlugin& plugin) {
  log_.set_plugin(plugin.id, plugin.version, plugin.release, releases_.sha256(plugin.release));
}

void Host::act(const action::WriteCrashReport& report) {
  store::write_crash_report(config_, log_, shard_id_, report.generation, report.death, report.records);
}

void Host::act(const action::Tell& tell) {
  report_.told(tell);
  if (!log_.enabled(tell.level)) return;
  std::vector<observe::Log::Field> fields;
  for (const auto& [key, value] : tell.fields) fields.push_back({key, value});
  log_.write(tell.level, "host", tell.text, fields);
}

void Host::act(const action::End& end_of_shard) {
  end(end_of_shard.exit_code, end_of_shard.message);
}

}  // namespace kclhost::host::run
