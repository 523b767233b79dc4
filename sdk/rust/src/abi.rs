//! kclhost/plugin.h, version 1.0, as Rust sees it: names and meaning are the header's. tests/layout.rs compares the two.

use std::os::raw::{c_char, c_void};

/// Declares structs of the header, and what a test needs to compare them: `layout()`.
macro_rules! structs {
    ($($name:ident as $c_name:literal { $($field:ident: $type:ty,)* })*) => {
        $(
            #[repr(C)]
            #[derive(Clone, Copy)]
            pub struct $name {
                $(pub $field: $type,)*
            }
        )*

        /// Every struct: its name in C, its size, and its fields.
        pub fn layout() -> Vec<(&'static str, usize, Vec<Field>)> {
            vec![$({
                let place = std::mem::MaybeUninit::<$name>::uninit();
                let start = place.as_ptr();
                // A field's address is computed; nothing is read.
                #[allow(unused_unsafe)]
                let fields = vec![$({
                    let at = unsafe { std::ptr::addr_of!((*start).$field) };
                    Field { name: stringify!($field), offset: at as usize - start as usize, size: size_of_pointee(at) }
                },)*];
                ($c_name, std::mem::size_of::<$name>(), fields)
            },)*]
        }
    };
}

/// A struct's field as this compiler has laid it out, in bytes.
pub struct Field {
    pub name: &'static str,
    pub offset: usize,
    pub size: usize,
}

fn size_of_pointee<T>(_: *const T) -> usize {
    std::mem::size_of::<T>()
}

/// Declares constants of the header, and `constants()` for the test.
macro_rules! constants {
    ($($name:ident: $type:ty = $value:expr;)*) => {
        $(pub const $name: $type = $value;)*

        /// Every constant: its name without KCLHOST_, and its value.
        pub fn constants() -> Vec<(&'static str, i128)> {
            vec![$((stringify!($name), $name as i128),)*]
        }
    };
}

pub type Status = i32;

constants! {
    ABI_MAJOR: u32 = 1;
    ABI_MINOR: u32 = 0;
    OK: Status = 0;
    FAILED: Status = 1;
    SHUTDOWN: Status = 2;
    THROTTLING: Status = 3;
    INVALID_STATE: Status = 4;
    DEPENDENCY: Status = 5;
    ILLEGAL_ARGUMENT: Status = 6;
    OTHER_EXCEPTION: Status = 7;
    FAILURE_PERMANENT: u32 = 1;
    FAILURE_CULPRIT: u32 = 2;
    NO_TIMESTAMP: i64 = i64::MIN;
    INITIALIZATION_START: i32 = 0;
    INITIALIZATION_RESTART: i32 = 1;
    INITIALIZATION_SWAP: i32 = 2;
    LOG_TRACE: i32 = 0;
    LOG_DEBUG: i32 = 1;
    LOG_INFO: i32 = 2;
    LOG_WARN: i32 = 3;
    LOG_ERROR: i32 = 4;
    METRIC_COUNTER: i32 = 0;
    METRIC_GAUGE: i32 = 1;
    METRIC_HISTOGRAM: i32 = 2;
    STOP_NO: i32 = 0;
    STOP_DEADLINE: i32 = 1;
    STOP_END: i32 = 2;
    FINISH_NO: i32 = 0;
    FINISH_SHARD_ENDED: i32 = 1;
    FINISH_SHUTDOWN: i32 = 2;
    FINISH_SWAP: i32 = 3;
    FINISH_BISECTION: i32 = 4;
    FINISH_IN_FLIGHT: i32 = 5;
    PLUGIN_CHECKPOINTS: u32 = 1;
    PLUGIN_EMPTY_BATCHES: u32 = 2;
    PLUGIN_ACKNOWLEDGES: u32 = 4;
}

pub const EXTENSION_CHECK_CONFIG: &str = "kclhost.check_config/1";
pub const EXTENSION_SHADOW: &str = "kclhost.shadow/1";

/// kclhost_checkpointer.
pub type CheckpointerHandle = c_void;
/// kclhost_metric.
pub type MetricHandle = c_void;

pub type PluginCall =
    unsafe extern "C" fn(self_: *mut c_void, checkpointer: *mut CheckpointerHandle, error: *mut Error) -> Status;

structs! {
    Text as "kclhost_string" {
        data: *const c_char,
        size: usize,
    }
    Error as "kclhost_error" {
        struct_size: u32,
        flags: u32,
        first_unfinished: u64,
        culprit: u64,
        retry_after_ms: u64,
        name: [u8; 128],
        message: [u8; 1024],
    }
    Record as "kclhost_record" {
        struct_size: u32,
        reserved: u32,
        data: Text,
        partition_key: Text,
        sequence_number: Text,
        sub_sequence_number: i64,
        approximate_arrival_timestamp_ms: i64,
        id: u64,
    }
    Batch as "kclhost_batch" {
        struct_size: u32,
        record_stride: u32,
        records: *const Record,
        record_count: usize,
        millis_behind_latest: i64,
        attempt: u32,
        reserved: u32,
    }
    Initialization as "kclhost_initialization" {
        struct_size: u32,
        reason: i32,
        shard_id: Text,
        sequence_number: Text,
        sub_sequence_number: i64,
    }
    Label as "kclhost_label" {
        name: Text,
        value: Text,
    }
    MetricSpec as "kclhost_metric_spec" {
        struct_size: u32,
        kind: i32,
        name: Text,
        unit: Text,
        help: Text,
        labels: *const Label,
        label_count: usize,
    }
    Host as "kclhost_host" {
        struct_size: u32,
        abi_minor: u32,
        context: *mut c_void,
        version: Text,
        plugin_path: Text,
        application: Text,
        stream: Text,
        shard_id: Text,
        lane: u32,
        lane_count: u32,
        log: unsafe extern "C" fn(context: *mut c_void, level: i32, text: Text),
        log_enabled: unsafe extern "C" fn(context: *mut c_void, level: i32) -> i32,
        register_metric: unsafe extern "C" fn(
            context: *mut c_void, spec: *const MetricSpec, metric: *mut *mut MetricHandle, error: *mut Error,
        ) -> Status,
        record_metric: unsafe extern "C" fn(metric: *mut MetricHandle, value: f64),
        should_stop: unsafe extern "C" fn(context: *mut c_void) -> i32,
        remaining_ms: unsafe extern "C" fn(context: *mut c_void) -> i64,
        finish_reason: unsafe extern "C" fn(context: *mut c_void) -> i32,
        set_tick_interval: unsafe extern "C" fn(context: *mut c_void, interval_ms: u32),
        checkpoint: unsafe extern "C" fn(
            checkpointer: *mut CheckpointerHandle, sequence_number: *const Text, sub_sequence_number: i64,
            error: *mut Error,
        ) -> Status,
        checkpoint_all: unsafe extern "C" fn(checkpointer: *mut CheckpointerHandle, error: *mut Error) -> Status,
        acknowledge: unsafe extern "C" fn(context: *mut c_void, first_id: u64, count: u64),
        reject: unsafe extern "C" fn(context: *mut c_void, id: u64, reason: Text) -> Status,
        get_extension: unsafe extern "C" fn(context: *mut c_void, id: Text) -> *const c_void,
    }
    Plugin as "kclhost_plugin" {
        struct_size: u32,
        abi_major: u32,
        abi_minor: u32,
        flags: u32,
        id: Text,
        version: Text,
        description: Text,
        config_schema: Text,
        create: unsafe extern "C" fn(
            host: *const Host, config_json: Text, self_: *mut *mut c_void, error: *mut Error,
        ) -> Status,
        destroy: unsafe extern "C" fn(self_: *mut c_void),
        initialize: unsafe extern "C" fn(
            self_: *mut c_void, initialization: *const Initialization, error: *mut Error,
        ) -> Status,
        process_records: unsafe extern "C" fn(
            self_: *mut c_void, batch: *const Batch, checkpointer: *mut CheckpointerHandle, error: *mut Error,
        ) -> Status,
        shard_ended: PluginCall,
        lease_lost: unsafe extern "C" fn(self_: *mut c_void, error: *mut Error) -> Status,
        shutdown_requested: PluginCall,
        flush: PluginCall,
        tick: PluginCall,
        get_extension: unsafe extern "C" fn(id: Text) -> *const c_void,
    }
    CheckConfig as "kclhost_check_config" {
        struct_size: u32,
        reserved: u32,
        check: unsafe extern "C" fn(config_json: Text, error: *mut Error) -> Status,
    }
    Shadow as "kclhost_shadow" {
        struct_size: u32,
        reserved: u32,
        create: unsafe extern "C" fn(
            host: *const Host, config_json: Text, self_: *mut *mut c_void, error: *mut Error,
        ) -> Status,
    }
}

// SAFETY: a plugin's table is immutable, and points to what is static.
unsafe impl Sync for Plugin {}

impl Text {
    pub const fn new(text: &str) -> Text {
        Text { data: text.as_ptr() as *const c_char, size: text.len() }
    }

    /// # Safety
    /// What it points to is valid, and does not change, for as long as the caller says.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data as *const u8, self.size)
    }

    /// Panics, which fails the call in progress, when the host breaks its word that text is UTF-8.
    ///
    /// # Safety
    /// As `bytes`.
    pub unsafe fn str<'a>(self) -> &'a str {
        std::str::from_utf8(self.bytes()).expect("kclhost gave text that is not UTF-8")
    }
}

impl Error {
    pub fn none() -> Error {
        Error {
            struct_size: std::mem::size_of::<Error>() as u32,
            flags: 0,
            first_unfinished: 0,
            culprit: 0,
            retry_after_ms: 0,
            name: [0; 128],
            message: [0; 1024],
        }
    }
}

/// Writes text with a NUL behind it; what does not fit is cut between characters.
pub fn write_text(to: &mut [u8], text: &str) {
    let mut size = text.len().min(to.len() - 1);
    while !text.is_char_boundary(size) {
        size -= 1;
    }
    for (place, &byte) in to.iter_mut().zip(&text.as_bytes()[..size]) {
        *place = if byte == 0 { b' ' } else { byte };
    }
    to[size] = 0;
}

/// Text up to its NUL.
pub fn read_text(from: &[u8]) -> String {
    let size = from.iter().position(|&byte| byte == 0).unwrap_or(from.len());
    String::from_utf8_lossy(&from[..size]).into_owned()
}
