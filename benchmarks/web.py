"""A small WSGI server for the webhooks: `python -m benchmarks.web PROCESSES` prints its port.

Processes that take one connection at a time and keep it, as a synchronous server behind a proxy does. Both sides of a
comparison are served by it.
"""

import io
import os
import signal
import socket
import sys

import django


def serve(processes: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    django.setup()
    from django.core.wsgi import get_wsgi_application

    from benchmarks.app import make_app

    make_app("memory://localhost")
    application = get_wsgi_application()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    children = []
    for _ in range(processes):
        pid = os.fork()
        if not pid:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            while True:
                _serve_connection(listener.accept()[0], application)
        children.append(pid)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(pid, signal.SIGTERM) for pid in children])
    print(listener.getsockname()[1], flush=True)
    for pid in children:
        os.waitpid(pid, 0)


def _serve_connection(connection: socket.socket, application) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in buffer:
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            connection.sendall(_answer(head.decode("latin-1"), application))


def _answer(head: str, application) -> bytes:
    """Requests without a body only: the provider sends its reports in the query."""
    line, *headers = head.split("\r\n")
    method, target, protocol = line.split(" ")
    path, _, query = target.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for header in headers:
        name, _, value = header.partition(": ")
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    sent: list[str] = []

    def start_response(status: str, fields: list[tuple[str, str]], _error=None) -> None:
        sent.extend([f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields)])

    result = application(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        result.close()
    if not any(line.lower().startswith("content-length") for line in sent):
        sent.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*sent, "", ""]).encode("latin-1") + body


if __name__ == "__main__":
    serve(int(sys.argv[1]))
