// The table of C functions that a processor's class makes. No part of the interface.
#ifndef KCLHOST_DETAIL_TABLE_HPP
#define KCLHOST_DETAIL_TABLE_HPP

#include <kclhost/plugin.h>
#include <kclhost/detail/errors.hpp>
#include <kclhost/detail/views.hpp>
#include <kclhost/processors.hpp>

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kclhost::detail {

template <class Class>
constexpr bool names_checkpointing(decltype(Class::checkpointing, 0)) {
  return true;
}
template <class Class>
constexpr bool names_checkpointing(...) {
  return false;
}

// When a record is done: the class that a plugin derives from says it.
template <class Class>
struct Way {
  static constexpr bool returns = std::is_base_of_v<RecordProcessor, Class>;
  static constexpr bool acknowledges = std::is_base_of_v<AcknowledgingProcessor, Class>;
  static constexpr bool checkpoints = std::is_base_of_v<CheckpointingProcessor, Class>;
  static_assert(returns + acknowledges + checkpoints == 1,
                "a plugin derives from one of kclhost::RecordProcessor, kclhost::AcknowledgingProcessor and "
                "kclhost::CheckpointingProcessor");
  static_assert(!names_checkpointing<Class>(0),
                "no constant says who checkpoints: the class that it derives from does");

  using Base = std::conditional_t<checkpoints, CheckpointingProcessor,
                                  std::conditional_t<acknowledges, AcknowledgingProcessor, RecordProcessor>>;
  using OwnContext = std::conditional_t<acknowledges, AcknowledgingContext, Context>;
  static constexpr std::uint32_t flag = checkpoints    ? KCLHOST_PLUGIN_CHECKPOINTS
                                        : acknowledges ? KCLHOST_PLUGIN_ACKNOWLEDGES
                                                       : 0u;
};

template <class Class, class Base, class Function>
Function Class::*in_class(Function Base::*);
template <class Class, class Call>
using InClass = decltype(in_class<Class>(std::declval<Call>()));

// False where the class has a function of a call's name that is not called, because its parameters are others: it hides
// what it was to override. Call: the base's member. Find: the class's, of a pointer to it. Helpers that nobody else may
// call, and overloads beside the right one, are the plugin's own matter.
template <class Class, class Call, class Find>
constexpr bool overrides(Call, Find) {
  if constexpr (std::is_invocable_v<Find, Class*>) {
    using Member = std::invoke_result_t<Find, Class*>;
    constexpr bool is_function =
        std::is_member_function_pointer_v<Member> || std::is_function_v<std::remove_pointer_t<Member>>;
    return !is_function || std::is_same_v<Member, Call> || std::is_convertible_v<Member, InClass<Class, Call>>;
  }
  return true;
}

template <class Class>
struct Instance {
  using OwnContext = typename Way<Class>::OwnContext;

  Instance(const kclhost_host& table, std::string_view config, bool is_shadow)
      : host(table), context(table, config, is_shadow), processor(make()) {}

  Class make() {
    if constexpr (std::is_constructible_v<Class, OwnContext&>) {
      return Class(context);
    } else {
      return Class();
    }
  }

  const kclhost_host& host;
  OwnContext context;
  Class processor;
};

// The functions of the table. self is an Instance<Class>. A destructor that throws ends the process, as anywhere in
// C++.
template <class Class>
struct Thunks {
  static_assert(!std::is_abstract_v<Class>, "the plugin's class does not override all that it must; see the notes");
  static_assert(std::is_constructible_v<Class, typename Way<Class>::OwnContext&> ||
                    std::is_default_constructible_v<Class>,
                "a plugin's constructor takes a kclhost::Context&, or nothing; an AcknowledgingProcessor's may take a "
                "kclhost::AcknowledgingContext&");

  using Self = Instance<Class>;
  using Base = typename Way<Class>::Base;

  static Base& processor(void* self) noexcept { return static_cast<Self*>(self)->processor; }

  // Of those calls that may checkpoint: brings a Checkpointer where the class is to have one.
  template <class Body>
  static kclhost_status with_checkpointer(void* self, kclhost_checkpointer* handle, kclhost_error* error,
                                          Body body) noexcept {
    return guarded(error, [&] {
      if constexpr (Way<Class>::checkpoints) {
        Checkpointer checkpointer(static_cast<Self*>(self)->host, handle);
        body(processor(self), checkpointer);
      } else {
        body(processor(self));
      }
    });
  }

  static kclhost_status make(const kclhost_host* host, kclhost_string config, bool is_shadow, void** self,
                             kclhost_error* error) noexcept {
    return guarded(error, [&] {
      if (host == nullptr || !reaches(*host, host->get_extension)) {
        throw std::runtime_error("the host's table is shorter than that of ABI 1.0");
      }
      *self = new Self(*host, view(config), is_shadow);
    });
  }

  static kclhost_status create(const kclhost_host* host, kclhost_string config, void** self,
                               kclhost_error* error) noexcept {
    return make(host, config, false, self, error);
  }

  static kclhost_status create_shadow(const kclhost_host* host, kclhost_string config, void** self,
                                      kclhost_error* error) noexcept {
    return make(host, config, true, self, error);
  }

  static void destroy(void* self) noexcept { delete static_cast<Self*>(self); }

  static kclhost_status initialize(void* self, const kclhost_initialization* initialization,
                                   kclhost_error* error) noexcept {
    return guarded(error, [&] { processor(self).initialize(Initialization(*initialization)); });
  }

  static kclhost_status process_records(void* self, const kclhost_batch* batch, kclhost_checkpointer* handle,
                                        kclhost_error* error) noexcept {
    return with_checkpointer(self, handle, error, [&](Base& to, auto&... checkpointer) {
      to.process_records(Batch(*batch), checkpointer...);
    });
  }

  static kclhost_status lease_lost(void* self, kclhost_error* error) noexcept {
    return guarded(error, [&] { processor(self).lease_lost(); });
  }

  // The last ones, unless the call is another.
  static Reason reason(void* self) noexcept {
    const kclhost_host& host = static_cast<Self*>(self)->host;
    switch (host.finish_reason(host.context)) {
      case KCLHOST_FINISH_SHARD_ENDED:
        return Reason::shard_ended;
      case KCLHOST_FINISH_SHUTDOWN:
        return Reason::shutdown;
      case KCLHOST_FINISH_BISECTION:
        return Reason::bisection;
      case KCLHOST_FINISH_IN_FLIGHT:
        return Reason::in_flight;
      default:
        return Reason::swap;
    }
  }

  static kclhost_status flush(void* self, kclhost_checkpointer* handle, kclhost_error* error) noexcept {
    return with_checkpointer(self, handle, error,
                             [self](Base& to, auto&... checkpointer) { to.flush(checkpointer..., reason(self)); });
  }

  // shard_ended, shutdown_requested and tick differ in nothing but the member.
  template <auto Member>
  static kclhost_status call(void* self, kclhost_checkpointer* handle, kclhost_error* error) noexcept {
    return with_checkpointer(self, handle, error,
                             [](Base& to, auto&... checkpointer) { (to.*Member)(checkpointer...); });
  }

  static kclhost_status check_config(kclhost_string config, kclhost_error* error) noexcept {
    return guarded(error, [&] { Class::check_config(Config(view(config))); });
  }

  static const void* get_extension(kclhost_string id) noexcept {
    static constexpr kclhost_check_config checking{sizeof(kclhost_check_config), 0, &Thunks::check_config};
    static constexpr kclhost_shadow shadowing{sizeof(kclhost_shadow), 0, &Thunks::create_shadow};
    if (Class::can_shadow && view(id) == KCLHOST_EXTENSION_SHADOW) return &shadowing;
    return view(id) == KCLHOST_EXTENSION_CHECK_CONFIG ? &checking : nullptr;
  }
};

template <class Class>
constexpr kclhost_plugin make_table(std::string_view id, std::string_view version) noexcept {
  using Functions = Thunks<Class>;
  using Base = typename Functions::Base;
#define KCLHOST_DETAIL_OVERRIDES(call)                                                                              \
  static_assert(                                                                                                    \
      overrides<Class>(&Base::call,                                                                                 \
                       [](auto* one) -> decltype(&std::remove_pointer_t<decltype(one)>::call) { return nullptr; }), \
      #call " is never called: its parameters are not those that kclhost/processors.hpp has")
  KCLHOST_DETAIL_OVERRIDES(initialize);
  KCLHOST_DETAIL_OVERRIDES(finish);
  KCLHOST_DETAIL_OVERRIDES(shard_ended);
  KCLHOST_DETAIL_OVERRIDES(shutdown_requested);
  KCLHOST_DETAIL_OVERRIDES(lease_lost);
  KCLHOST_DETAIL_OVERRIDES(tick);
#undef KCLHOST_DETAIL_OVERRIDES
  kclhost_plugin table{};
  table.struct_size = sizeof table;
  table.abi_major = KCLHOST_ABI_MAJOR;
  table.abi_minor = KCLHOST_ABI_MINOR;
  table.flags = Way<Class>::flag | (Class::empty_batches ? KCLHOST_PLUGIN_EMPTY_BATCHES : 0u);
  table.id = text(id);
  table.version = text(version);
  table.description = text(Class::description);
  table.config_schema = text(Class::config_schema);
  table.create = &Functions::create;
  table.destroy = &Functions::destroy;
  table.initialize = &Functions::initialize;
  table.process_records = &Functions::process_records;
  table.shard_ended = &Functions::template call<&Base::shard_ended>;
  table.lease_lost = &Functions::lease_lost;
  table.shutdown_requested = &Functions::template call<&Base::shutdown_requested>;
  table.flush = &Functions::flush;
  table.tick = &Functions::template call<&Base::tick>;
  table.get_extension = &Functions::get_extension;
  return table;
}

}  // namespace kclhost::detail

#endif  // KCLHOST_DETAIL_TABLE_HPP
