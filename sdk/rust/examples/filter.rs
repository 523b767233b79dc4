//! Looks for a word: records that have it are logged, records that are no text are rejected.
#![deny(unsafe_code)]

use kclhost::{Batch, Context, Counter, Failure, MetricSpec, RecordProcessor};

struct Filter {
    context: Context,
    word: String,
    found: Counter,
}

/// The configuration is `{"word": "..."}`; a plugin with more to read takes a JSON library.
fn word(config_json: &str) -> Result<String, Failure> {
    let value = config_json.split_once(':').map_or("", |(_, value)| value.trim_matches(|c| c == ' ' || c == '}'));
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(word) if !word.is_empty() && !word.contains(['\\', '"']) => Ok(word.to_string()),
        _ => Err(Failure::new("plugin.config.word must be a word without quotes and backslashes")),
    }
}

impl RecordProcessor for Filter {
    const DESCRIPTION: &'static str = "logs the records that have a word";
    const CONFIG_SCHEMA: &'static str = r#"{
        "type": "object",
        "properties": {"word": {"type": "string"}},
        "required": ["word"],
        "additionalProperties": false
    }"#;

    fn check_config(config_json: &str) -> Result<(), Failure> {
        word(config_json).map(|_| ())
    }

    fn new(context: Context, config_json: &str) -> Result<Self, Failure> {
        let found = context.counter(&MetricSpec::new("found").help("Records that have the word"))?;
        Ok(Filter { word: word(config_json)?, found, context })
    }

    fn process_records(&mut self, batch: &Batch) -> Result<(), Failure> {
        for record in batch {
            match std::str::from_utf8(record.data()) {
                Ok(text) if text.split_whitespace().any(|word| word == self.word) => {
                    self.found.increment();
                    self.context.log_info(text);
                }
                Ok(_) => {}
                Err(error) => self.context.reject(record.id(), error.to_string())?,
            }
        }
        Ok(())
    }
}

kclhost::plugin!(Filter, "com.example.filter", "1.0.0");
