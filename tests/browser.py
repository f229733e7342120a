"""A page in a real browser: Chromium without a window, told what to do through its debugging protocol."""

import asyncio
import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


class Tab:
    """One page."""

    def __init__(self, address: str) -> None:
        self._address = address

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, as JSON has it; the page's policy does not bind it."""
        found = self._told(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def printed_pages(self) -> int:
        """Number of pages that it takes on paper."""
        printed = base64.b64decode(self._told("Page.printToPDF")["data"])
        return len(re.findall(rb"/Type /Page\b", printed))

    def _told(self, method: str, **parameters: object) -> Any:
        return asyncio.run(self._answer({"id": 1, "method": method, "params": parameters}))

    async def _answer(self, request: dict[str, object]) -> Any:
        import aiohttp

        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self._address, max_msg_size=0) as socket,
        ):
            await socket.send_str(json.dumps(request))
            async for message in socket:
                answer = json.loads(message.data)
                if answer.get("id") == request["id"]:
                    return answer["result"]
        raise AssertionError("the browser went away")


@contextmanager
def opened(page: Path, folder: Path, *flags: str) -> Iterator[Tab]:
    """The page after it is loaded; `folder` is for the browser's own files."""
    command = [str(CHROMIUM), *FLAGS, *flags, f"--user-data-dir={folder}", page.as_uri()]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        tab = Tab(_address(folder / "DevToolsActivePort", page.as_uri()))
        there = f"location.href === '{page.as_uri()}' && document.readyState === 'complete'"
        _until(lambda: tab.value(there))
        yield tab
    finally:
        process.kill()
        process.wait()


def _address(port_file: Path, address: str) -> str:
    import urllib.request

    _until(lambda: port_file.exists() and len(port_file.read_text().splitlines()) == 2)
    port = port_file.read_text().splitlines()[0]
    found: list[str] = []

    def listed() -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            pages = json.load(answer)
        found[:] = [
            each["webSocketDebuggerUrl"] for each in pages if each["url"].startswith(address)
        ]
        return bool(found)

    _until(listed)
    return found[0]


def _until(ready: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "the browser does not answer"
        time.sleep(0.1)
