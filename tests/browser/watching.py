"""What a page must never do: write errors to its console, ask for what is not there, or ask anybody but its sandbox."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

CANCELLED = "net::ERR_ABORTED"
"""What Chromium says of a stream of events, or a download, that was under way when something else began."""


class Watch:
    """Collects what goes wrong in any page of a context.

    Args:
        url: The sandbox's; everything else is a stranger.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.problems: list[str] = []
        self._url = url
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("request", self._see)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:")):
            self.problems.append(f"foreign: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != CANCELLED:
            self.problems.append(f"failed: {request.method} {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.request.method} {response.url}")
