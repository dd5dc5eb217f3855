"""Well-known public hosts behind a firewall that has the FQDN tag of AKS: nobody is left with "it depends"."""

import re
from collections.abc import Iterator

import pytest

from handlers import commands
from handlers.replies import Message
from tests.build import DEV, World, make_world
from tests.listeners.calling import all_text, said, typed

DENIED = """
api.stripe.com gitlab.com pypi.org files.pythonhosted.org registry-1.docker.io auth.docker.io
production.cloudflare.docker.com registry.npmjs.org static.crates.io repo1.maven.org storage.googleapis.com
hooks.slack.com o1.ingest.sentry.io api.datadoghq.com bucket.s3.eu-west-1.amazonaws.com acme-v02.api.letsencrypt.org
api.cloudflare.com api.twilio.com api.sendgrid.com api.openai.com deb.debian.org releases.hashicorp.com quay.io
proxy.golang.org rubygems.org www.microsoft.com
"""
ALLOWED = "github.com api.github.com archive.ubuntu.com mcr.microsoft.com login.microsoftonline.com"
ROW = re.compile(r"`([^`]+)` (allowed|denied|depends)")


@pytest.fixture
def world(sqlite_url: str) -> Iterator[World]:
    """A world at rest."""
    made = make_world(sqlite_url)
    yield made
    made.store.close()


def answer(world: World, words: str) -> Message:
    """What a developer reads of a check."""
    return said(commands.check(world.ctx, typed(DEV, words)))


def test_every_host_is_allowed_or_denied(world: World) -> None:
    """One line each; the headline counts them, and a single host is answered in one line with what to do."""
    hosts = f"{DENIED} {ALLOWED}".split()
    found = answer(world, f"aks-udr {' '.join(hosts)}")
    rows = dict(ROW.findall(all_text(found)))
    assert rows == dict.fromkeys(DENIED.split(), "denied") | dict.fromkeys(ALLOWED.split(), "allowed")
    assert found.text == f"aks-udr: 5 of {len(hosts)} allowed, {len(hosts) - 5} denied"
    assert "`mcr.microsoft.com` allowed by FQDN tag AzureKubernetesService in rule fqdn." in all_text(found)
    assert answer(world, "aks-udr mcr.microsoft.com").text == (
        "aks-udr → mcr.microsoft.com: allowed by FQDN tag AzureKubernetesService in rule fqdn. No request needed."
    )
    assert answer(world, "aks-udr api.stripe.com").text == (
        "aks-udr → api.stripe.com: denied: no rule allows it. Request it below."
    )
