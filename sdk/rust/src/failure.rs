//! How a call fails, and how panics become failures.

use crate::abi;
use std::any::Any;
use std::error::Error;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

/// Why a call failed. Every error becomes one by `?`; of `process_records` it can say more:
///
/// ```
/// # fn f() -> Result<(), kclhost::Failure> {
/// Err(kclhost::Failure::new("row 17: no such column").done(17).permanent())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Failure {
    message: String,
    name: String,
    done: usize,
    culprit: Option<usize>,
    permanent: bool,
    retry_after: Duration,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            name: String::new(),
            done: 0,
            culprit: None,
            permanent: false,
            retry_after: Duration::ZERO,
        }
    }
    /// The first `count` records of the batch are done, and are not delivered again. (Of a processor that acknowledges
    /// or checkpoints: they are taken on, and done when it says so.) Without a culprit the record behind them is tried
    /// alone next, if count is above 0.
    pub fn done(mut self, count: usize) -> Failure {
        self.done = count;
        self
    }
    /// The record at this index of the batch is to blame: those in front of it are given again, then it alone.
    pub fn culprit(mut self, index: usize) -> Failure {
        self.culprit = Some(index);
        self
    }
    /// Another try would fail as well.
    pub fn permanent(mut self) -> Failure {
        self.permanent = true;
        self
    }
    /// The next try is so far away, at most an hour, whatever the configured policy says.
    pub fn retry_after(mut self, pause: Duration) -> Failure {
        self.retry_after = pause;
        self
    }
    pub fn message(&self) -> &str {
        &self.message
    }

    fn of_panic(payload: Box<dyn Any + Send>) -> Failure {
        let text = payload.downcast::<&str>().map(|text| text.to_string());
        let message = text.or_else(|payload| payload.downcast::<String>().map(|text| *text)).unwrap_or_else(|payload| {
            std::mem::forget(payload); // its destructor is the plugin's, and could panic again
            "panicked with a value that is no text".to_string()
        });
        Failure { name: "panic".to_string(), ..Failure::new(message) }
    }

    fn write(&self, error: &mut abi::Error) {
        abi::write_text(&mut error.name, &self.name);
        abi::write_text(&mut error.message, &self.message);
        error.first_unfinished = self.done as u64;
        if self.permanent {
            error.flags |= abi::FAILURE_PERMANENT;
        }
        if let Some(index) = self.culprit {
            error.flags |= abi::FAILURE_CULPRIT;
            error.culprit = index as u64;
        }
        error.retry_after_ms = u64::try_from(self.retry_after.as_millis()).unwrap_or(u64::MAX);
    }
}

/// The error, and what it says its sources are.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{}: {}", message, cause);
            source = cause.source();
        }
        Failure { name: std::any::type_name::<E>().to_string(), ..Failure::new(message) }
    }
}

/// Runs what a call asks for; a failure or a panic becomes the call's error.
///
/// # Safety
/// `error` is null or the host's.
pub(crate) unsafe fn guarded(error: *mut abi::Error, body: impl FnOnce() -> Result<(), Failure>) -> abi::Status {
    let failure = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return abi::OK,
        Ok(Err(failure)) => failure,
        Err(payload) => Failure::of_panic(payload),
    };
    if !error.is_null() && (*error).struct_size as usize >= std::mem::size_of::<abi::Error>() {
        failure.write(&mut *error);
    }
    abi::FAILED
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    fn error_of(body: impl FnOnce() -> Result<(), Failure>) -> (String, String, abi::Error) {
        let mut error = abi::Error::none();
        assert_eq!(unsafe { guarded(&mut error, body) }, abi::FAILED);
        (abi::read_text(&error.name), abi::read_text(&error.message), error)
    }

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl fmt::Display for Outer {
        fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
            write!(to, "line 3")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn an_error_says_its_type_and_its_sources() {
        let (name, message, _) = error_of(|| Ok("x".parse::<i32>().map(|_| ()).map_err(Outer)?));
        assert!(name.ends_with("Outer"), "{}", name);
        assert_eq!(message, "line 3: invalid digit found in string");
    }

    #[test]
    fn a_failure_says_what_is_known() {
        let failure = Failure::new("x").done(2).culprit(3).permanent().retry_after(Duration::from_secs(5));
        let (name, message, error) = error_of(|| Err(failure));
        assert_eq!((name.as_str(), message.as_str()), ("", "x"));
        assert_eq!((error.first_unfinished, error.culprit, error.retry_after_ms), (2, 3, 5000));
        assert_eq!(error.flags, abi::FAILURE_PERMANENT | abi::FAILURE_CULPRIT);
    }

    #[test]
    fn a_panic_is_a_failure() {
        let (name, message, _) = error_of(|| panic!("number {}", 7));
        assert_eq!((name.as_str(), message.as_str()), ("panic", "number 7"));
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_stays_inside() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let (_, message, _) = error_of(|| std::panic::panic_any(Bomb));
        assert_eq!(message, "panicked with a value that is no text");
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let (_, message, _) = error_of(|| Err(Failure::new("ä".repeat(600))));
        assert_eq!(message, "ä".repeat(511));
    }
}
