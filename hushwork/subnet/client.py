"""The SDK: an image in, a label out, and nobody in between who saw it.

model = hushwork.connect("http://127.0.0.1:8700").model()
print(model.infer("shoe.png").label)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from hushwork.errors import MalformedBytes, UnknownManifest
from hushwork.guarantee import MANIFEST_LIMIT, OPEN, TRUSTING, Guarantee, Manifest, load
from hushwork.subnet.access import refuse_insecure
from hushwork.subnet.known import Known, shipped_answers
from hushwork.subnet.messages import About, ModelInfo, Models
from hushwork.subnet.model import Model
from hushwork.wire import Hotkey, SignedClient, decode

_SECONDS = 600.0


def connect(
    url: str,
    *,
    hotkey: Hotkey | None = None,
    fingerprint: bytes = b"",
    guarantees: Mapping[str, Guarantee] | None = None,
    known: Known = shipped_answers,
    insecure_for_tests: bool = False,
) -> Door:
    """Knock at a gateway. Signs with `hotkey`, or with one made for the occasion.

    Elsewhere than on loopback, `fingerprint` is the SHA-256 of the gateway's certificate.
    `guarantees` come before those of this package; `known` finds images with known answers.
    """
    hotkey = hotkey or Hotkey.generate()
    with SignedClient(url, hotkey, "", fingerprint=fingerprint) as stranger:
        about = decode(About, stranger.get("/about"))
    http = SignedClient(url, hotkey, about.hotkey, fingerprint=fingerprint, timeout=_SECONDS)
    return Door(http, guarantees or {}, known, insecure_for_tests)


class Door:
    """A connection to a gateway. Closing it closes every model that was opened here."""

    def __init__(
        self,
        http: SignedClient,
        guarantees: Mapping[str, Guarantee],
        known: Known,
        insecure_for_tests: bool,
    ) -> None:
        self._http = http
        self._guarantees = guarantees
        self._known = known
        self._insecure_for_tests = insecure_for_tests
        self._opened: list[Model] = []

    def models(self) -> tuple[ModelInfo, ...]:
        """What is offered, those of the best judged miners first."""
        return decode(Models, self._http.get("/models")).models

    def model(
        self,
        name: str | None = None,
        guarantee: str | None = None,
        policy: str | Path | None = None,
    ) -> Model:
        """The first model that has this name or digest, under this guarantee.

        `policy`: a file that says whom you trust, where the guarantee asks for that.

        By default the first of all whose input no miner sees, and that asks for no trust. Checks
        the manifest and makes keys here. Raises UnknownManifest or RefusedManifest.
        """
        offered = self.models()
        for info in offered:
            names = {None, info.name, info.network_digest, info.manifest_digest}
            asked = (name or guarantee) is not None or info.guarantee not in OPEN
            trusted = policy is not None or guarantee is not None or info.guarantee not in TRUSTING
            if asked and trusted and name in names and guarantee in {None, info.guarantee}:
                return self._open(info, None if policy is None else Path(policy))
        expected = ", ".join(f"{info.name} ({info.guarantee})" for info in offered)
        got = " ".join(filter(None, (name, guarantee)))
        what = "no such model" if got else "no model here hides its input; name one, or a guarantee"
        raise UnknownManifest(what, expected=expected or "none at present", got=got or "no name")

    def close(self) -> None:
        """Destroy all keys and end all sessions made here."""
        for model in self._opened:
            model.close()
        self._http.close()

    def _open(self, info: ModelInfo, policy: Path | None) -> Model:
        data = self._http.get(f"/manifests/{info.manifest_digest}", limit=MANIFEST_LIMIT)
        manifest = Manifest.from_bytes(data)
        if manifest.digest != info.manifest_digest:
            raise MalformedBytes("manifest", expected=info.manifest_digest, got=manifest.digest)
        refuse_insecure(manifest.guarantee, self._insecure_for_tests)
        guarantee = self._guarantees.get(manifest.guarantee) or load(manifest.guarantee)
        model = Model(self._http, manifest, guarantee, self._known, info.seconds, policy)
        self._opened.append(model)
        return model

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
