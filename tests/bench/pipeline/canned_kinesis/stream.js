// A stream's shards: how many records each has, and what became of it.
'use strict';

const {sequence} = require('./sequence');

const HASH_KEYS = 1n << 128n;

class Shard {
  // from and to are the first hash key and the one behind the last; parent is null or a Shard.
  constructor(number, from, to, records, parent) {
    Object.assign(this, {from, to, records, parent, children: []});
    this.id = 'shardId-' + String(number).padStart(12, '0');
    this.generation = parent ? parent.generation + 1 : 1;
    this.rests = 0;  // until that time, in milliseconds, it gives nothing
  }

  get open() {
    return this.children.length === 0;
  }

  hashKeyRange() {
    return {StartingHashKey: String(this.from), EndingHashKey: String(this.to - 1n)};
  }

  // As ListShards describes it.
  describe() {
    const range = {StartingSequenceNumber: sequence(this.generation, 0)};
    if (!this.open) range.EndingSequenceNumber = sequence(this.generation, this.records + 1);
    return {ShardId: this.id, ...(this.parent && {ParentShardId: this.parent.id}), HashKeyRange: this.hashKeyRange(),
      SequenceNumberRange: range};
  }

  // As the last GetRecords of its parent does.
  describeAsChild() {
    return {ShardId: this.id, ParentShards: [this.parent.id], HashKeyRange: this.hashKeyRange()};
  }
}

class Stream {
  constructor(shards, records) {
    this.created = new Date();
    this.shards = [];
    for (let i = 0n; i < BigInt(shards); ++i) {
      this.add(HASH_KEYS * i / BigInt(shards), HASH_KEYS * (i + 1n) / BigInt(shards), records, null);
    }
  }

  add(from, to, records, parent) {
    const shard = new Shard(this.shards.length, from, to, records, parent);
    this.shards.push(shard);
    return shard;
  }

  find(id) {
    return this.shards.find(shard => shard.id === id);
  }

  // So many records more on each open shard.
  more(records) {
    for (const shard of this.shards) if (shard.open) shard.records += records;
  }

  // Ends the first open shard; its two children get so many records each.
  split(records) {
    const shard = this.shards.find(each => each.open), middle = (shard.from + shard.to) / 2n;
    shard.children = [this.add(shard.from, middle, records, shard), this.add(middle, shard.to, records, shard)];
  }
}

module.exports = {Stream};
