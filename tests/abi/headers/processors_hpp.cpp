#include <kclhost/processors.hpp>

// Alone, and twice.
#include <kclhost/processors.hpp>

void run(kclhost::RecordProcessor& processor, const kclhost::Batch& batch);
void run(kclhost::RecordProcessor& processor, const kclhost::Batch& batch) {
  processor.process_records(batch);
}
