"""An HTTP server that keeps what it is asked and answers as a test says."""
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    method: str
    target: str
    headers: list  # of (name, value), as received
    body: bytes

    @property
    def action(self):
        return dict(self.headers).get("X-Amz-Target", "").rpartition(".")[2]

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """answer(request) returns (status, bytes), or None to close the connection without an answer. With an SSL context it
    speaks TLS. `date` is what its clock says, if not what ours does."""

    def __init__(self, answer, tls=None):
        self.requests = []
        self.date = None
        self.answer = answer
        self._lock = threading.Condition()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, self.headers.items(), body)
                with server._lock:
                    server.requests.append(request)
                    reply = server.answer(request)
                    server._lock.notify_all()
                if reply is None:
                    self.close_connection = True
                    return
                status, content = reply
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = _any

            def date_time_string(self, timestamp=None):
                return super().date_time_string(server.date.timestamp() if server.date else timestamp)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for(self, condition):
        """Until condition(requests) holds; the timeout only keeps a broken test from hanging."""
        with self._lock:
            assert self._lock.wait_for(lambda: condition(self.requests), 120), "never came about"

    def wait_for_locked(self, condition):
        """The same, for use by an answer that takes its time."""
        self._lock.notify_all()
        assert self._lock.wait_for(condition, 120), "never came about"

    def change(self, what):
        """Does what an answer may be waiting for."""
        with self._lock:
            what()
            self._lock.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()


class Kinesis:
    """Answers as Kinesis does. Set the attributes to have it misbehave."""

    def __init__(self, shards=2):
        self.shards = shards      # None: no stream
        self.statuses = []        # what DescribeStreamSummary says before ACTIVE
        self.failures = []        # (status, error type, message), or None: connection closed; one for each PutRecords
        self.refuse = lambda record: None  # an error code for one record
        self.records = []         # those accepted

    def __call__(self, request):
        return getattr(self, request.action)(request.json)

    def CreateStream(self, body):
        if self.shards is not None:
            return error(400, "ResourceInUseException", "it exists")
        self.shards = body["ShardCount"]
        self.statuses = ["CREATING", "CREATING"]
        return 200, b""

    def DescribeStreamSummary(self, body):
        if self.shards is None:
            return error(400, "ResourceNotFoundException", f"Stream {body['StreamName']} not found")
        status = self.statuses.pop(0) if self.statuses else "ACTIVE"
        return ok({"StreamDescriptionSummary": {"StreamStatus": status, "OpenShardCount": self.shards}})

    def PutRecords(self, body):
        if self.failures:
            failure = self.failures.pop(0)
            return failure and error(*failure)
        results = []
        for record in body["Records"]:
            code = self.refuse(record)
            if code:
                results.append({"ErrorCode": code, "ErrorMessage": "try later"})
            else:
                self.records.append(record)
                results.append({"SequenceNumber": str(len(self.records)), "ShardId": "shardId-000000000000"})
        return ok({"FailedRecordCount": sum("ErrorCode" in result for result in results), "Records": results})


def ok(body):
    return 200, json.dumps(body).encode()


def error(status, kind, message):
    return status, json.dumps({"__type": f"com.amazonaws.kinesis.v20131202#{kind}", "message": message}).encode()
