"""Side by side: what google-auth and what sanskey do with the same drawn cases, and the differences by name."""

from pathlib import Path

import config_draws
import known_differences
import pytest
import side_by_side
from vectorgen import world

USUAL_CASES = 1500


def test_every_difference_is_known_and_is_met(seed, tmp_path):
    met = set()
    for drawn, case in config_draws.cases(seed, USUAL_CASES, str(tmp_path)):
        ours = side_by_side.ours(case)
        expected, differences = known_differences.expected(case)
        assert ours == expected, f"seed {seed}, {drawn}: {case}\nOurs: {ours.error!r}\nTheirs: {expected.error!r}"
        assert all(proof["headers"]["authorization"]["is_right"] for proof in known_differences.proofs(case, ours)), (
            drawn
        )
        met |= differences
    assert met == {each.name for each in known_differences.KNOWN}, f"seed {seed}"


def test_the_readme_lists_them():
    text = Path(__file__).with_name("README.md").read_text()
    listed = text.split("\nFrom google-auth (")[1].split("\n\n")[1].splitlines()
    assert listed == [f"- `{each.name}`: {each.reason}" for each in known_differences.KNOWN]
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("kind", config_draws.KINDS)
def test_google_ignores_sanskeys_own_object(seed, tmp_path, kind):
    case = config_draws.ConfigDraw(seed, "own object", str(tmp_path)).case(kind)
    calls = {"aws_assume_role": [{"role_arn": world.ROLES[0]}], "aws_web_identity_token": {}}
    assert side_by_side.theirs(case.with_config(sanskey=calls)) == side_by_side.theirs(case)
