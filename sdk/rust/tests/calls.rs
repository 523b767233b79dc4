//! Each call of the table arrives where it belongs, with what it was given.

use kclhost::*;
use std::os::raw::{c_char, c_void};
use std::sync::atomic::Ordering;
use std::sync::Mutex;

mod fake_host;

static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn hear(what: impl Into<String>) {
    HEARD.lock().unwrap().push(what.into())
}

struct Listener;

impl CheckpointingProcessor for Listener {
    const DESCRIPTION: &'static str = "listens";
    const EMPTY_BATCHES: bool = true;
    const CAN_SHADOW: bool = true;

    fn check_config(config_json: &str) -> Result<(), Failure> {
        Err(Failure::new(format!("no: {}", config_json)))
    }
    fn new(context: Context, config_json: &str) -> Result<Self, Failure> {
        context.set_tick_interval(std::time::Duration::from_secs(1))?;
        let shadow = if context.is_shadow() { " shadow" } else { "" };
        hear(format!("{} {} {}{}", config_json, context.shard_id(), context.lane_count(), shadow));
        Ok(Listener)
    }
    fn initialize(&mut self, initialization: &Initialization) -> Result<(), Failure> {
        hear(format!("{:?} {:?}", initialization.reason(), initialization.position()));
        Ok(())
    }
    fn process_records(&mut self, batch: &Batch, checkpointer: &mut Checkpointer) -> Result<(), Failure> {
        for record in batch {
            hear(format!("{} {} {:?}", record.id(), record.partition_key(), record.data()));
            assert!(record.comes_after(&Position::default()) && record.approximate_arrival_time().is_none());
            checkpointer.checkpoint(record)?;
        }
        hear(format!("attempt {}, {:?} behind", batch.attempt(), batch.millis_behind_latest()));
        Ok(())
    }
    fn finish(&mut self, checkpointer: &mut Checkpointer, reason: Reason) -> Result<(), Failure> {
        hear(format!("{:?}", reason));
        Ok(checkpointer.checkpoint_all()?)
    }
    fn lease_lost(&mut self) -> Result<(), Failure> {
        hear("lease lost");
        Ok(())
    }
    fn tick(&mut self, _: &mut Checkpointer) -> Result<(), Failure> {
        hear("tick");
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        hear("dropped")
    }
}

/// A record as a newer host has it: with something behind it.
#[repr(C)]
struct Longer {
    record: abi::Record,
    added: u64,
}

fn record(id: u64, partition_key: &'static str) -> Longer {
    Longer {
        record: abi::Record {
            struct_size: std::mem::size_of::<Longer>() as u32,
            reserved: 0,
            data: abi::Text { data: "\u{1}".as_ptr() as *const c_char, size: 1 },
            partition_key: abi::Text::new(partition_key),
            sequence_number: abi::Text::new("17"),
            sub_sequence_number: 0,
            approximate_arrival_timestamp_ms: abi::NO_TIMESTAMP,
            id,
        },
        added: u64::MAX,
    }
}

#[test]
fn every_call_arrives() {
    let plugin = table::table::<Listener, _>("com.example.listener", "1");
    assert_eq!(plugin.flags, abi::PLUGIN_CHECKPOINTS | abi::PLUGIN_EMPTY_BATCHES);
    let host = fake_host::host();
    let records = [record(7, "a"), record(8, "b")];
    let batch = abi::Batch {
        struct_size: std::mem::size_of::<abi::Batch>() as u32,
        record_stride: std::mem::size_of::<Longer>() as u32,
        records: records.as_ptr() as *const abi::Record,
        record_count: records.len(),
        millis_behind_latest: 1500,
        attempt: 2,
        reserved: 0,
    };
    let initialization = abi::Initialization {
        struct_size: std::mem::size_of::<abi::Initialization>() as u32,
        reason: abi::INITIALIZATION_SWAP,
        shard_id: abi::Text::new("shardId-000000000001"),
        sequence_number: abi::Text::new("16"),
        sub_sequence_number: 3,
    };
    let mut error = abi::Error::none();
    let mut this: *mut c_void = std::ptr::null_mut();
    let none = std::ptr::null_mut();
    unsafe {
        assert_eq!((plugin.create)(&host, abi::Text::new("{}"), &mut this, &mut error), abi::OK);
        assert_eq!((plugin.initialize)(this, &initialization, &mut error), abi::OK);
        assert_eq!((plugin.process_records)(this, &batch, none, &mut error), abi::OK);
        for (call, why) in [
            (plugin.tick, abi::FINISH_NO),
            (plugin.flush, abi::FINISH_SWAP),
            (plugin.flush, abi::FINISH_BISECTION),
            (plugin.flush, abi::FINISH_IN_FLIGHT),
            (plugin.shutdown_requested, abi::FINISH_SHUTDOWN),
            (plugin.shard_ended, abi::FINISH_SHARD_ENDED),
        ] {
            fake_host::FINISH_REASON.store(why, Ordering::Relaxed);
            assert_eq!(call(this, none, &mut error), abi::OK);
        }
        assert_eq!((plugin.lease_lost)(this, &mut error), abi::OK);
        (plugin.destroy)(this);

        let checking = (plugin.get_extension)(abi::Text::new("kclhost.check_config/1")) as *const abi::CheckConfig;
        assert_eq!(((*checking).check)(abi::Text::new("[]"), &mut error), abi::FAILED);
        assert_eq!(abi::read_text(&error.message), "no: []");
        assert!((plugin.get_extension)(abi::Text::new("another")).is_null());

        let shadowing = (plugin.get_extension)(abi::Text::new("kclhost.shadow/1")) as *const abi::Shadow;
        assert_eq!(((*shadowing).create)(&host, abi::Text::new("{}"), &mut this, &mut error), abi::OK);
        (plugin.destroy)(this);
    }
    let expected = [
        "{} shardId-000000000001 2",
        "Swap Position { sequence_number: \"16\", sub_sequence_number: 3 }",
        "7 a [1]",
        "8 b [1]",
        "attempt 2, Some(1.5s) behind",
        "tick",
        "Swap",
        "Bisection",
        "InFlight",
        "Shutdown",
        "ShardEnded",
        "lease lost",
        "dropped",
        "{} shardId-000000000001 2 shadow",
        "dropped",
    ];
    assert_eq!(*HEARD.lock().unwrap(), expected);
}
