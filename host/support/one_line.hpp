// Text from outside made fit for a message: one line that does no harm to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace kclhost::host {

// UTF-8 text without control characters, those of C1 (U+0080 to U+009F) included: some terminals obey them too.
bool is_one_line(std::string_view text);

enum class Tabs { kept, named };

// Appends `text` as one line: \n for the end of a line, \t for a tab if it is to be named, ? for each other control
// character and each byte that is no UTF-8.
void append_one_line(std::string& out, std::string_view text, Tabs tabs = Tabs::named);

std::string one_line(std::string_view text);

}  // namespace kclhost::host
