"""All comparisons, in the order in which they run."""

from tests.outside.azure_cli.compare import compare as with_az
from tests.outside.azure_cli.firewall import compare as with_az_firewall
from tests.outside.bicep.compare import compare as with_bicep
from tests.outside.bolt.compare import compare as with_bolt
from tests.outside.cards.compare import compare as with_cards
from tests.outside.emulate.compare import compare as with_emulate
from tests.outside.oidc.compare import compare as with_oidc
from tests.outside.openapi.schemathesis import compare as with_schemathesis
from tests.outside.openapi.specification import compare as with_specification
from tests.outside.report import Comparison
from tests.outside.shapes.compare import compare as with_types
from tests.outside.tables.compare import compare as with_tables

COMPARISONS = (
    Comparison("emulate", "our Slack workspace with emulate's, call by call", with_emulate),
    Comparison("shapes", "what is delivered, answered and produced with Slack's own TypeScript types", with_types),
    Comparison("bolt", "an application on Bolt for JavaScript in our workspace, over HTTP and Socket Mode", with_bolt),
    Comparison("cards", "the bot's cards drawn by another renderer of Block Kit at the width of a phone", with_cards),
    Comparison("oidc", "step-up's sign-in at a certified OpenID Connect provider", with_oidc),
    Comparison("bicep", "the Bicep files of deploy read by another grammar", with_bicep),
    Comparison("tables", "our CSV files read by pandas, and as a workbook in which no text is a formula", with_tables),
    Comparison("azure-cli", "Azure's command line with the simulated Azure and the bot", with_az),
    Comparison("azure-firewall", "az network firewall with the simulated Azure and the bot", with_az_firewall),
    Comparison("schemathesis", "the HTTP API with its own OpenAPI document", with_schemathesis),
    Comparison(
        "specification", "Azure's specification examples with the bot and the simulated Azure", with_specification
    ),
)
