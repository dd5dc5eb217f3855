"""All comparisons, in the order in which they run."""

from tests.outside.bolt.compare import compare as with_bolt
from tests.outside.emulate.compare import compare as with_emulate
from tests.outside.oidc.compare import compare as with_oidc
from tests.outside.report import Comparison
from tests.outside.shapes.compare import compare as with_types
from tests.outside.tables.compare import compare as with_tables

COMPARISONS = (
    Comparison("emulate", "our Slack workspace with emulate's, call by call", with_emulate),
    Comparison("shapes", "what is delivered, answered and produced with Slack's own TypeScript types", with_types),
    Comparison("bolt", "an application on Bolt for JavaScript in our workspace, over HTTP and Socket Mode", with_bolt),
    Comparison("oidc", "step-up's sign-in at a certified OpenID Connect provider", with_oidc),
    Comparison("tables", "our CSV files read by pandas, and as a workbook in which no text is a formula", with_tables),
)
