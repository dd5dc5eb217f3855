"""views.*: open, push, update, publish.

Source (read 2026-11): https://docs.slack.dev/reference/methods?family=views.
"""

from collections.abc import Mapping

from bot.sandbox.slack.content import view_from_args
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.method import Args, Body, Method
from bot.sandbox.slack.tickets import Trigger
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import SlackWorkspace


def _shown(view: View) -> Body:
    return {"view": view.wire()}


def _trigger(workspace: SlackWorkspace, args: Args) -> tuple[str, Trigger]:
    trigger_id = args.get("trigger_id") or args.get("interactivity_pointer")
    if not trigger_id:
        raise SlackError("invalid_arguments")
    return trigger_id, workspace.tickets.check_trigger(trigger_id)


def _open(workspace: SlackWorkspace, args: Args) -> Body:
    view = view_from_args(args["view"], "modal")
    trigger_id, trigger = _trigger(workspace, args)
    is_inside = trigger.view_id in [item.id for item in workspace.views.stack(trigger.user)]
    opened = workspace.views.push(trigger.user, view) if is_inside else workspace.views.open(trigger.user, view)
    workspace.tickets.spend_trigger(trigger_id)
    return _shown(opened)


def _push(workspace: SlackWorkspace, args: Args) -> Body:
    view = view_from_args(args["view"], "modal")
    trigger_id, trigger = _trigger(workspace, args)
    if not workspace.views.stack(trigger.user):
        raise SlackError("not_found")
    opened = workspace.views.push(trigger.user, view)
    workspace.tickets.spend_trigger(trigger_id)
    return _shown(opened)


def _update(workspace: SlackWorkspace, args: Args) -> Body:
    if not args.get("view_id") and not args.get("external_id"):
        raise SlackError("invalid_arguments")
    found = workspace.views.find(args.get("view_id"), args.get("external_id"))
    view = view_from_args(args["view"], found.body["type"])
    return _shown(workspace.views.update(found, view, args.get("hash")))


def _publish(workspace: SlackWorkspace, args: Args) -> Body:
    if not workspace.installation.has_home:
        raise SlackError("not_enabled")
    user = workspace.directory.user(args["user_id"])
    view = view_from_args(args["view"], "home")
    return _shown(workspace.views.publish(user.id, view, args.get("hash")))


METHODS: Mapping[str, Method] = {
    "views.open": Method(_open, required=("view",)),
    "views.push": Method(_push, required=("view",)),
    "views.update": Method(_update, required=("view",)),
    "views.publish": Method(_publish, required=("user_id", "view")),
}
"""Methods about modals and the Home tab."""
