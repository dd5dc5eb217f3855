"""Evidence of a period as an HTML page that prints well: figures, a chart, and what each table is for."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape

from bot.domain.evidence import Quarter, Summary

STYLE = (
    "body{font:14px/1.5 sans-serif;max-width:60em;margin:2em auto}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #999;padding:.3em .6em;text-align:left;overflow-wrap:anywhere}"
    "@media print{body{margin:0;font-size:10px}tr{break-inside:avoid}thead{display:table-header-group}}"
)

SHOWN = ("id", "cluster", "hosts", "requester", "approvers", "reason", "risk", "asked_at", "live_at", "outcome")


def page_of(quarter: Quarter, changes: Summary, counts: Mapping[str, int], proof: str) -> str:
    """The page.

    Args:
        quarter: The period.
        changes: What happened.
        counts: How many lines each table beside the page has.
        proof: What was verified, in a sentence.
    """
    figures = "".join(_row((name, count)) for name, count in counts.items())
    lines = "".join(_row([change.get(column) for column in SHOWN]) for change in changes.first)
    rest = changes.count - len(changes.first)
    left = f"<p>{rest} more are in changes.csv.</p>" if rest else ""
    months, outcomes = dict(sorted(changes.by_month.items())), dict(changes.by_outcome.most_common())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Egress evidence {quarter.name}</title>'
        f"<style>{STYLE}</style><h1>Egress evidence {quarter.name}</h1>"
        f"<p>{quarter.start:%Y-%m-%d} to {quarter.end:%Y-%m-%d} UTC, the last day excluded. {escape(proof)}</p>"
        f"<h2>Changes by month</h2>{chart(months)}<h2>Changes by outcome</h2>{chart(outcomes)}"
        f"<h2>Tables</h2><table><thead>{_row(('file', 'lines'), 'th')}</thead>{figures}</table>"
        f"<h2>Changes</h2><table><thead>{_row(SHOWN, 'th')}</thead>{lines}</table>{left}</html>\n"
    )


def chart(counts: Mapping[str, int]) -> str:
    """Bars beside their names and numbers, as inline SVG."""
    most = max(counts.values(), default=1)
    bars = "".join(
        f'<text x="0" y="{20 * at + 15}">{escape(name)}</text>'
        f'<rect x="120" y="{20 * at + 3}" width="{400 * count // most}" height="14" fill="#456"/>'
        f'<text x="{126 + 400 * count // most}" y="{20 * at + 15}">{count}</text>'
        for at, (name, count) in enumerate(counts.items())
    )
    said = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
    return (
        f'<svg role="img" aria-label="{escape(said)}" width="600" height="{20 * max(1, len(counts)) + 5}" '
        f'font-size="12">{bars}</svg>'
    )


def _row(values: Iterable[object], cell: str = "td") -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(_text(value))}</{cell}>" for value in values) + "</tr>"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
