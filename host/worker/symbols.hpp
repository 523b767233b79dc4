// Function names out of a module's file, which may be anything by the time it is looked at.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kclhost::host::worker {

// What is read for one stack at the most, bytes. The symbols of a very large program take a tenth of it.
inline constexpr std::uint64_t most_symbol_bytes = std::uint64_t{256} << 20;

// For each address (relative to the module's load base) the demangled name of the function that it lies in, with the
// offset behind it: "Greeter::process_records(...)+0x1c"; empty where the symbols do not tell. A name that may be very
// long when it is written out stays as the compiler made it. Reads regular files of up to 1 GiB alone, and never waits
// for one. Takes what it reads off `budget`, and stops when that is used up.
std::vector<std::string> functions_at(const std::string& path, std::span<const std::uint64_t> addresses,
                                      std::uint64_t& budget);

}  // namespace kclhost::host::worker
