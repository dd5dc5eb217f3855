"""The baseline of the ack path: Bolt behind waitress that only acks: ``python -m bench.stage.bare PORT``."""

import sys
from typing import Any

from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from waitress import serve

from bench.stage.traffic import SECRET
from tests.build import TEAM

TEXT = "Commands: list, show, check, request. " * 40
"""About as long as what our own help says."""


def _authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token="xoxb-bare", bot_id="", bot_user_id="")


def _answer(ack: Ack, body: dict[str, Any]) -> None:
    ack(text=TEXT if "command" in body else "")


def main(port: int) -> None:
    """Serve until killed."""
    app = App(
        client=WebClient(),
        signing_secret=SECRET,
        authorize=_authorize,
        token_verification_enabled=False,
        process_before_response=True,
    )
    app.command("/egress")(_answer)
    app.action("approve")(_answer)
    app.view("request")(_answer)
    serve(SlackRequestHandler(app, path="/slack/events"), listen=f"127.0.0.1:{port}", threads=16, ident=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
