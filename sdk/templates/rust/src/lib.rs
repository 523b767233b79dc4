//! Logs each record. What else a plugin can do: docs/rust.md of kclhost.
use kclhost::{Batch, Context, Failure, RecordProcessor};

struct Processor(Context);

impl RecordProcessor for Processor {
    fn new(context: Context, _config_json: &str) -> Result<Self, Failure> {
        Ok(Processor(context))
    }

    fn process_records(&mut self, batch: &Batch) -> Result<(), Failure> {
        for record in batch {
            self.0.log_info(line(record.partition_key(), record.data()));
        }
        Ok(())
    }
}

fn line(key: &str, data: &[u8]) -> String {
    format!("{}: {}", key, String::from_utf8_lossy(data))
}

kclhost::plugin!(Processor, "com.example.my_plugin", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_key_and_data() {
        assert_eq!(line("key", b"hello"), "key: hello");
    }
}
