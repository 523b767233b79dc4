// How an exception becomes a call's error. No part of the interface.
#ifndef KCLHOST_DETAIL_ERRORS_HPP
#define KCLHOST_DETAIL_ERRORS_HPP

#include <cxxabi.h>
#include <kclhost/plugin.h>
#include <kclhost/detail/views.hpp>
#include <kclhost/processors.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <typeinfo>

namespace kclhost::detail {

// The error of a call. Its text is written without allocating; what does not fit is cut between characters.
class ErrorText {
 public:
  explicit ErrorText(kclhost_error* error) noexcept
      : error_(error != nullptr && reaches(*error, error->message) ? error : nullptr) {}

  void append(const char* text) noexcept {
    if (error_ == nullptr || text == nullptr) return;
    for (; *text != '\0' && size_ + 1 < sizeof error_->message; ++text) error_->message[size_++] = *text;
    if (*text != '\0') {  // cut: back to where the last whole UTF-8 character ends
      if (is_continuation(*text)) {
        while (size_ > 0 && is_continuation(error_->message[size_ - 1])) --size_;
        if (size_ > 0) --size_;
      }
    }
    error_->message[size_] = '\0';
  }

  void append_current_exception() noexcept {
    try {
      throw;
    } catch (const std::exception& exception) {
      append(exception.what());
      // One that was thrown where there was no other has none inside, and to throw that would be std::terminate.
      const auto* const outer = dynamic_cast<const std::nested_exception*>(&exception);
      if (outer == nullptr || outer->nested_ptr() == nullptr) return;
      try {
        outer->rethrow_nested();
      } catch (...) {
        append(": ");
        append_current_exception();
      }
    } catch (...) {
      append("threw something that is not a std::exception");
    }
  }

  // The type of the exception in hand, as the error's name. Where there is no memory to spell it out it stays as the
  // compiler wrote it.
  void name_current_exception() noexcept {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (error_ == nullptr || type == nullptr) return;
    int status = 0;
    char* const spelled = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
    const char* const name = spelled != nullptr ? spelled : type->name();
    std::size_t size = 0;
    for (; name[size] != '\0' && size + 1 < sizeof error_->name; ++size) error_->name[size] = name[size];
    error_->name[size] = '\0';
    std::free(spelled);
  }

  void set_verdict(const BatchFailure& failure) noexcept {
    if (error_ == nullptr) return;
    error_->first_unfinished = failure.done();
    if (failure.is_permanent()) error_->flags |= KCLHOST_FAILURE_PERMANENT;
    if (failure.culprit()) {
      error_->flags |= KCLHOST_FAILURE_CULPRIT;
      error_->culprit = *failure.culprit();
    }
    const auto pause = failure.retry_after().count();
    error_->retry_after_ms = pause > 0 ? static_cast<std::uint64_t>(pause) : 0;
  }

 private:
  static bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80u; }

  kclhost_error* const error_;
  std::size_t size_ = 0;
};

// Runs what a call asks for; an exception becomes the call's error.
template <class Body>
kclhost_status guarded(kclhost_error* error, Body&& body) noexcept {
  try {
    body();
    return KCLHOST_OK;
  } catch (const BatchFailure& failure) {
    ErrorText text(error);
    text.set_verdict(failure);
    text.append_current_exception();
  } catch (...) {
    ErrorText text(error);
    text.name_current_exception();
    text.append_current_exception();
  }
  return KCLHOST_FAILED;
}

}  // namespace kclhost::detail

#endif  // KCLHOST_DETAIL_ERRORS_HPP
