"""Names that are only derived are compared too: a revision can complete a pool's name to that of another pool."""

from planning_stacks import plan, planned, pool


def test_a_pool_that_has_the_name_that_another_gets_from_its_revision_is_refused() -> None:
    derived = plan({}).foundation.agent_pools[0].aks_name
    outcome = planned({"pools[1]": pool(derived, rotation="delete-first")})
    assert outcome.plan is None
    errors = [(finding.rule, finding.path) for finding in outcome.findings if finding.severity == "error"]
    assert errors == [("NAME-COLLISION", "pools[1].name")]
    assert planned({"pools[1]": pool("other", rotation="delete-first")}).plan is not None
