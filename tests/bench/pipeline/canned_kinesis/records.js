// Records that are encoded once and served again and again: only their sequence numbers differ.
'use strict';

const crypto = require('crypto');
const {sequence} = require('./sequence');

// What Kinesis gives in one answer.
const MOST_RECORDS = 10000, MOST_BYTES = 10 << 20;

// Bytes that no compression makes smaller, the same ones in every run.
function noise(size) {
  return crypto.createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));
}

class Records {
  // Of size bytes each, for answers in this format.
  constructor(format, size) {
    this.separator = format.separator.length;
    this.size = size;
    this.atOnce = Math.max(1, Math.min(MOST_RECORDS, Math.floor(MOST_BYTES / size)));
    const data = noise(this.atOnce * size), arrived = new Date(), mark = sequence(0, 0);
    const encoded = [];
    this.numbers = [];  // where in `encoded` each sequence number stands
    this.ends = [];
    let at = 0;
    for (let i = 0; i < this.atOnce; ++i) {
      const record = format.encode({
        SequenceNumber: mark, ApproximateArrivalTimestamp: arrived, Data: data.subarray(i * size, (i + 1) * size),
        PartitionKey: 'key-' + i});
      encoded.push(record, Buffer.from(format.separator));
      this.numbers.push(at + record.indexOf(mark));
      at += record.length + this.separator;
      this.ends.push(at - this.separator);
    }
    this.encoded = Buffer.concat(encoded);
  }

  // What so many count for against a shard's limit.
  bytes(count) {
    return count * this.size;
  }

  // Those behind a position, at most atOnce, as the elements of an array.
  take(count, generation, position) {
    const taken = Buffer.from(this.encoded.subarray(0, count ? this.ends[count - 1] : 0));
    for (let i = 0; i < count; ++i) taken.latin1Write(sequence(generation, position + i + 1), this.numbers[i]);
    return taken;
  }
}

module.exports = {Records};
