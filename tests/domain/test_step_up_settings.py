"""Settings of step-up: what they need of others."""

from dataclasses import replace

from bot.domain.step_up.settings import StepUp


def test_addresses_are_read_of_whoever_is_not_listed() -> None:
    """One person in the list spares nobody else; another claim is never compared with addresses."""
    told = StepUp("https://login.example.com", "bot", public_url="https://egress.example.com")
    listed = replace(told, people={"UAPP0001": "ada@example.com"})
    assert told.reads_email
    assert listed.reads_email
    assert not replace(listed, claim="sub").reads_email
    assert not StepUp().reads_email
