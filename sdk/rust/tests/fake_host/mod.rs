//! A host whose functions do nothing but count.

use kclhost::abi;
use std::os::raw::c_void;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// How often one of its functions was called, but for those of a checkpointer and get_extension.
pub static CALLS: AtomicU64 = AtomicU64::new(0);

/// What finish_reason says.
pub static FINISH_REASON: AtomicI32 = AtomicI32::new(abi::FINISH_NO);

fn called() {
    CALLS.fetch_add(1, Ordering::Relaxed);
}
extern "C" fn log(_: *mut c_void, _: i32, _: abi::Text) {
    called()
}
extern "C" fn log_enabled(_: *mut c_void, _: i32) -> i32 {
    called();
    1
}
extern "C" fn register_metric(
    _: *mut c_void,
    _: *const abi::MetricSpec,
    _: *mut *mut c_void,
    _: *mut abi::Error,
) -> abi::Status {
    called();
    abi::OK
}
extern "C" fn record_metric(_: *mut c_void, _: f64) {
    called()
}
extern "C" fn should_stop(_: *mut c_void) -> i32 {
    called();
    abi::STOP_NO
}
extern "C" fn remaining_ms(_: *mut c_void) -> i64 {
    called();
    1
}
extern "C" fn finish_reason(_: *mut c_void) -> i32 {
    FINISH_REASON.load(Ordering::Relaxed)
}
extern "C" fn set_tick_interval(_: *mut c_void, _: u32) {
    called()
}
extern "C" fn checkpoint(_: *mut c_void, _: *const abi::Text, _: i64, _: *mut abi::Error) -> abi::Status {
    abi::OK
}
extern "C" fn checkpoint_all(_: *mut c_void, _: *mut abi::Error) -> abi::Status {
    abi::OK
}
extern "C" fn acknowledge(_: *mut c_void, _: u64, _: u64) {
    called()
}
extern "C" fn reject(_: *mut c_void, _: u64, _: abi::Text) -> abi::Status {
    called();
    abi::OK
}
extern "C" fn get_extension(_: *mut c_void, _: abi::Text) -> *const c_void {
    std::ptr::null()
}

/// A host's table, without a host.
pub fn host() -> abi::Host {
    abi::Host {
        struct_size: std::mem::size_of::<abi::Host>() as u32,
        abi_minor: abi::ABI_MINOR,
        context: std::ptr::null_mut(),
        version: abi::Text::new("1.0.0"),
        plugin_path: abi::Text::new("kept.so"),
        application: abi::Text::new("application"),
        stream: abi::Text::new("stream"),
        shard_id: abi::Text::new("shardId-000000000001"),
        lane: 1,
        lane_count: 2,
        log,
        log_enabled,
        register_metric,
        record_metric,
        should_stop,
        remaining_ms,
        finish_reason,
        set_tick_interval,
        checkpoint,
        checkpoint_all,
        acknowledge,
        reject,
        get_extension,
    }
}
