//! What an instance is given: records, batches of them, their places in the shard, and where it begins.

use crate::abi;
use std::cmp::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A place in a shard. Positions compare by number, as the shard has its records; what is no number (TRIM_HORIZON,
/// LATEST, AT_TIMESTAMP, nothing) comes before every number. The default comes before every record.
#[derive(Clone, Debug, Default)]
pub struct Position {
    sequence_number: String,
    sub_sequence_number: i64,
}

impl Position {
    pub fn new(sequence_number: impl Into<String>, sub_sequence_number: i64) -> Position {
        Position { sequence_number: sequence_number.into(), sub_sequence_number }
    }
    pub fn sequence_number(&self) -> &str {
        &self.sequence_number
    }
    /// The position inside a KPL aggregate, else 0.
    pub fn sub_sequence_number(&self) -> i64 {
        self.sub_sequence_number
    }
}

fn order(a: (&str, i64), b: (&str, i64)) -> Ordering {
    // Numbers have no leading zeros: the longer one is greater.
    fn number(text: &str) -> Option<(usize, &str)> {
        text.starts_with(|first: char| first.is_ascii_digit()).then_some((text.len(), text))
    }
    number(a.0).cmp(&number(b.0)).then(a.1.cmp(&b.1))
}

impl Ord for Position {
    fn cmp(&self, other: &Position) -> Ordering {
        order((&self.sequence_number, self.sub_sequence_number), (&other.sequence_number, other.sub_sequence_number))
    }
}
impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Position) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Position {
    fn eq(&self, other: &Position) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Position {}

/// One Kinesis record, or one user record out of a KPL aggregate: a view that ends with the call that brought it.
#[derive(Clone, Copy)]
pub struct Record<'call> {
    raw: &'call abi::Record,
}

// SAFETY: a view of memory that nobody changes during the call.
unsafe impl Send for Record<'_> {}
unsafe impl Sync for Record<'_> {}

impl<'call> Record<'call> {
    pub fn data(&self) -> &'call [u8] {
        // SAFETY: valid until the call returns, which 'call does not outlive; so are the two below.
        unsafe { self.raw.data.bytes() }
    }
    pub fn partition_key(&self) -> &'call str {
        unsafe { self.raw.partition_key.str() }
    }
    pub fn sequence_number(&self) -> &'call str {
        unsafe { self.raw.sequence_number.str() }
    }
    /// The position inside a KPL aggregate, else 0.
    pub fn sub_sequence_number(&self) -> i64 {
        self.raw.sub_sequence_number
    }
    pub fn approximate_arrival_time(&self) -> Option<SystemTime> {
        let since_epoch = self.raw.approximate_arrival_timestamp_ms;
        if since_epoch == abi::NO_TIMESTAMP {
            return None;
        }
        let distance = Duration::from_millis(since_epoch.unsigned_abs());
        if since_epoch < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        }
    }
    /// Names it to acknowledge and reject. Counted from 0 over what the instance is given; a record that comes again has
    /// another.
    pub fn id(&self) -> u64 {
        self.raw.id
    }
    /// A copy, to keep.
    pub fn position(&self) -> Position {
        Position::new(self.sequence_number(), self.sub_sequence_number())
    }
    /// `position() > *position`, without a copy.
    pub fn comes_after(&self, position: &Position) -> bool {
        order(
            (self.sequence_number(), self.sub_sequence_number()),
            (position.sequence_number(), position.sub_sequence_number()),
        ) == Ordering::Greater
    }
}

/// The records of one call, in the shard's order: a view that ends with the call.
#[derive(Clone, Copy)]
pub struct Batch<'call> {
    raw: &'call abi::Batch,
}

// SAFETY: a view of memory that nobody changes during the call.
unsafe impl Send for Batch<'_> {}
unsafe impl Sync for Batch<'_> {}

impl<'call> Batch<'call> {
    /// # Safety
    /// `raw` is what the host gave to process_records, and 'call ends with that call.
    pub(crate) unsafe fn new(raw: *const abi::Batch) -> Batch<'call> {
        Batch { raw: &*raw }
    }

    pub fn len(&self) -> usize {
        self.raw.record_count
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn get(&self, index: usize) -> Option<Record<'call>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: there are record_count records, record_stride apart; a newer host's are longer than abi::Record.
        let record = unsafe {
            let first = self.raw.records as *const u8;
            &*(first.add(index * self.raw.record_stride as usize) as *const abi::Record)
        };
        Some(Record { raw: record })
    }
    pub fn iter(&self) -> Records<'call> {
        Records { batch: *self, next: 0 }
    }
    /// How far the batch is behind the stream's tip; None when unknown.
    pub fn millis_behind_latest(&self) -> Option<Duration> {
        u64::try_from(self.raw.millis_behind_latest).ok().map(Duration::from_millis)
    }
    /// 1 the first time these records are delivered, then 2, 3, ...
    pub fn attempt(&self) -> u32 {
        self.raw.attempt
    }
}

impl<'call> IntoIterator for &Batch<'call> {
    type Item = Record<'call>;
    type IntoIter = Records<'call>;
    fn into_iter(self) -> Records<'call> {
        self.iter()
    }
}

/// The records of a batch, one after another.
#[derive(Clone)]
pub struct Records<'call> {
    batch: Batch<'call>,
    next: usize,
}

impl<'call> Iterator for Records<'call> {
    type Item = Record<'call>;
    fn next(&mut self) -> Option<Record<'call>> {
        let record = self.batch.get(self.next)?;
        self.next += 1;
        Some(record)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batch.len() - self.next;
        (left, Some(left))
    }
}
impl ExactSizeIterator for Records<'_> {}

/// Why an instance begins on its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It is the first one in this lease.
    Start,
    /// The one before has died or could not go on: some records may come again.
    Restart,
    /// It takes the place of one that was asked to finish what it held.
    Swap,
}

/// Where an instance begins on its shard.
#[derive(Clone, Copy)]
pub struct Initialization<'call> {
    raw: &'call abi::Initialization,
}

impl<'call> Initialization<'call> {
    /// # Safety
    /// `raw` is what the host gave to initialize, and 'call ends with that call.
    pub(crate) unsafe fn new(raw: *const abi::Initialization) -> Initialization<'call> {
        Initialization { raw: &*raw }
    }

    pub fn shard_id(&self) -> &'call str {
        // SAFETY: valid until the call returns, which 'call does not outlive; so is the one below.
        unsafe { self.raw.shard_id.str() }
    }
    /// The last finished record: digits, or TRIM_HORIZON, LATEST, AT_TIMESTAMP.
    pub fn sequence_number(&self) -> &'call str {
        unsafe { self.raw.sequence_number.str() }
    }
    pub fn sub_sequence_number(&self) -> i64 {
        self.raw.sub_sequence_number
    }
    /// A copy of both, to keep.
    pub fn position(&self) -> Position {
        Position::new(self.sequence_number(), self.sub_sequence_number())
    }
    pub fn reason(&self) -> Beginning {
        match self.raw.reason {
            abi::INITIALIZATION_START => Beginning::Start,
            abi::INITIALIZATION_SWAP => Beginning::Swap,
            _ => Beginning::Restart, // a newer host's reason counts as a restart
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_compare_by_number() {
        let ordered = [
            Position::new("TRIM_HORIZON", 0),
            Position::new("LATEST", 1),
            Position::new("9", 0),
            Position::new("10", 0),
            Position::new("10", 1),
            Position::new("11", -1),
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{:?} and {:?}", a, b);
            }
        }
        assert_eq!(Position::default(), Position::new("LATEST", 0));
    }
}
