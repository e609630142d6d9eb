"""Everything that can be wrong with a quote, one thing at a time, each with its own error."""

from __future__ import annotations

from typing import get_args

import pytest

from hushwork.errors import HushworkError
from tests.attested.ill_machines import ONLY, SCENARIOS, Make
from tests.attested.machines import FMSPC, PPID, REPORT_DATA, Kind, Machine, machine

KINDS: tuple[Kind, ...] = get_args(Kind)
CASES = [
    pytest.param(kind, make, error, id=f"{name}, {kind}")
    for table in SCENARIOS
    for error, makes in table.items()
    for name, make in makes.items()
    for kind in KINDS
    if ONLY.get(name, kind) == kind
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_that_is_well_is_believed(kind: Kind) -> None:
    well = machine(kind)
    claims = well.examine(well.evidence())
    assert (claims.platform, claims.status, claims.report_data) == (kind, "UpToDate", REPORT_DATA)
    assert claims.identity == PPID.hex()
    assert claims.details["fmspc"] == FMSPC.hex()


@pytest.mark.parametrize(("kind", "make", "error"), CASES)
def test_what_is_ill_is_refused_with_its_own_error(
    kind: Kind, make: Make, error: type[HushworkError]
) -> None:
    well = machine(kind)
    made = make(well)
    evidence = made.evidence() if isinstance(made, Machine) else made
    with pytest.raises(HushworkError) as caught:
        well.examine(evidence)
    assert type(caught.value) is error, caught.value
