//! Panics where its configuration says so: "check", "new", "finish", "tick", "lease", "drop", or at a record whose data is "panic".
use kclhost::{Batch, Context, Failure, Reason, RecordProcessor};

struct Panics {
    context: Context,
    at: String,
    seen: usize,
}

impl RecordProcessor for Panics {
    fn check_config(config_json: &str) -> Result<(), Failure> {
        assert!(!config_json.contains("check"), "nobody checks this");
        Ok(())
    }
    fn new(context: Context, config_json: &str) -> Result<Self, Failure> {
        assert!(!config_json.contains("new"), "not today");
        if config_json.contains("tick") {
            context.set_tick_interval(std::time::Duration::from_millis(1))?;
        }
        Ok(Panics { context, at: config_json.to_string(), seen: 0 })
    }
    fn process_records(&mut self, batch: &Batch) -> Result<(), Failure> {
        for record in batch {
            if record.data() == b"panic" {
                panic!("what is {}?", record.partition_key());
            }
            self.seen += 1;
        }
        Ok(())
    }
    fn finish(&mut self, reason: Reason) -> Result<(), Failure> {
        self.context.log_info(format!("seen: {}", self.seen));
        assert!(!self.at.contains("finish"), "no {reason:?} today");
        Ok(())
    }
    fn tick(&mut self) -> Result<(), Failure> {
        assert!(!self.at.contains("tick"), "tock");
        Ok(())
    }
    fn lease_lost(&mut self) -> Result<(), Failure> {
        assert!(!self.at.contains("lease"), "it is not {}", "lost");
        Ok(())
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(!self.at.contains("drop"), "dropped");
    }
}

kclhost::plugin!(Panics, "com.example.panics", "1.0.0");
