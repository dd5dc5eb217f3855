"""``policy test`` and ``policy explain`` as an operator types them."""

from pathlib import Path

from bot.config import examples_from
from tests.build import CONFIG
from tests.processes.stage import run_here

EXAMPLES = CONFIG.with_name("policy-examples.toml")


def test_the_shipped_examples_hold() -> None:
    """Each line of the output is one example."""
    status, said = run_here("policy", "test", str(EXAMPLES))
    assert (status, said.count("ok    "), "FAIL" in said) == (0, len(examples_from(EXAMPLES)), False), said


def test_a_policy_that_changed_fails(tmp_path: Path) -> None:
    """What was expected, and what the policy says now; status 1."""
    changed = tmp_path / "egress.toml"
    changed.write_text(CONFIG.read_text().replace("needed = 2", "needed = 1"))
    status, said = run_here("policy", "test", str(EXAMPLES), "--config", str(changed))
    assert status == 1
    assert "FAIL  high risk needs two people: expected approvers “2 from platform”, got “1 from platform”." in said


def test_it_explains(tmp_path: Path) -> None:
    """Each rule with the condition that it fails, and the verdict."""
    status, said = run_here("policy", "explain", str(EXAMPLES), "high risk needs two people")
    assert status == 0
    assert "critical-never (refuse): does not hold: environments" in said
    assert "high-risk-two (ask): holds" in said
    assert "verdict: ask 2 from platform (rule high-risk-two)" in said
    status, said = run_here("policy", "explain", str(EXAMPLES), "nonsense")
    assert (status, "has no example named “nonsense”" in said) == (2, True), said
    wrong = tmp_path / "examples.toml"
    wrong.write_text('[[examples]]\nname = "x"\ncluster = "c"\nthen = "perhaps"\n')
    status, said = run_here("policy", "test", str(wrong))
    assert (status, "examples.0.then must be" in said) == (2, True), said
