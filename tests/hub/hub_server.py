"""A hub on this machine: repositories behind the addresses that the real client libraries ask, and its faults.

Large files are served as the real hub serves them: the hub redirects to another host (here another port), which
knows ranges and must never see a token.
"""

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".parquet")
GOOD_TOKEN = "hf_goodgoodgoodgoodgoodgoodgoodgoodgo"
OUTSIDER_TOKEN = "hf_outsideroutsideroutsideroutsideroutsi"


@lru_cache
def git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@lru_cache
def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Repo:
    """Files of one commit; `gated` ones are for people who accepted a licence."""

    files: dict[str, bytes]
    gated: bool = False

    @property
    def commit(self) -> str:
        listing = sorted((path, git_id(content)) for path, content in self.files.items())
        return hashlib.sha1(repr(listing).encode()).hexdigest()

    def tree(self) -> list[dict[str, object]]:
        folders = {path.rpartition("/")[0] for path in self.files} - {""}
        entries: list[dict[str, object]] = [
            {"type": "directory", "oid": "0" * 40, "size": 0, "path": folder}
            for folder in sorted(folders)
        ]
        for path, content in self.files.items():
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\nsize {len(content)}\n"
            entry = {"type": "file", "oid": git_id(content), "size": len(content), "path": path}
            if path.endswith(LARGE):
                large = {"oid": sha256(content), "size": len(content), "pointerSize": len(pointer)}
                entry |= {"oid": git_id(pointer.encode()), "lfs": large}
            entries.append(entry)
        return entries


@dataclass
class Faults:
    """What goes wrong; numbers of times count down, by path."""

    busy: bool = False
    """Everything is answered with 503."""
    cut: dict[str, int] = field(default_factory=dict)
    """The connection closes after this share (in %) of the body, once; ranges are served."""
    cut_then_busy: dict[str, int] = field(default_factory=dict)
    """The same, and every later request is answered with 503."""
    short: dict[str, int] = field(default_factory=dict)
    """Half of a body is served as if it were the whole."""
    corrupt: dict[str, int] = field(default_factory=dict)
    """A byte of the body is another."""
    slow: float = 0.0
    """Seconds before each piece of a body."""


@dataclass(frozen=True)
class Request:
    """A request as the server saw it."""

    host: str
    method: str
    path: str
    range: str | None
    token: bool
    status: int


class Hub:
    """The server; used as a context."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.renamed: dict[str, str] = {}
        self.faults = Faults()
        self.requests: list[Request] = []
        self._servers = [
            ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self, host))
            for host in ("hub", "cdn")
        ]

    def __enter__(self) -> "Hub":
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    def ranges(self) -> list[str]:
        """The ranges that were asked for."""
        return [request.range for request in self.requests if request.range]

    def about(self, repository: str) -> list[Request]:
        """Requests that name a repository; the client also asks for things of its own."""
        return [request for request in self.requests if repository in request.path]

    def content(self, end: str) -> tuple[str, bytes]:
        """Path and content of the large file with this digest."""
        return next(
            (path, content)
            for repo in self.repos.values()
            for path, content in repo.files.items()
            if sha256(content) == end
        )


class Handler(BaseHTTPRequestHandler):
    """One request, to the hub or to the host of its large files."""

    protocol_version = "HTTP/1.1"

    def __init__(self, hub: Hub, host: str, *rest: object) -> None:
        self.hub, self.host = hub, host
        super().__init__(*rest)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal; requests are recorded."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.hub.faults.busy:
            self.answer(503, {"X-Error-Message": "busy"})
        elif self.host == "cdn":
            name, content = self.hub.content(path.rpartition("/")[2])
            self.serve(name, content, {"ETag": f'"{sha256(content)}"'})
        else:
            self.route(path)

    def route(self, path: str) -> None:
        api = path.startswith("/api/")
        parts = path.removeprefix("/api").strip("/").split("/")
        kind = "models"
        if api or parts[0] == "datasets":
            kind = parts.pop(0)
        name, rest = "/".join(parts[:2]), parts[2:]
        if name in self.hub.renamed:
            target = self.path.replace(name, self.hub.renamed[name])
            return self.answer(307, {"Location": target})
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in ("", GOOD_TOKEN, OUTSIDER_TOKEN):
            message = "Invalid credentials in Authorization header"
            return self.answer(401, {"X-Error-Message": message})
        repo = self.hub.repos.get((kind, name))
        if repo is None:
            headers = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            return self.answer(404 if token else 401, headers)
        revision = rest[1] if len(rest) > 1 else "main"
        if revision not in ("main", "v1", repo.commit):
            return self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        match rest[:1]:
            case [] | ["revision"]:
                files = [{"rfilename": file} for file in repo.files]
                self.answer_json({"id": name, "sha": repo.commit, "siblings": files})
            case ["tree"]:
                self.answer_json(repo.tree())
            case ["resolve"]:
                self.resolve(repo, "/".join(rest[2:]), token)
            case _:
                self.answer(404, {"X-Error-Message": f"no such address: {path}"})
        return None

    def resolve(self, repo: Repo, path: str, token: str) -> None:
        headers = {"X-Repo-Commit": repo.commit}
        if repo.gated and token != GOOD_TOKEN:
            return self.answer(403 if token else 401, headers | {"X-Error-Code": "GatedRepo"})
        if path not in repo.files:
            return self.answer(404, headers | {"X-Error-Code": "EntryNotFound"})
        content = repo.files[path]
        if not path.endswith(LARGE):
            return self.serve(path, content, headers | {"ETag": f'"{git_id(content)}"'})
        digest = sha256(content)
        headers |= {
            "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(content)),
            "Location": f"{self.hub.cdn}/{digest}",
        }
        return self.answer(302, headers)

    def serve(self, path: str, content: bytes, headers: dict[str, str]) -> None:
        """A body, from the start or from where the client asks, with its faults."""
        faults = self.hub.faults
        head = self.command == "HEAD"
        start = 0
        status = 200
        if wanted := self.headers.get("Range"):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if not head and take(faults.short, path):
            body = body[: len(body) // 2]
            headers.pop("Content-Range", None)
        if not head and take(faults.corrupt, path):
            body = body[:-1] + bytes([body[-1] ^ 1])
        share = 0 if head else faults.cut.pop(path, 0)
        if not head and path in faults.cut_then_busy:
            share = faults.cut_then_busy.pop(path)
            faults.busy = True
        self.answer(status, headers | {"Content-Length": str(len(body))}, end=False)
        if head:
            return
        if share:
            self.wfile.write(body[: len(body) * share // 100])
            self.close_connection = True
            return
        for piece in range(0, len(body), 1 << 20):
            time.sleep(faults.slow)
            self.wfile.write(body[piece : piece + (1 << 20)])

    def answer_json(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.answer(
            200, {"Content-Type": "application/json", "Content-Length": str(len(body))}, end=False
        )
        if self.command == "GET":
            self.wfile.write(body)

    def answer(self, status: int, headers: dict[str, str], end: bool = True) -> None:
        """Status and headers; `end`: there is no body."""
        self.hub.requests.append(
            Request(
                self.host,
                self.command,
                self.path,
                self.headers.get("Range"),
                "Authorization" in self.headers,
                status,
            )
        )
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if end:
            self.send_header("Content-Length", "0")
        self.end_headers()


def take(times: dict[str, int], path: str) -> bool:
    """Whether a fault strikes now; one time fewer is left."""
    left = times.get(path, 0)
    if left:
        times[path] = left - 1
    return left > 0
