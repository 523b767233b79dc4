// Plays everything to a plugin that a shard's life may bring, and says what is to be mended.
#pragma once

#include <cstddef>
#include <functional>

#include "conformance/report.hpp"
#include "conformance/subject.hpp"

namespace kclhost::host::conformance {

// A scene is about to begin: its name, its number from 1, and how many there are.
using OnScene = std::function<void(const char* name, std::size_t number, std::size_t of)>;

// Plays all scenes, in processes of their own, one after the other. The process may have no other threads.
Report play(const Subject& subject, const OnScene& on_scene);

}  // namespace kclhost::host::conformance
