// Goes through a file of dead letters line by line.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "store/dead_letter_store.hpp"
#include "support/fd.hpp"

namespace kclhost::host::store {

// Gets the letter, or null and why the line is no letter.
using LetterVisitor = std::function<void(const StoredLetter* letter, std::string_view line, std::string damage)>;

// Visits each whole line: what comes after the last newline is not seen. "" or why the file can't be read.
std::string scan_dead_letters(const std::filesystem::path& path, const std::shared_ptr<const Fd>& fd,
                              const LetterVisitor& visit);

}  // namespace kclhost::host::store
