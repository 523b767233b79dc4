//! Kinesis record processors in Rust, as plugins of kclhost. A plugin is a `cdylib` with a type that implements one of
//! [`RecordProcessor`], [`AcknowledgingProcessor`] and [`CheckpointingProcessor`], and [`plugin!`] to export it.
//! docs/rust.md is the guide.

#[doc(hidden)]
pub mod abi;
mod checkpointer;
mod context;
mod failure;
mod link;
mod metrics;
mod processors;
mod record;
#[doc(hidden)]
pub mod table;

pub use checkpointer::{CheckpointError, Checkpointer};
pub use context::{AcknowledgingContext, Context, LogLevel, StopReason};
pub use failure::Failure;
pub use metrics::{Counter, Gauge, Histogram, MetricSpec};
pub use processors::{AcknowledgingProcessor, CheckpointingProcessor, Reason, RecordProcessor};
pub use record::{Batch, Beginning, Initialization, Position, Record, Records};
