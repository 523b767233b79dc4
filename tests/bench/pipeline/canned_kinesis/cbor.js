// CBOR (RFC 8949) as AWS SDKs write it and read it, application/x-amz-cbor-1.1: timestamps are tagged milliseconds.
'use strict';

const UNSIGNED = 0, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6;
const NULL = Buffer.from([0xf6]);
const BREAK = Symbol('break');

// The first bytes of an item: its major type, and its value or length.
function head(major, value) {
  if (value < 24) return Buffer.from([major << 5 | value]);
  if (value < 0x100) return Buffer.from([major << 5 | 24, value]);
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : value < 0x100000000 ? 5 : 9);
  bytes[0] = major << 5 | (bytes.length === 3 ? 25 : bytes.length === 5 ? 26 : 27);
  if (bytes.length === 9) bytes.writeBigUInt64BE(BigInt(value), 1);
  else bytes.writeUIntBE(value, 1, bytes.length - 1);
  return bytes;
}

function encode(value) {
  if (value === null) return NULL;
  if (typeof value === 'number') return head(UNSIGNED, value);
  if (typeof value === 'string') return Buffer.concat([head(TEXT, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(BYTES, value.length), value]);
  if (value instanceof Date) return Buffer.concat([head(TAG, 1), encode(value.getTime())]);
  if (Array.isArray(value)) return Buffer.concat([head(ARRAY, value.length), ...value.map(encode)]);
  const members = Object.entries(value);
  return Buffer.concat([head(MAP, members.length), ...members.flat().map(encode)]);
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  number(size) {
    this.at += size;
    if (size === 8) return Number(this.bytes.readBigUInt64BE(this.at - 8));
    return this.bytes.readUIntBE(this.at - size, size);
  }

  // Calls take(item) for each item: as many as there are said to be, or until a break.
  each(count, take) {
    for (let done = 0; done !== count; ++done) {
      const item = this.item();
      if (item === BREAK) return;
      take(item);
    }
  }

  simple(low) {
    if (low === 31) return BREAK;
    if (low < 24) return {20: false, 21: true}[low] ?? null;
    throw new Error('a floating-point number is not expected here');
  }

  item() {
    const first = this.number(1), major = first >> 5, low = first & 31;
    if (major === 7) return this.simple(low);
    const indefinite = low === 31;
    const value = indefinite ? -1 : low < 24 ? low : this.number(1 << (low - 24));
    const found = [];
    switch (major) {
      case UNSIGNED:
        return value;
      case 1:
        return -1 - value;
      case BYTES:
      case TEXT:
        if (indefinite) this.each(value, part => found.push(part));
        else found.push(this.bytes.subarray(this.at, this.at += value));
        return major === BYTES ? Buffer.concat(found) : found.join('');
      case ARRAY:
        this.each(value, item => found.push(item));
        return found;
      case MAP:
        this.each(value, key => found.push([key, this.item()]));
        return Object.fromEntries(found);
      default:
        return this.item();  // what a tag says is known from the member's name
    }
  }
}

// The map with the member Records before the others: so many, encoded already.
function withRecords(count, encoded, others) {
  const members = Object.entries(others);
  return [Buffer.concat([head(MAP, members.length + 1), encode('Records'), head(ARRAY, count)]), encoded,
    Buffer.concat(members.flat().map(encode))];
}

module.exports = {decode: bytes => new Reader(bytes).item(), encode, separator: '', withRecords};
