//! Metrics: made by a Context, recorded into by handle.

use crate::abi;
use crate::failure::Failure;
use crate::link::Link;
use std::sync::Arc;

/// What a metric is. Two that differ in nothing but the labels' values are series of one metric.
#[derive(Clone, Debug, Default)]
pub struct MetricSpec {
    name: String,
    help: String,
    unit: String,
    labels: Vec<(String, String)>,
}

impl MetricSpec {
    /// `[a-z_][a-z0-9_]*`, without the unit and without `_total`.
    pub fn new(name: impl Into<String>) -> MetricSpec {
        MetricSpec { name: name.into(), ..MetricSpec::default() }
    }
    /// One line for a person.
    pub fn help(mut self, help: impl Into<String>) -> MetricSpec {
        self.help = help.into();
        self
    }
    /// A base unit as OpenMetrics has them: "seconds", "bytes".
    pub fn unit(mut self, unit: impl Into<String>) -> MetricSpec {
        self.unit = unit.into();
        self
    }
    /// One of at most 8; its name is `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with two underscores.
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> MetricSpec {
        self.labels.push((name.into(), value.into()));
        self
    }
}

#[derive(Clone)]
pub(crate) struct Handle {
    link: Arc<Link>,
    metric: *mut abi::MetricHandle,
}

// SAFETY: record_metric may be called from any thread, and the link knows whether the metric is still there.
unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

impl Handle {
    pub fn new(link: &Arc<Link>, kind: i32, spec: &MetricSpec) -> Result<Handle, Failure> {
        let labels: Vec<abi::Label> = spec
            .labels
            .iter()
            .map(|(name, value)| abi::Label { name: abi::Text::new(name), value: abi::Text::new(value) })
            .collect();
        let raw = abi::MetricSpec {
            struct_size: std::mem::size_of::<abi::MetricSpec>() as u32,
            kind,
            name: abi::Text::new(&spec.name),
            unit: abi::Text::new(&spec.unit),
            help: abi::Text::new(&spec.help),
            labels: labels.as_ptr(),
            label_count: labels.len(),
        };
        let mut metric = std::ptr::null_mut();
        let mut error = abi::Error::none();
        // SAFETY: all that raw points to lives here; any thread may call it.
        match link.with(|host| unsafe { (host.register_metric)(host.context, &raw, &mut metric, &mut error) }) {
            Some(abi::OK) => Ok(Handle { link: link.clone(), metric }),
            Some(_) => Err(Failure::new(abi::read_text(&error.message))),
            None => Err(Failure::new(format!("metric {} can't be made: the instance has ended", spec.name))),
        }
    }

    fn record(&self, value: f64) {
        // SAFETY: the metric is valid as long as the host's table.
        self.link.with(|host| unsafe { (host.record_metric)(self.metric, value) });
    }
}

/// What is added up.
#[derive(Clone)]
pub struct Counter(pub(crate) Handle);

impl Counter {
    /// Not negative.
    pub fn add(&self, n: f64) {
        self.0.record(n)
    }
    pub fn increment(&self) {
        self.add(1.0)
    }
}

/// What goes up and down.
#[derive(Clone)]
pub struct Gauge(pub(crate) Handle);

impl Gauge {
    pub fn set(&self, value: f64) {
        self.0.record(value)
    }
}

/// What is observed again and again.
#[derive(Clone)]
pub struct Histogram(pub(crate) Handle);

impl Histogram {
    pub fn observe(&self, value: f64) {
        self.0.record(value)
    }
}
