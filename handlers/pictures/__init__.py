"""Charts in Slack: its own chart block, else a picture, else a line of text; the sentence behind it always."""

from handlers.pictures.drawing import chart_block
from handlers.pictures.showing import Pictures

__all__ = ["Pictures", "chart_block"]
