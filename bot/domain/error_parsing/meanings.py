"""Explanations of error messages.

HTTP status 470: https://http.dev/470, read 2026-11.
"""

import re
from collections.abc import Iterator

from bot.domain.error_parsing.rows import BY_DEFAULT, BY_RULE, NO_ALLOWANCE_INTEL, NO_SNI

_MEANINGS = (
    (r"SNI TLS extension was missing", NO_SNI),
    (r"no rule matched|proceeding with default action", BY_DEFAULT),
    (r"action: deny\.[^\n]{0,200}rule collection: ?\S", BY_RULE),
    (r"action: deny[^\n]{0,200}threat ?intel", NO_ALLOWANCE_INTEL),
    (
        r"\bHTTP/[0-9.]{1,3} 470\b|\bstatus(?: code)?[:=]? ?470\b",
        "HTTP status 470 is Azure Firewall's own answer to a plain HTTP request that it denies.",
    ),
    (
        (
            r"SSL_ERROR_SYSCALL|connection reset by peer|ECONNRESET|connection was reset|socket hang up|SSLEOFError|"
            r"EOF occurred in violation of protocol|TLS handshake timeout|unexpected eof while reading|\": EOF\b|"
            r"before secure TLS connection was established|terminated the handshake|forcibly closed by the remote host"
        ),
        "The connection was cut during the TLS handshake. A firewall denial looks like this from a pod.",
    ),
    (
        (
            r"could(?: not|n't) resolve|no such host|ENOTFOUND|EAI_AGAIN|failure resolving|failure in name resolution|"
            r"name or service not known|UnknownHostException|failed to resolve '|unable to resolve host|"
            r"name could not be resolved|could not translate host name"
        ),
        (
            "The name did not resolve. This happens before any application rule applies: check its spelling "
            "and the cluster's DNS."
        ),
    ),
    (
        r"i/o timeout|ETIMEDOUT|timed out|context deadline exceeded|ConnectTimeout",
        "No answer in time: a route or a network rule dropped the traffic, or the host itself is slow.",
    ),
    (
        r"certificate signed by unknown authority|self[- ]signed certificate in certificate chain",
        "An unknown authority issued the certificate. The firewall may inspect TLS here: clients must trust its CA.",
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), sentence) for pattern, sentence in _MEANINGS)


def read_meanings(text: str) -> Iterator[str]:
    """The sentences for what the words of a text say."""
    return (sentence for pattern, sentence in _PATTERNS if pattern.search(text))
