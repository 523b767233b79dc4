"""An HTTP server that keeps what it is asked and answers as a test says."""
import json
import sys
import threading
import time
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


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # the other side may go away
            super().handle_error(request, client_address)


class Server:
    """answer(request) returns (status, bytes), or None to close the connection without an answer. With an SSL context it
    speaks TLS. `date` is what its clock says, if not what ours does; `delay` is how many seconds an answer is held back."""

    def __init__(self, answer, tls=None):
        self.requests = []
        self.date = None
        self.delay = 0
        self.in_flight = 0  # requests that are not answered yet
        self.answer = answer
        self._lock = threading.Condition()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else the body waits until the headers are acknowledged: 40 ms

            def _any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, self.headers.items(), body)
                with server._lock:
                    server.in_flight += 1
                    server.requests.append(request)
                try:
                    self._answer(request)
                finally:
                    with server._lock:
                        server.in_flight -= 1

            def _answer(self, request):
                with server._lock:
                    reply = server.answer(request)
                    server._lock.notify_all()
                if reply is None:
                    self.close_connection = True
                    return
                time.sleep(server.delay)
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

        self._http = Listener(("127.0.0.1", 0), Handler)
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
