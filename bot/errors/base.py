"""The root of all errors."""


class EgressError(Exception):
    """The root of all errors that the product raises on purpose; ``request_id`` is Azure's, of what it did not take."""

    request_id = ""

    @property
    def sentence(self) -> str:
        """The message, ready to show to a person, and the notes that were added to it."""
        return " ".join((str(self), *getattr(self, "__notes__", ())))
