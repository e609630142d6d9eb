"""The command line over the test-only guarantee: python -m tests.cli.insecure_hush COMMAND ..."""

from __future__ import annotations

import functools
import sys

from hushwork import guarantee
from hushwork.cli import customer, main, processes, roles
from tests.insecure_plain import NAME, InsecurePlain

processes.COMMAND = (sys.executable, "-m", "tests.cli.insecure_hush")
guarantee._ROOMS.clear()
guarantee.load = lambda _: InsecurePlain()
for role in ("Miner", "Validator", "Gateway"):
    trusting = functools.partial(getattr(roles, role), insecure_for_tests=True)
    setattr(roles, role, trusting)
customer.connect = functools.partial(
    customer.connect, guarantees={NAME: InsecurePlain()}, insecure_for_tests=True
)

if __name__ == "__main__":
    main()
