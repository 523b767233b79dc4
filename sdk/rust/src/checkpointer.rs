//! How a CheckpointingProcessor records its progress.

use crate::abi;
use crate::record::{Position, Record};
use std::fmt;

/// Why a checkpoint is not recorded. kclhost has already retried as checkpoint.retry says.
#[derive(Clone, Debug)]
pub struct CheckpointError {
    code: abi::Status,
    name: String,
    message: String,
}

impl CheckpointError {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.code, abi::THROTTLING | abi::DEPENDENCY)
    }
    /// Another worker owns the shard now: drop what is held, and stop checkpointing.
    pub fn is_shutdown(&self) -> bool {
        self.code == abi::SHUTDOWN
    }
    /// The KCL's exception, for example "ThrottlingException"; empty when there is none.
    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        match (self.name.as_str(), self.message.as_str()) {
            ("", message) => to.write_str(message),
            (name, "") => to.write_str(name),
            (name, message) => write!(to, "{}: {}", name, message),
        }
    }
}
impl std::error::Error for CheckpointError {}

/// Each call blocks until the KCL has answered. It is lent for one call, and can't be kept or sent to another thread.
pub struct Checkpointer {
    host: *const abi::Host,
    handle: *mut abi::CheckpointerHandle,
}

impl Checkpointer {
    /// # Safety
    /// Both are valid as long as the Checkpointer, which is used on the call's thread alone.
    pub(crate) unsafe fn new(host: *const abi::Host, handle: *mut abi::CheckpointerHandle) -> Checkpointer {
        Checkpointer { host, handle }
    }

    /// All that this instance was given is done, the batch in hand included.
    pub fn checkpoint_all(&mut self) -> Result<(), CheckpointError> {
        // SAFETY: as new() was promised.
        answer(|error| unsafe { ((*self.host).checkpoint_all)(self.handle, error) })
    }
    /// This record and all before it are done.
    pub fn checkpoint(&mut self, record: Record<'_>) -> Result<(), CheckpointError> {
        self.send(record.sequence_number(), record.sub_sequence_number())
    }
    /// The record there and all before it are done.
    pub fn checkpoint_position(&mut self, position: &Position) -> Result<(), CheckpointError> {
        self.send(position.sequence_number(), position.sub_sequence_number())
    }
    /// The same for all of a sequence number, as far as it was delivered.
    pub fn checkpoint_sequence_number(&mut self, sequence_number: &str) -> Result<(), CheckpointError> {
        self.send(sequence_number, -1)
    }

    fn send(&mut self, sequence_number: &str, sub_sequence_number: i64) -> Result<(), CheckpointError> {
        let sequence_number = abi::Text::new(sequence_number);
        // SAFETY: as new() was promised.
        answer(|error| unsafe { ((*self.host).checkpoint)(self.handle, &sequence_number, sub_sequence_number, error) })
    }
}

fn answer(call: impl FnOnce(*mut abi::Error) -> abi::Status) -> Result<(), CheckpointError> {
    let mut error = abi::Error::none();
    match call(&mut error) {
        abi::OK => Ok(()),
        code => {
            Err(CheckpointError { code, name: abi::read_text(&error.name), message: abi::read_text(&error.message) })
        }
    }
}
