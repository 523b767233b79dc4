//! The table of C functions that a processor makes.

use crate::abi;
use crate::checkpointer::Checkpointer;
use crate::failure::{guarded, Failure};
use crate::link::{Life, Link};
use crate::processors::{AcknowledgingProcessor, CheckpointingProcessor, Reason, RecordProcessor};
use crate::record::{Batch, Initialization};
use crate::{AcknowledgingContext, Context};
use std::mem::size_of;
use std::os::raw::c_void;
use std::sync::Arc;

/// The three ways in which a record can be done.
pub struct Returning;
pub struct Acknowledging;
pub struct Checkpointing;

/// What the table needs of a type that implements one of the three traits; for one that implements two, `Way` can't be
/// inferred, and `plugin!` does not compile.
pub trait ImplementsOneProcessorTrait<Way>: Sized + 'static {
    const FLAGS: u32;
    const CAN_SHADOW: bool;
    const DESCRIPTION: &'static str;
    const CONFIG_SCHEMA: &'static str;
    fn check_config(config_json: &str) -> Result<(), Failure>;
    fn new(link: Arc<Link>, config_json: &str) -> Result<Self, Failure>;
    fn initialize(&mut self, initialization: &Initialization<'_>) -> Result<(), Failure>;
    fn process_records(&mut self, batch: &Batch<'_>, checkpointer: &mut Checkpointer) -> Result<(), Failure>;
    fn finish(&mut self, checkpointer: &mut Checkpointer, reason: Reason) -> Result<(), Failure>;
    fn lease_lost(&mut self) -> Result<(), Failure>;
    fn tick(&mut self, checkpointer: &mut Checkpointer) -> Result<(), Failure>;
}

macro_rules! implement {
    ($way:ty, $processor:ident, $context:ident, $flag:expr, $($checkpointer:ident)?) => {
        impl<T: $processor> ImplementsOneProcessorTrait<$way> for T {
            const FLAGS: u32 = $flag | if T::EMPTY_BATCHES { abi::PLUGIN_EMPTY_BATCHES } else { 0 };
            const CAN_SHADOW: bool = T::CAN_SHADOW;
            const DESCRIPTION: &'static str = T::DESCRIPTION;
            const CONFIG_SCHEMA: &'static str = T::CONFIG_SCHEMA;
            fn check_config(config_json: &str) -> Result<(), Failure> {
                T::check_config(config_json)
            }
            fn new(link: Arc<Link>, config_json: &str) -> Result<T, Failure> {
                T::new($context::new(link), config_json)
            }
            fn initialize(&mut self, initialization: &Initialization<'_>) -> Result<(), Failure> {
                $processor::initialize(self, initialization)
            }
            fn process_records(&mut self, batch: &Batch<'_>, _checkpointer: &mut Checkpointer) -> Result<(), Failure> {
                $(let $checkpointer = _checkpointer;)?
                $processor::process_records(self, batch, $($checkpointer)?)
            }
            fn finish(&mut self, _checkpointer: &mut Checkpointer, reason: Reason) -> Result<(), Failure> {
                $(let $checkpointer = _checkpointer;)?
                $processor::finish(self, $($checkpointer,)? reason)
            }
            fn lease_lost(&mut self) -> Result<(), Failure> {
                $processor::lease_lost(self)
            }
            fn tick(&mut self, _checkpointer: &mut Checkpointer) -> Result<(), Failure> {
                $(let $checkpointer = _checkpointer;)?
                $processor::tick(self, $($checkpointer)?)
            }
        }
    };
}

implement!(Returning, RecordProcessor, Context, 0,);
implement!(Acknowledging, AcknowledgingProcessor, AcknowledgingContext, abi::PLUGIN_ACKNOWLEDGES,);
implement!(Checkpointing, CheckpointingProcessor, Context, abi::PLUGIN_CHECKPOINTS, checkpointer);

/// What `self` points to. The fields are dropped in this order: the link leads somewhere until the processor is gone.
struct Instance<T> {
    processor: T,
    host: *const abi::Host,
    _life: Life,
}

unsafe fn make<Way, T: ImplementsOneProcessorTrait<Way>>(
    host: *const abi::Host,
    config_json: abi::Text,
    is_shadow: bool,
    self_: *mut *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || {
        if host.is_null() || ((*host).struct_size as usize) < size_of::<abi::Host>() {
            return Err(Failure::new("the host's table is shorter than that of ABI 1.0"));
        }
        let life = Life::new(host, is_shadow);
        let processor = T::new(life.0.clone(), config_json.str())?;
        *self_ = Box::into_raw(Box::new(Instance { processor, host, _life: life })) as *mut c_void;
        Ok(())
    })
}

unsafe extern "C" fn create<Way, T: ImplementsOneProcessorTrait<Way>>(
    host: *const abi::Host,
    config_json: abi::Text,
    self_: *mut *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    make::<Way, T>(host, config_json, false, self_, error)
}

unsafe extern "C" fn create_shadow<Way, T: ImplementsOneProcessorTrait<Way>>(
    host: *const abi::Host,
    config_json: abi::Text,
    self_: *mut *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    make::<Way, T>(host, config_json, true, self_, error)
}

unsafe extern "C" fn destroy<Way, T: ImplementsOneProcessorTrait<Way>>(self_: *mut c_void) {
    // A panic has been printed when it gets here, and there is no error to put it into.
    guarded(std::ptr::null_mut(), || {
        drop(Box::from_raw(self_ as *mut Instance<T>));
        Ok(())
    });
}

unsafe extern "C" fn initialize<Way, T: ImplementsOneProcessorTrait<Way>>(
    self_: *mut c_void,
    initialization: *const abi::Initialization,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || {
        let instance = &mut *(self_ as *mut Instance<T>);
        instance.processor.initialize(&Initialization::new(initialization))
    })
}

unsafe extern "C" fn process_records<Way, T: ImplementsOneProcessorTrait<Way>>(
    self_: *mut c_void,
    batch: *const abi::Batch,
    handle: *mut abi::CheckpointerHandle,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || {
        let instance = &mut *(self_ as *mut Instance<T>);
        instance.processor.process_records(&Batch::new(batch), &mut Checkpointer::new(instance.host, handle))
    })
}

unsafe extern "C" fn finish<Way, T: ImplementsOneProcessorTrait<Way>>(
    self_: *mut c_void,
    handle: *mut abi::CheckpointerHandle,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || {
        let instance = &mut *(self_ as *mut Instance<T>);
        let host = &*instance.host;
        let reason = match (host.finish_reason)(host.context) {
            abi::FINISH_SHARD_ENDED => Reason::ShardEnded,
            abi::FINISH_SHUTDOWN => Reason::Shutdown,
            abi::FINISH_BISECTION => Reason::Bisection,
            abi::FINISH_IN_FLIGHT => Reason::InFlight,
            _ => Reason::Swap,
        };
        instance.processor.finish(&mut Checkpointer::new(instance.host, handle), reason)
    })
}

unsafe extern "C" fn lease_lost<Way, T: ImplementsOneProcessorTrait<Way>>(
    self_: *mut c_void,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || (*(self_ as *mut Instance<T>)).processor.lease_lost())
}

unsafe extern "C" fn tick<Way, T: ImplementsOneProcessorTrait<Way>>(
    self_: *mut c_void,
    handle: *mut abi::CheckpointerHandle,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || {
        let instance = &mut *(self_ as *mut Instance<T>);
        instance.processor.tick(&mut Checkpointer::new(instance.host, handle))
    })
}

unsafe extern "C" fn check_config<Way, T: ImplementsOneProcessorTrait<Way>>(
    config_json: abi::Text,
    error: *mut abi::Error,
) -> abi::Status {
    guarded(error, || T::check_config(config_json.str()))
}

struct Extension<Way, T>(std::marker::PhantomData<(Way, T)>);
impl<Way, T: ImplementsOneProcessorTrait<Way>> Extension<Way, T> {
    const CHECK_CONFIG: &'static abi::CheckConfig = &abi::CheckConfig {
        struct_size: size_of::<abi::CheckConfig>() as u32,
        reserved: 0,
        check: check_config::<Way, T>,
    };
    const SHADOW: &'static abi::Shadow = &abi::Shadow {
        struct_size: size_of::<abi::Shadow>() as u32,
        reserved: 0,
        create: create_shadow::<Way, T>,
    };
}

unsafe extern "C" fn get_extension<Way, T: ImplementsOneProcessorTrait<Way>>(id: abi::Text) -> *const c_void {
    if T::CAN_SHADOW && id.bytes() == abi::EXTENSION_SHADOW.as_bytes() {
        return Extension::<Way, T>::SHADOW as *const abi::Shadow as *const c_void;
    }
    if id.bytes() != abi::EXTENSION_CHECK_CONFIG.as_bytes() {
        return std::ptr::null();
    }
    Extension::<Way, T>::CHECK_CONFIG as *const abi::CheckConfig as *const c_void
}

/// The table of a plugin; `plugin!` makes one.
pub const fn table<T, Way>(id: &'static str, version: &'static str) -> abi::Plugin
where
    T: ImplementsOneProcessorTrait<Way>,
{
    abi::Plugin {
        struct_size: size_of::<abi::Plugin>() as u32,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        flags: T::FLAGS,
        id: abi::Text::new(id),
        version: abi::Text::new(version),
        description: abi::Text::new(T::DESCRIPTION),
        config_schema: abi::Text::new(T::CONFIG_SCHEMA),
        create: create::<Way, T>,
        destroy: destroy::<Way, T>,
        initialize: initialize::<Way, T>,
        process_records: process_records::<Way, T>,
        shard_ended: finish::<Way, T>,
        lease_lost: lease_lost::<Way, T>,
        shutdown_requested: finish::<Way, T>,
        flush: finish::<Way, T>,
        tick: tick::<Way, T>,
        get_extension: get_extension::<Way, T>,
    }
}

/// Exports a type that implements one of the three processor traits as the plugin of its `cdylib`:
///
/// ```
/// # use kclhost::{Batch, Context, Failure, RecordProcessor};
/// # struct MyPlugin;
/// # impl RecordProcessor for MyPlugin {
/// #     fn new(_: Context, _: &str) -> Result<Self, Failure> { Ok(MyPlugin) }
/// #     fn process_records(&mut self, _: &Batch) -> Result<(), Failure> { Ok(()) }
/// # }
/// kclhost::plugin!(MyPlugin, "com.example.my", "1.0.0");
/// # fn main() {}
/// ```
///
/// A type that implements two of them is in doubt about when a record is done, and does not compile:
///
/// ```compile_fail,E0283
/// # use kclhost::*;
/// # struct Both;
/// impl RecordProcessor for Both {
///     // ...
/// #   fn new(_: Context, _: &str) -> Result<Self, Failure> { Ok(Both) }
/// #   fn process_records(&mut self, _: &Batch) -> Result<(), Failure> { Ok(()) }
/// }
/// impl AcknowledgingProcessor for Both {
///     // ...
/// #   fn new(_: AcknowledgingContext, _: &str) -> Result<Self, Failure> { Ok(Both) }
/// #   fn process_records(&mut self, _: &Batch) -> Result<(), Failure> { Ok(()) }
/// #   fn finish(&mut self, _: Reason) -> Result<(), Failure> { Ok(()) }
/// }
/// kclhost::plugin!(Both, "com.example.both", "1.0.0");
/// # fn main() {}
/// ```
///
/// The other ways to mix them up are no plugins either. A RecordProcessor does not acknowledge:
///
/// ```compile_fail,E0599
/// fn new(context: kclhost::Context) { context.acknowledge(0) }
/// ```
///
/// and is given no Checkpointer:
///
/// ```compile_fail,E0050
/// # use kclhost::*;
/// # struct MyPlugin;
/// impl RecordProcessor for MyPlugin {
///     fn process_records(&mut self, _: &Batch, _: &mut Checkpointer) -> Result<(), Failure> { Ok(()) }
/// #   fn new(_: Context, _: &str) -> Result<Self, Failure> { Ok(MyPlugin) }
/// }
/// ```
///
/// What a call is given can't be kept beyond it:
///
/// ```compile_fail
/// # use kclhost::*;
/// struct Keeper { kept: Vec<&'static [u8]> }
/// impl RecordProcessor for Keeper {
///     fn process_records(&mut self, batch: &Batch) -> Result<(), Failure> {
///         Ok(self.kept.extend(batch.iter().map(|record| record.data())))
///     }
/// #   fn new(_: Context, _: &str) -> Result<Self, Failure> { Ok(Keeper { kept: vec![] }) }
/// }
/// ```
///
/// nor can a Checkpointer be sent to another thread:
///
/// ```compile_fail,E0277
/// fn elsewhere(checkpointer: &mut kclhost::Checkpointer) {
///     std::thread::scope(|scope| { scope.spawn(|| checkpointer.checkpoint_all()); });
/// }
/// ```
#[macro_export]
macro_rules! plugin {
    ($processor:ty, $id:expr, $version:expr $(,)?) => {
        const _: () = {
            #[no_mangle]
            #[allow(unsafe_code)]
            pub extern "C" fn kclhost_plugin_v1() -> *const $crate::abi::Plugin {
                static TABLE: $crate::abi::Plugin = $crate::table::table::<$processor, _>($id, $version);
                &TABLE
            }
        };
    };
}
