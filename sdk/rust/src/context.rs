//! What kclhost offers an instance: log, metrics, its place in the application, the time that is left, and verdicts.

use crate::abi;
use crate::failure::Failure;
use crate::link::Link;
use crate::metrics::{Counter, Gauge, Handle, Histogram, MetricSpec};
use crate::record::Batch;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum LogLevel {
    Trace = abi::LOG_TRACE,
    Debug = abi::LOG_DEBUG,
    Info = abi::LOG_INFO,
    Warn = abi::LOG_WARN,
    Error = abi::LOG_ERROR,
}

/// Why the call in progress should return early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Its time has passed.
    Deadline,
    /// The host is about to end, or another instance to take over; or this one has ended.
    End,
}

/// Cloned freely, and used on any thread, but for `set_tick_interval`. What outlives its instance does nothing more.
#[derive(Clone)]
pub struct Context {
    link: Arc<Link>,
}

impl Context {
    pub(crate) fn new(link: Arc<Link>) -> Context {
        Context { link }
    }

    /// The KCL's application; empty where there is none, as with `kclhost replay`.
    pub fn application(&self) -> &str {
        &self.link.identity.application
    }
    /// The stream's name; empty where there is none.
    pub fn stream(&self) -> &str {
        &self.link.identity.stream
    }
    pub fn shard_id(&self) -> &str {
        &self.link.identity.shard_id
    }
    /// Of the shard's instances, from 0. With `concurrency` above 1 a shard has several, and each partition key keeps to
    /// one of them.
    pub fn lane(&self) -> u32 {
        self.link.identity.lane
    }
    pub fn lane_count(&self) -> u32 {
        self.link.identity.lane_count
    }
    /// This instance sees copies of records that another plugin processes: it must have no effect outside. Never true
    /// where the type does not set CAN_SHADOW.
    pub fn is_shadow(&self) -> bool {
        self.link.identity.is_shadow
    }
    /// kclhost's own.
    pub fn host_version(&self) -> &str {
        &self.link.identity.version
    }

    /// One log line; kclhost adds time, shard, and the plugin's id and version.
    pub fn log(&self, level: LogLevel, line: impl AsRef<str>) {
        // SAFETY: the host's function takes any level and text, on any thread. So do, each with theirs, those below.
        let line = abi::Text::new(line.as_ref());
        self.link.with(|host| unsafe { (host.log)(host.context, level as i32, line) });
    }
    pub fn log_trace(&self, line: impl AsRef<str>) {
        self.log(LogLevel::Trace, line)
    }
    pub fn log_debug(&self, line: impl AsRef<str>) {
        self.log(LogLevel::Debug, line)
    }
    pub fn log_info(&self, line: impl AsRef<str>) {
        self.log(LogLevel::Info, line)
    }
    pub fn log_warn(&self, line: impl AsRef<str>) {
        self.log(LogLevel::Warn, line)
    }
    pub fn log_error(&self, line: impl AsRef<str>) {
        self.log(LogLevel::Error, line)
    }
    /// Ask before building a line that costs something.
    pub fn log_enabled(&self, level: LogLevel) -> bool {
        self.link.with(|host| unsafe { (host.log_enabled)(host.context, level as i32) != 0 }).unwrap_or(false)
    }

    /// Makes a metric, or finds the one with the same name and labels. It fails for what is wrong with a name, or differs
    /// from what the metric was made with: make metrics in `new`.
    pub fn counter(&self, spec: &MetricSpec) -> Result<Counter, Failure> {
        Ok(Counter(Handle::new(&self.link, abi::METRIC_COUNTER, spec)?))
    }
    pub fn gauge(&self, spec: &MetricSpec) -> Result<Gauge, Failure> {
        Ok(Gauge(Handle::new(&self.link, abi::METRIC_GAUGE, spec)?))
    }
    pub fn histogram(&self, spec: &MetricSpec) -> Result<Histogram, Failure> {
        Ok(Histogram(Handle::new(&self.link, abi::METRIC_HISTOGRAM, spec)?))
    }

    /// Whether, and why, the call in progress should return early.
    pub fn should_stop(&self) -> Option<StopReason> {
        match self.link.with(|host| unsafe { (host.should_stop)(host.context) }) {
            Some(abi::STOP_NO) => None,
            Some(abi::STOP_DEADLINE) => Some(StopReason::Deadline),
            _ => Some(StopReason::End),
        }
    }
    /// What is left of the time of the call in progress, zero when it has passed; None where it has no limit, and between
    /// calls.
    pub fn remaining(&self) -> Option<Duration> {
        match self.link.with(|host| unsafe { (host.remaining_ms)(host.context) }) {
            None | Some(i64::MAX) => None,
            Some(left) => u64::try_from(left).ok().map(Duration::from_millis),
        }
    }

    /// `tick` is called this often from now on, whether records come or not; zero, which is the default: never. From
    /// `new` and calls alone, on their thread.
    pub fn set_tick_interval(&self, interval: Duration) -> Result<(), Failure> {
        let milliseconds = u32::try_from(interval.as_millis()).map_err(|_| {
            Failure::new(format!("a tick interval is at most 4294967295 ms, and this is {:?}", interval))
        })?;
        if milliseconds == 0 && !interval.is_zero() {
            return Err(Failure::new(format!("a tick interval is at least 1 ms, and this is {:?}", interval)));
        }
        if !self.link.on_call_thread() {
            return Err(Failure::new("set_tick_interval is for the thread that kclhost calls the plugin on"));
        }
        self.link.with(|host| unsafe { (host.set_tick_interval)(host.context, milliseconds) });
        Ok(())
    }

    /// The record with this id can't ever be processed: it goes where on_error.then sends it, without another try, and
    /// the rest goes on. From within process_records, about a record of its batch; an AcknowledgingProcessor may also do
    /// it later, about a record that is not done. It fails for any other.
    pub fn reject(&self, record_id: u64, reason: impl AsRef<str>) -> Result<(), Failure> {
        let reason = abi::Text::new(reason.as_ref());
        match self.link.with(|host| unsafe { (host.reject)(host.context, record_id, reason) }) {
            Some(abi::OK) => Ok(()),
            Some(_) => Err(Failure::new(format!(
                "record {} is none that can be rejected here: it is of another call, or was never given",
                record_id
            ))),
            None => Err(Failure::new(format!("record {} can't be rejected: the instance has ended", record_id))),
        }
    }
}

/// What an AcknowledgingProcessor is made with: a Context that acknowledges.
#[derive(Clone)]
pub struct AcknowledgingContext {
    context: Context,
}

impl AcknowledgingContext {
    pub(crate) fn new(link: Arc<Link>) -> AcknowledgingContext {
        AcknowledgingContext { context: Context::new(link) }
    }

    /// The record with this id is done; in any order, in the call that brought it or later. It never waits for the KCL.
    pub fn acknowledge(&self, record_id: u64) {
        self.acknowledge_range(record_id, 1)
    }
    /// So many records are done, from this one on.
    pub fn acknowledge_range(&self, first_record_id: u64, count: u64) {
        // SAFETY: the host's function takes any numbers, on any thread.
        self.link.with(|host| unsafe { (host.acknowledge)(host.context, first_record_id, count) });
    }
    pub fn acknowledge_batch(&self, batch: &Batch<'_>) {
        if let Some(first) = batch.get(0) {
            self.acknowledge_range(first.id(), batch.len() as u64)
        }
    }
}

impl Deref for AcknowledgingContext {
    type Target = Context;
    fn deref(&self) -> &Context {
        &self.context
    }
}
