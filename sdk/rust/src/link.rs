//! An instance's way to its host, which ends when the instance does, whoever still holds it.

use crate::abi;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, ThreadId};

/// The host's table is valid until destroy returns; threads of the plugin may live longer. So each call looks here.
pub struct Link {
    host: RwLock<*const abi::Host>, // null when the instance has ended
    thread: ThreadId,
    pub identity: Identity,
}

/// What does not change; copied, to outlive the host's table.
pub struct Identity {
    pub version: String,
    pub application: String,
    pub stream: String,
    pub shard_id: String,
    pub lane: u32,
    pub lane_count: u32,
    pub is_shadow: bool,
}

// SAFETY: the functions that `with` is used for may be called from any thread; what may not looks at `on_call_thread`.
unsafe impl Send for Link {}
unsafe impl Sync for Link {}

impl Link {
    /// What `body` says of the host's table; None when the instance has ended.
    pub fn with<T>(&self, body: impl FnOnce(&abi::Host) -> T) -> Option<T> {
        let host = self.host.read().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: Life takes the pointer away before the table goes, and waits for this guard.
        unsafe { host.as_ref() }.map(body)
    }

    /// Whether this is the thread that the instance is called from.
    pub fn on_call_thread(&self) -> bool {
        thread::current().id() == self.thread
    }
}

/// The time in which the link leads somewhere.
pub struct Life(pub Arc<Link>);

impl Life {
    /// # Safety
    /// `host` is the whole table that create was given, valid as long as the Life. On the thread of the calls.
    pub unsafe fn new(host: *const abi::Host, is_shadow: bool) -> Life {
        let table = &*host;
        let own = |text: abi::Text| String::from_utf8_lossy(text.bytes()).into_owned();
        Life(Arc::new(Link {
            host: RwLock::new(host),
            thread: thread::current().id(),
            identity: Identity {
                version: own(table.version),
                application: own(table.application),
                stream: own(table.stream),
                shard_id: own(table.shard_id),
                lane: table.lane,
                lane_count: table.lane_count,
                is_shadow,
            },
        }))
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        *self.0.host.write().unwrap_or_else(PoisonError::into_inner) = std::ptr::null();
    }
}
