"""Coverage-guided fuzzing of everything that reads what people paste: ``make fuzz``, or with ``SECONDS=600``.

It ends with the text that broke an expectation, or after its time without a finding.
"""

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bot.domain", "handlers.hosts", "idna"]):
    from tests.parsing import check_text

LONGEST = 4096
"""Bytes of one text: longer ones only repeat what shorter ones do."""


def one_input(data: bytes) -> None:
    """One text; bytes that are none in UTF-8 become the replacement character."""
    check_text(data.decode("utf-8", "replace"))


def main() -> None:
    """Fuzz for as long as ``FUZZ_SECONDS`` says."""
    seconds = os.environ.get("FUZZ_SECONDS", "60")
    words = Path(__file__).with_name("words.dict")
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", f"-dict={words}", f"-max_len={LONGEST}"], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
