"""The workspace survives kill -9: whatever was answered is there when another process opens the journal."""

from pathlib import Path

from bot.sandbox.clock import SandboxClock
from bot.sandbox.journal import Journal
from bot.sandbox.slack import Installation, SlackWorkspace, WebApi
from tests.sandbox.slack_stage import BOT_TOKEN, actions, button, installed, modal, text_input


def opened(path: Path, installation: Installation) -> tuple[SlackWorkspace, Journal]:
    """A workspace over the journal at that path."""
    journal = Journal(path)
    return SlackWorkspace(SandboxClock(), journal, installation=installation), journal


def test_a_new_process_finds_everything(tmp_path: Path) -> None:
    """Messages, ephemerals, direct messages, modals, Home, files, calls, response URLs."""
    before, first = opened(tmp_path / "journal", installed())
    api = WebApi(before)

    def call(method: str, **args: object) -> dict[str, object]:
        answer = api.call(method, args, BOT_TOKEN).body
        assert answer["ok"], answer
        return answer

    ts = call("chat.postMessage", channel="CEGRESS01", text="a", blocks=[actions(button("go"))])["ts"]
    call("chat.postEphemeral", channel="CEGRESS01", user="UDEV0001", text="b")
    call("chat.postMessage", channel="UDEV0001", text="c")
    call("views.open", trigger_id=before.tickets.issue_trigger("UDEV0001"), view=modal(text_input("i")))
    call("views.publish", user_id="UDEV0001", view={"type": "home", "blocks": []})
    file_id = str(call("files.getUploadURLExternal", filename="a.csv", length=1)["file_id"])
    before.files.upload(file_id, b"x")
    call("files.completeUploadExternal", files=[{"id": file_id}], channel_id="CEGRESS01")
    key = before.tickets.issue_response_url("UDEV0001", "CEGRESS01", message_ts=None, thread_ts=None)

    after, second = opened(tmp_path / "journal", installed())

    assert after.snapshot() == before.snapshot()
    assert after.tickets.check_response_url(key).user == "UDEV0001"
    assert after.files.get(file_id).content == b"x"
    assert after.stamps.ts() > str(ts)
    for item in (before, after):
        item.close()
    first.close()
    second.close()
