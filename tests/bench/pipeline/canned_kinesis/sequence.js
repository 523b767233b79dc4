// Sequence numbers: as long as the real ones, growing along a shard and from a shard to its children.
'use strict';

const LENGTH = 56, POSITION = 12, GENERATION = 10;
const PREFIX = '4960';

// Of the record at a position, from 1; 0 is the shard's start. A shard's generation is one more than its parent's.
function sequence(generation, position) {
  return PREFIX + String(generation).padStart(GENERATION, '0') +
    String(position).padStart(LENGTH - PREFIX.length - GENERATION, '0');
}

const positionOf = number => Number(number.slice(-POSITION));

module.exports = {sequence, positionOf};
