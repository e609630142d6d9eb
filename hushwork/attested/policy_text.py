"""A policy as a file that explains itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

_HEADER = """\
# Which machines this party trusts with what it sends them. What is not listed is refused.
# All hex is lower-case.
"""

_COMMENTS = {
    "platforms": """Any of "sgx", "tdx", "sev-snp", "nitro".""",
    "tcb_statuses": """Intel's verdicts on a machine's firmware that are good enough; "UpToDate" is
        the strictest. "SWHardeningNeeded" leaves known attacks to the software to fend off.""",
    "refused_advisories": """Such as "INTEL-SA-00615": refused whatever the status is.""",
    "greatest_collateral_age_days": """How old revocation lists and TCB data may be. Intel's live 30
        days, and AMD's list is renewed about once a year: a sev-snp machine has to send it.""",
    "platform_identities": """Only these machines (PPID, CHIP_ID, or Nitro's module id). Without
        this line, any machine that its maker vouches for; an empty list refuses all.""",
    "least_snp_tcb": """Oldest of AMD's firmware that is good enough. Without this line no sev-snp
        is.""",
    "greatest_snp_vmpl": """Lowest privilege (0 is the highest) from which a sev-snp guest may ask
        for reports.""",
    "insecure_development_root": """SHA-256 of a root that is nobody's: who runs such a platform
        sees everything. For development only; real machines do not need this line.""",
    "insecure_allow_debug": """Whether operators may look into sev-snp and nitro guests. On sgx and
        tdx they never may.""",
    "accepted": """Software that may run: a machine must match all lines of one entry. For tdx,
        mr_td is the firmware alone; rt_mr1 and rt_mr2 are kernel and disk, and rt_mr3 or dstack's
        events the application.""",
}
_WIDTH = 96


def policy_text(policy: Mapping[str, Any]) -> str:
    """TOML of a policy as plain values. Keys that are None stand as comments."""
    parts = [_HEADER]
    for name, value in policy.items():
        if name != "accepted":
            parts.append(_comment(name) + _line(name, value))
    entries = "\n".join(map(_table, policy["accepted"])) or "accepted = []\n"
    return "\n".join([*parts, _comment("accepted") + entries])


def _comment(name: str) -> str:
    return "".join(f"# {line}\n" for line in wrap(_words(_COMMENTS[name]), _WIDTH))


def _words(text: str) -> str:
    return " ".join(text.split())


def _line(name: str, value: Any) -> str:
    return f"# {name} =\n" if value is None else f"{name} = {_value(value)}\n"


def _value(value: Any) -> str:
    """JSON's strings, integers, booleans and lists are TOML's, but for the character 127."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(key)} = {_value(part)}" for key, part in value.items())
        return f"{{ {pairs} }}"
    return json.dumps(value).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else _value(name)


def _table(entry: Mapping[str, Any]) -> str:
    return "\n".join(_table_lines(entry)) + "\n"


def _table_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    yield "[[accepted]]"
    yield f"name = {_value(entry['name'])}"
    for table in ("measurements", "events"):
        if entry.get(table):
            yield f"[accepted.{table}]"
            yield from (f"{_key(name)} = {_value(value)}" for name, value in entry[table].items())
