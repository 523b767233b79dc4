// The URL that records are sent to. It may hold a secret, in what stands behind a question mark.
#pragma once

#include <string>

namespace http_forwarder {

// What is wrong with it, to stand behind the key; empty: nothing. Shows none of it.
std::string fault_of_url(const std::string& url);

// As a log may have it: without what stands behind a question mark.
std::string shown_url(const std::string& url);

}  // namespace http_forwarder
