"""All comparisons, in the order in which they run."""

from tests.outside.emulate.compare import compare as with_emulate
from tests.outside.report import Comparison

COMPARISONS = (Comparison("emulate", "our Slack workspace with emulate's, call by call", with_emulate),)
