"""Five thousand stack files that went wrong: each gets a verdict within 10 seconds of CPU and 1 GB of memory."""

import pytest

from tests.fuzz.mutants import mutant
from tests.fuzz.running import wrong

MUTANTS, TOGETHER = 5000, 250


def test_a_mutant_is_the_same_every_time() -> None:
    assert [mutant(number) for number in range(40)] == [mutant(number) for number in range(40)]
    assert len({mutant(number) for number in range(200)}) > 190


@pytest.mark.parametrize("first", range(0, MUTANTS, TOGETHER))
def test_every_mutant_gets_a_verdict(first: int) -> None:
    assert wrong(first, first + TOGETHER) == []
