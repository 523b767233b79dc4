// An aws-kcl record processor that does nothing. NODE_PATH says where aws-kcl is.
'use strict';

const kcl = require('aws-kcl');

kcl({
  initialize: (input, done) => done(),
  processRecords: (input, done) => done(),
  leaseLost: (input, done) => done(),
  shardEnded: (input, done) => input.checkpointer.checkpoint(() => done()),
  shutdownRequested: (input, done) => done(),
}).run();
