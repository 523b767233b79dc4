//! Panics where its configuration says so: "new", "drop", or at a record whose data is "panic".
use kclhost::{Batch, Context, Failure, Reason, RecordProcessor};

struct Panics {
    context: Context,
    at_drop: bool,
    seen: usize,
}

impl RecordProcessor for Panics {
    fn check_config(config_json: &str) -> Result<(), Failure> {
        assert!(!config_json.contains("check"), "nobody checks this");
        Ok(())
    }
    fn new(context: Context, config_json: &str) -> Result<Self, Failure> {
        assert!(!config_json.contains("new"), "not today");
        Ok(Panics { context, at_drop: config_json.contains("drop"), seen: 0 })
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
    fn finish(&mut self, _: Reason) -> Result<(), Failure> {
        self.context.log_info(format!("seen: {}", self.seen));
        Ok(())
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(!self.at_drop, "dropped");
    }
}

kclhost::plugin!(Panics, "com.example.panics", "1.0.0");
