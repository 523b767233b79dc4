//! What outlives its instance is harmless: the host's table is gone by then, and nobody looks at it.

use kclhost::*;
use std::sync::atomic::Ordering;
use std::sync::Mutex;

mod fake_host;
use fake_host::{host, CALLS};

static KEPT: Mutex<Option<(AcknowledgingContext, Counter)>> = Mutex::new(None);

struct Kept;

impl AcknowledgingProcessor for Kept {
    fn new(context: AcknowledgingContext, config_json: &str) -> Result<Self, Failure> {
        let rows = context.counter(&MetricSpec::new("rows"))?;
        *KEPT.lock().unwrap() = Some((context, rows));
        match config_json {
            "{}" => Ok(Kept),
            _ => Err(Failure::new("refused")),
        }
    }
    fn process_records(&mut self, _: &Batch) -> Result<(), Failure> {
        Ok(())
    }
    fn finish(&mut self, _: Reason) -> Result<(), Failure> {
        Ok(())
    }
}

/// How many calls have reached the host when all that the context offers was used on another thread.
fn use_it_all() -> u64 {
    let (context, rows) = KEPT.lock().unwrap().clone().unwrap();
    let before = CALLS.load(Ordering::Relaxed);
    std::thread::spawn(move || {
        context.log_info("x");
        let _ = (context.log_enabled(LogLevel::Info), context.gauge(&MetricSpec::new("depth")));
        let _ = (context.should_stop(), context.remaining(), context.reject(0, "x"));
        context.acknowledge(0);
        rows.increment();
        assert!(context.set_tick_interval(std::time::Duration::from_secs(1)).is_err(), "it is not the calls' thread");
        assert_eq!((context.application(), context.stream(), context.lane()), ("application", "stream", 1));
    })
    .join()
    .unwrap();
    CALLS.load(Ordering::Relaxed) - before
}

#[test]
fn nothing_reaches_the_host_when_the_instance_has_ended() {
    let plugin = table::table::<Kept, _>("com.example.kept", "1");
    assert_eq!(plugin.flags, abi::PLUGIN_ACKNOWLEDGES);
    let mut host = host();
    let mut instance = std::ptr::null_mut();
    let mut error = abi::Error::none();
    unsafe {
        assert_eq!((plugin.create)(&host, abi::Text::new("{}"), &mut instance, &mut error), abi::OK);
        assert_eq!(use_it_all(), 8);
        (plugin.destroy)(instance);
        assert_eq!(use_it_all(), 0);

        assert_eq!((plugin.create)(&host, abi::Text::new("[]"), &mut instance, &mut error), abi::FAILED);
        assert_eq!(abi::read_text(&error.message), "refused");
        assert_eq!(use_it_all(), 0);

        host.struct_size -= 1;
        assert_eq!((plugin.create)(&host, abi::Text::new("{}"), &mut instance, &mut error), abi::FAILED);
        assert_eq!(abi::read_text(&error.message), "the host's table is shorter than that of ABI 1.0");
    }
    let (context, _) = KEPT.lock().unwrap().clone().unwrap();
    assert_eq!(context.should_stop(), Some(StopReason::End));
    assert!(context.reject(0, "x").is_err());
}
