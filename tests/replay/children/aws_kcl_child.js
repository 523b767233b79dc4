// aws-kcl's counterpart of kclpy_child.py. NODE_PATH says where aws-kcl is.
'use strict';

const fs = require('fs');
const kcl = require('aws-kcl');

const file = process.argv[2];
const write = (...words) => fs.appendFileSync(file, words.join(' ') + '\n');
const checkpoint = (checkpointer, sequenceNumber, done) =>
  checkpointer.checkpoint(sequenceNumber, (error) => {
    if (error) write('error', error);
    done();
  });

kcl({
  initialize: (input, done) => {
    write('initialize', input.shardId, input.sequenceNumber);
    done();
  },
  processRecords: (input, done) => {
    for (const record of input.records) write('record', Buffer.from(record.data, 'base64').toString('hex'));
    checkpoint(input.checkpointer, input.records[input.records.length - 1].sequenceNumber, done);
  },
  leaseLost: (input, done) => {
    write('lease_lost');
    done();
  },
  shardEnded: (input, done) => {
    write('shard_ended');
    checkpoint(input.checkpointer, null, done);
  },
  shutdownRequested: (input, done) => checkpoint(input.checkpointer, null, done),
}).run();
