//! The three traits, of which a plugin implements one. They differ in when a record is done, which is to say: up to when
//! kclhost keeps it, and gives it to another instance if this one dies.

use crate::checkpointer::Checkpointer;
use crate::context::{AcknowledgingContext, Context};
use crate::failure::Failure;
use crate::record::{Batch, Initialization};

/// Why an instance is to finish what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The shard was split or merged: no more records come.
    ShardEnded,
    /// The worker is being shut down.
    Shutdown,
    /// Another instance takes over.
    Swap,
    /// A record that kills, or fails, is looked for; more records follow.
    Bisection,
    /// More is held than `in_flight` allows; more records follow. One that acknowledges must not wait for this: at that
    /// limit it gets nothing but ticks until it has acknowledged some of what it holds.
    InFlight,
}

/// What the three have in common.
macro_rules! common {
    ($context:ty) => {
        /// One line, for `kclhost inspect`.
        const DESCRIPTION: &'static str = "";
        /// JSON Schema of plugin.config.
        const CONFIG_SCHEMA: &'static str = "";
        /// process_records is also called with empty batches, when the shard is idle.
        const EMPTY_BATCHES: bool = false;
        /// It can run as a shadow: where Context::is_shadow says so, it has no effect outside.
        const CAN_SHADOW: bool = false;

        /// Fails when a configuration that fits the schema will not do. `kclhost check` calls it, without an instance;
        /// `new` has to see for itself.
        fn check_config(config_json: &str) -> Result<(), Failure> {
            let _ = config_json;
            Ok(())
        }
        /// Makes an instance for one shard. `config_json` is plugin.config as JSON text, "{}" when there is none.
        fn new(context: $context, config_json: &str) -> Result<Self, Failure>;
        /// Once, before all else.
        fn initialize(&mut self, initialization: &Initialization<'_>) -> Result<(), Failure> {
            let _ = initialization;
            Ok(())
        }
        /// Another worker owns the shard now; nothing can be checkpointed.
        fn lease_lost(&mut self) -> Result<(), Failure> {
            Ok(())
        }
    };
}

/// A record is done when the process_records that was given it returns Ok. kclhost checkpoints.
pub trait RecordProcessor: Sized + 'static {
    common!(Context);
    /// After a failure the records come again, as the configured policy says.
    fn process_records(&mut self, batch: &Batch<'_>) -> Result<(), Failure>;
    /// The shard's end is checkpointed by kclhost when this returns Ok.
    fn finish(&mut self, reason: Reason) -> Result<(), Failure> {
        let _ = reason;
        Ok(())
    }
    /// As often as Context::set_tick_interval says, between other calls; late when one of them takes longer. A failure is
    /// logged and has no other consequence.
    fn tick(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A record is done when the plugin acknowledges it, on any thread, in any order, in the call that brought it or later.
/// kclhost checkpoints.
pub trait AcknowledgingProcessor: Sized + 'static {
    common!(AcknowledgingContext);
    /// A failure of the call is one of those of its records that are not acknowledged.
    fn process_records(&mut self, batch: &Batch<'_>) -> Result<(), Failure>;
    /// Finish what is held. It may return before all is acknowledged; kclhost waits for that.
    fn finish(&mut self, reason: Reason) -> Result<(), Failure>;
    /// As RecordProcessor's.
    fn tick(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A record is done when the plugin checkpoints it or a later one, as with the KCL itself.
pub trait CheckpointingProcessor: Sized + 'static {
    common!(Context);
    fn process_records(&mut self, batch: &Batch<'_>, checkpointer: &mut Checkpointer) -> Result<(), Failure>;
    /// Finish and checkpoint what is held. The shard's end is checkpointed by kclhost when this returns Ok and the plugin
    /// did not.
    fn finish(&mut self, checkpointer: &mut Checkpointer, reason: Reason) -> Result<(), Failure>;
    /// As RecordProcessor's. A checkpoint in it waits for the daemon's next message.
    fn tick(&mut self, checkpointer: &mut Checkpointer) -> Result<(), Failure> {
        let _ = checkpointer;
        Ok(())
    }
}
