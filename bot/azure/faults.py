"""Azure's errors as ours: one table."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, DecodeError, HttpResponseError

from bot.azure.identity import SignInSilent
from bot.azure.sign_in import blocked
from bot.azure.translate.shapes import json_from_text
from bot.domain.snat.refusals import refusal_of
from bot.errors import (
    ArmBusy,
    ArmForbidden,
    ArmNotFound,
    ArmRejected,
    ArmThrottled,
    ArmUnreachable,
    EgressError,
    Refused,
    StaleVersion,
    Unavailable,
    UnknownShape,
)

SIGN_IN = "SignIn"
"""The code of a refused sign-in."""

LONGEST_MESSAGE = 500
"""Characters of Azure's own words that are shown."""

TABLE: tuple[tuple[int | None, str | None, type[EgressError]], ...] = (
    (None, "EtagMismatch", StaleVersion),
    (412, None, StaleVersion),
    (None, "AnotherOperationInProgress", ArmBusy),
    (None, "RetryableError", ArmBusy),
    (None, "ReferencedResourceNotProvisioned", ArmBusy),
    (409, "OperationNotAllowed", ArmBusy),
    (409, "Conflict", ArmBusy),
    (429, None, ArmThrottled),
    (401, None, ArmForbidden),
    (403, None, ArmForbidden),
    (404, None, ArmNotFound),
    (408, None, ArmUnreachable),
    (500, None, ArmUnreachable),
    (502, None, ArmUnreachable),
    (503, None, ArmUnreachable),
    (504, None, ArmUnreachable),
)
"""Status, code, error; None matches any, and the first matching row applies. Other 4xx are ``ArmRejected``.

Sources, read 2026-11:
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling.
"""

_WORDS: Mapping[type[EgressError], str] = {
    StaleVersion: "The resource changed in Azure in the meantime",
    ArmBusy: "Azure is busy with another operation on the resource",
    ArmThrottled: "Azure is throttling the bot",
    ArmForbidden: "The bot's identity lacks a permission in Azure",
    ArmNotFound: "The resource does not exist in Azure",
    ArmUnreachable: "Azure returned an error",
    ArmRejected: "Azure rejected the request",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The code and message of an error body, wrapped in ``error`` or not."""

    code: str | None
    message: str


def answer_from_body(body: object) -> Answer:
    """Read an error body: ARM's ``{"error": …}``, AKS's bare one, or the firewall provider's ``ModelState``."""
    if not isinstance(body, Mapping):
        return Answer(None, str(body or ""))
    inner = body.get("error", body)
    if not isinstance(inner, Mapping):
        return Answer(None, str(inner))
    if "ModelState" in inner:
        return _answer_from_model_state(inner)
    message = inner.get("message") or inner.get("Message") or ""
    return Answer(inner.get("code") or inner.get("Code"), str(message))


def _answer_from_model_state(body: Mapping[str, Any]) -> Answer:
    texts = [text for texts in body["ModelState"].values() for text in texts]
    found = (_inner_error(text) for text in texts)
    return next((answer for answer in found if answer), Answer(None, "; ".join(texts)))


def _inner_error(text: str) -> Answer | None:
    try:
        inner = json.loads(text)["Error"]
        return Answer(inner["Code"], inner["Message"])
    except (ValueError, KeyError, TypeError):
        return None


def error_class(status: int, code: str | None) -> type[EgressError]:
    """The class of our error for an answer of Azure."""
    fits = (cls for row_status, row_code, cls in TABLE if row_status in (None, status) and row_code in (None, code))
    return next(fits, ArmUnreachable if status >= 500 else ArmRejected)


def fault_from_answer(status: int, headers: Mapping[str, str], body: object) -> EgressError:
    """Our error for an answer of Azure."""
    answer = answer_from_body(body)
    fault = _fault(error_class(status, answer.code), status, headers, answer)
    fault.request_id = request_id(headers)
    return fault


def _fault(cls: type[EgressError], status: int, headers: Mapping[str, str], answer: Answer) -> EgressError:
    sentence = _sentence(cls, answer)
    if issubclass(cls, Unavailable):
        return cls(sentence, retry_after=retry_after(headers))
    return cls(sentence, code=answer.code or str(status)) if issubclass(cls, Refused) else cls(sentence)


def request_id(headers: Mapping[str, str]) -> str:
    """The id that Azure gave a request, 36 characters as a rule; empty where the header is missing.

    Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling, read
    2026-11: ``x-ms-request-id``.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    return lower.get("x-ms-request-id", "")[:100]


def _sentence(cls: type[EgressError], answer: Answer) -> str:
    message = answer.message.strip()[:LONGEST_MESSAGE].rstrip(".")
    code = f" ({answer.code})" if answer.code else ""
    known = refusal_of(answer.code)
    what = known.what if known else _WORDS[cls]
    return f"{what}{code}: {message}." if message else f"{what}{code}."


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The ``Retry-After`` header in seconds; None where it is missing or not a number."""
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        return timedelta(seconds=float(lower["retry-after"]))
    except (KeyError, ValueError, OverflowError):
        return None


def fault_from(error: AzureError) -> EgressError:
    """Our error for an error of the SDK."""
    if isinstance(error, DecodeError):
        return UnknownShape("Azure's response could not be read.")
    response: Any = getattr(error, "response", None)
    if isinstance(error, HttpResponseError) and response is not None:
        return fault_from_answer(response.status_code, response.headers, json_from_text(response.text()))
    if isinstance(error, SignInSilent):
        return ArmUnreachable(error.message)
    if isinstance(error, ClientAuthenticationError):
        return ArmForbidden(error.message, code=SIGN_IN)
    return ArmUnreachable(blocked("Azure", error) or "Azure is not responding.")


@contextmanager
def translated() -> Iterator[None]:
    """Translate every error that the SDK raises inside."""
    try:
        yield
    except AzureError as error:
        raise fault_from(error) from error


class AzureHealth:
    """The state of Azure's last answer."""

    def __init__(self) -> None:
        self.problem: str | None = None

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Remember whether calls inside were answered; a refusal counts as an answer."""
        try:
            yield
        except (ArmUnreachable, ArmForbidden) as error:
            is_silent = isinstance(error, ArmUnreachable) or error.code == SIGN_IN
            self.problem = error.sentence if is_silent else None
            raise
        self.problem = None
