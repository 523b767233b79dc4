// JSON as AWS SDKs write it and read it, application/x-amz-json-1.1: bytes are base64, timestamps are seconds.
'use strict';

// Buffer and Date have a toJSON of their own, which JSON.stringify calls first: `this` still has the value itself.
function replace(key, value) {
  const own = this[key];
  if (Buffer.isBuffer(own)) return own.toString('base64');
  return own instanceof Date ? own.getTime() / 1000 : value;
}

const encode = value => Buffer.from(JSON.stringify(value, replace));

// The object with the member Records before the others: encoded already.
function withRecords(count, encoded, others) {
  const rest = JSON.stringify(others, replace).slice(1);
  return [Buffer.from('{"Records":['), encoded, Buffer.from(rest === '}' ? ']}' : '],' + rest)];
}

module.exports = {decode: bytes => JSON.parse(bytes), encode, separator: ',', withRecords};
