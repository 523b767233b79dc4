// An aws-kcl record processor that does nothing; with the argument `read` it asks for each record's data. NODE_PATH says
// where aws-kcl is.
'use strict';

const kcl = require('aws-kcl');

const reads = process.argv[2] === 'read';

kcl({
  initialize: (input, done) => done(),
  processRecords: (input, done) => {
    if (reads) for (const record of input.records) Buffer.from(record.data, 'base64');
    done();
  },
  leaseLost: (input, done) => done(),
  shardEnded: (input, done) => input.checkpointer.checkpoint(() => done()),
  shutdownRequested: (input, done) => done(),
}).run();
