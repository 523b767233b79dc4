// A Kinesis whose records are made beforehand, so that serving them costs next to nothing:
//
//   node main.js --port PORT [--shards 4] [--records 1000] [--size 1024] [--pace 2097152]
//
// One stream, whatever a request calls it: so many shards, with so many records of so many bytes on each. A shard gives
// `pace` bytes a second, as many as Kinesis's do: behind an answer of 10 MiB it refuses for five seconds. With 0 it never
// refuses. HTTP/1.1 and HTTP/2 with prior knowledge, both on 127.0.0.1:PORT; CBOR and JSON. Besides Kinesis's own actions:
//
//   POST /more/N    puts N records more on each open shard
//   POST /split/N   ends the first open shard; each of its two children has N records
//
// Anything else with a method but POST is answered with 200: it is up.
'use strict';

const http = require('http');
const http2 = require('http2');
const net = require('net');
const {parseArgs} = require('util');
const {Api, Refusal} = require('./api');
const {Records} = require('./records');
const {Stream} = require('./stream');
const cbor = require('./cbor');
const json = require('./json');

// A connection with more to send would take no further requests. A KCL asks for all shards on one, and an answer may
// have 10 MiB.
const SESSION_MEGABYTES = 10000;
const CBOR = 'application/x-amz-cbor-1.1', JSON_TYPE = 'application/x-amz-json-1.1';

function options() {
  const given = parseArgs({options: {
    port: {type: 'string'}, shards: {type: 'string', default: '4'}, records: {type: 'string', default: '1000'},
    size: {type: 'string', default: '1024'}, pace: {type: 'string', default: String(2 << 20)}}}).values;
  const numbers = Object.fromEntries(Object.entries(given).map(([name, text]) => [name, Number(text)]));
  for (const [name, least] of [['port', 1], ['shards', 1], ['records', 0], ['size', 1], ['pace', 0]]) {
    if (!(Number.isInteger(numbers[name]) && numbers[name] >= least)) {
      throw new Error(`--${name} must be a whole number, at least ${least}`);
    }
  }
  return numbers;
}

function send(response, status, type, parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  response.writeHead(status, {'content-type': type, 'content-length': length});
  for (const part of parts.slice(0, -1)) response.write(part);
  response.end(parts.at(-1));
}

// What a POST gets that isn't for Kinesis.
function control(stream, path) {
  const [, what, records] = /^\/(more|split)\/(\d+)$/.exec(path) ?? [];
  if (what) stream[what](Number(records));
  return Boolean(what);
}

function respond(api, request, body, response) {
  const type = request.headers['content-type'] === CBOR ? CBOR : JSON_TYPE, format = type === CBOR ? cbor : json;
  if (request.method !== 'POST' || control(api.stream, request.url)) {
    send(response, 200, JSON_TYPE, [Buffer.alloc(0)]);
    return;
  }
  try {
    const action = (request.headers['x-amz-target'] ?? '').split('.').at(-1);
    send(response, 200, type, api.answer(action, format.decode(body), format));
  } catch (error) {
    if (!(error instanceof Refusal)) console.error(error);
    const refused = {__type: error.type ?? 'SerializationException', message: error.message};
    send(response, 400, type, [format.encode(refused)]);
  }
}

function serve({port, shards, records, size, pace}) {
  const made = new Map([[cbor, new Records(cbor, size)]]);
  const api = new Api(new Stream(shards, records), format => {
    if (!made.has(format)) made.set(format, new Records(format, size));
    return made.get(format);
  }, pace);
  const handle = (request, response) => {
    const parts = [];
    request.on('data', part => parts.push(part));
    request.on('end', () => respond(api, request, Buffer.concat(parts), response));
  };
  const first = http.createServer({keepAliveTimeout: 0}, handle);
  const second = http2.createServer({maxSessionMemory: SESSION_MEGABYTES}, handle);
  // HTTP/2 with prior knowledge begins with a request line of its own.
  net.createServer(socket => {
    socket.on('error', () => socket.destroy());
    socket.once('readable', () => {
      const bytes = socket.read();
      if (bytes === null) return;  // it was closed
      socket.unshift(bytes);
      (bytes.subarray(0, 3).equals(Buffer.from('PRI')) ? second : first).emit('connection', socket);
    });
  }).listen(port, '127.0.0.1');
}

try {
  serve(options());
} catch (error) {
  console.error(`canned_kinesis: ${error.message}`);
  process.exit(2);
}
