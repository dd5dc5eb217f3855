"""A Bolt application just large enough to exercise every part of the page."""

from collections.abc import Callable
from typing import Any

from slack_bolt import App

Json = dict[str, Any]

ANSWER = "*{}* leaves through `20.103.44.8` :white_check_mark: <script>alert(1)</script>"


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    """A section with mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "value"} | element,
    } | more


def _option(text: str) -> Json:
    return {"text": plain(text), "value": text}


def request_modal(host: str) -> Json:
    """A modal with the kinds of fields that the product uses."""
    return {
        "type": "modal",
        "callback_id": "request",
        "title": plain("Request egress"),
        "submit": plain("Send request"),
        "close": plain("Cancel"),
        "blocks": [
            _field(
                "cluster",
                "Cluster",
                {"type": "external_select", "min_query_length": 0, "placeholder": plain("Type a name")},
            ),
            _field("host", "Destination", {"type": "plain_text_input", "initial_value": host}),
            _field("reason", "Reason", {"type": "plain_text_input", "multiline": True}),
            _field("until", "Until", {"type": "datepicker", "initial_date": "2026-12-01"}, optional=True),
            _field(
                "groups",
                "Bundles",
                {"type": "multi_static_select", "options": [_option("docker-hub"), _option("pypi")]},
                optional=True,
            ),
            _field("urgent", "Urgency", {"type": "checkboxes", "options": [_option("Apply at once")]}, optional=True),
        ],
    }


def _request_card(who: str, host: str, cluster: str) -> list[Json]:
    approve = {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": host, "style": "primary"}
    approve |= {
        "confirm": {
            "title": plain("Approve?"),
            "text": plain(f"Opens {host}."),
            "confirm": plain("Yes, approve"),
            "deny": plain("Back"),
        }
    }
    return [section(f"<@{who}> asks for `{host}` from *{cluster}*"), {"type": "actions", "elements": [approve]}]


def wire_up(app: App, open_rule: Callable[[str], None]) -> None:
    """Register the listeners; ``open_rule`` writes an allowed destination to Azure."""

    @app.command("/egress")
    def _command(ack: Any, command: Json, client: Any) -> None:
        verb, *rest = command["text"].split() or ["help"]
        if verb == "request":
            ack()
            client.views_open(trigger_id=command["trigger_id"], view=request_modal(rest[-1] if rest else ""))
        else:
            ack(
                text="answer",
                blocks=[section(ANSWER.format(" ".join(rest) or verb))],
            )

    @app.options("value")
    def _clusters(ack: Any, payload: Json) -> None:
        ack(options=[_option(name) for name in ("aks-lb", "aks-udr", "aks-udr-nva") if payload["value"] in name])

    @app.view("request")
    def _submit(ack: Any, body: Json, view: Json, client: Any) -> None:
        values = view["state"]["values"]
        host = values["host"]["value"]["value"]
        if "://" in host:
            ack(response_action="errors", errors={"host": f"“{host}” is a URL. Write the host name alone."})
            return
        ack()
        cluster = values["cluster"]["value"]["selected_option"]["value"]
        client.chat_postMessage(
            channel="CEGRESS01", text="request", blocks=_request_card(body["user"]["id"], host, cluster)
        )
        client.chat_postMessage(channel="UAPP0001", text="A request waits for you in <#CEGRESS01>")

    @app.action("approve")
    def _approve(ack: Any, body: Json, action: Json, client: Any) -> None:
        ack()
        open_rule(action["value"])
        text = f"`{action['value']}` approved by <@{body['user']['id']}>"
        client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text=text, blocks=[section(text)])

    @app.event("app_home_opened")
    def _home(event: Json, client: Any) -> None:
        client.views_publish(
            user_id=event["user"],
            view={
                "type": "home",
                "blocks": [{"type": "header", "text": plain("Waiting for you")}, section("Nothing waits.")],
            },
        )
