// The actions of Kinesis that a consumer without enhanced fan-out asks for. Each takes the request's members; `encode`
// is the answer's format.
'use strict';

const {performance} = require('perf_hooks');
const {positionOf} = require('./sequence');

// Milliseconds that a read may come too early: no consumer's clock is exact.
const GRACE = 100;

class Refusal extends Error {
  constructor(type, message) {
    super(message);
    this.type = type;
  }
}

class Api {
  // records(format) are the Records to serve in it. A shard gives so many bytes a second; 0: any number.
  constructor(stream, records, pace) {
    this.stream = stream;
    this.records = records;
    this.pace = pace;
  }

  // The answer's bytes, in parts.
  answer(action, request, format) {
    if (action === 'GetRecords') return this.getRecords(request, format);
    if (!['ListShards', 'DescribeStreamSummary', 'GetShardIterator'].includes(action)) {
      throw new Refusal('UnknownOperationException', `the canned Kinesis has no ${action}`);
    }
    return [format.encode(this[action](request))];
  }

  ListShards(request) {
    const filters = {AT_TRIM_HORIZON: shard => !shard.parent, AT_LATEST: shard => shard.open};
    const wanted = filters[request.ShardFilter?.Type] ?? (() => true);
    return {Shards: this.stream.shards.filter(wanted).map(shard => shard.describe())};
  }

  DescribeStreamSummary(request) {
    const name = request.StreamName ?? request.StreamARN?.split('/')[1] ?? 'canned';
    return {StreamDescriptionSummary: {
      StreamName: name, StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`, StreamStatus: 'ACTIVE',
      RetentionPeriodHours: 24, StreamCreationTimestamp: this.stream.created, EnhancedMonitoring: [],
      OpenShardCount: this.stream.shards.filter(shard => shard.open).length, ConsumerCount: 0}};
  }

  shard(id) {
    const found = this.stream.find(id);
    if (!found) throw new Refusal('ResourceNotFoundException', `there is no shard ${id}`);
    return found;
  }

  // An iterator names the shard and the position behind which it reads.
  GetShardIterator(request) {
    const shard = this.shard(request.ShardId), number = request.StartingSequenceNumber;
    const behind = {
      TRIM_HORIZON: () => 0, AT_TIMESTAMP: () => 0, LATEST: () => shard.records,
      AT_SEQUENCE_NUMBER: () => Math.max(0, positionOf(number) - 1), AFTER_SEQUENCE_NUMBER: () => positionOf(number)};
    return {ShardIterator: `${shard.id}:${behind[request.ShardIteratorType]()}`};
  }

  getRecords(request, format) {
    const [id, at] = request.ShardIterator.split(':'), shard = this.shard(id), position = Number(at);
    const records = this.records(format), left = Math.max(0, shard.records - position), now = performance.now();
    if (now < shard.rests - GRACE) {
      throw new Refusal('ProvisionedThroughputExceededException', `Rate exceeded for shard ${id}`);
    }
    const count = Math.min(request.Limit ?? records.atOnce, records.atOnce, left);
    // As Kinesis does: an answer may be as large as any, and then the shard rests.
    if (this.pace > 0) shard.rests = Math.max(now, shard.rests) + 1000 * records.bytes(count) / this.pace;
    // A record that waits is said to be a millisecond old.
    const others = {MillisBehindLatest: left - count};
    if (shard.open || count < left) others.NextShardIterator = `${id}:${position + count}`;
    else others.ChildShards = shard.children.map(child => child.describeAsChild());
    return format.withRecords(count, records.take(count, shard.generation, position), others);
  }
}

module.exports = {Api, Refusal};
