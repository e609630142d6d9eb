"""Arithmetic in Rust: the ring, CKKS over it, and whole programs run without the GIL.

The ring is the conjugate-invariant one: degree N, N real slots, one orbit of rotations. Slot
vectors are float64 arrays of length N, or of a shorter length p dividing N, which stands for its
N / p fold repetition. Rotating by r moves slot i + r to slot i.

Everything that decodes bytes raises a subclass of hushwork.errors.InvalidBytes or
InvalidParameters; a caller's own bug raises ValueError or TypeError. Want of memory is a
MemoryError, after which everything works as before. Nothing here does I/O.
Threads do not survive os.fork: start further processes by spawn.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Tier = tuple[int, int, int]
"""(limbs, digit, special): how keys are switched at `limbs` limbs of Q and below, down to the next
tier: in digits of `digit` limbs, by the first `special` special primes. A key serves one tier."""

@final
class SigningKey:
    """A key of Ed25519 (RFC 8032), fresh; zeroised when it is dropped."""

    def __new__(cls) -> SigningKey: ...
    @property
    def public_key(self) -> bytes:
        """32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""

@final
class VerifyingKey:
    """A public key of Ed25519."""

    def __new__(cls, public_key: bytes) -> VerifyingKey:
        """Of 32 bytes. Raises ValueError where they are none, or of small order."""

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether a signature is this key's, in the one encoding that it has."""

def kernel() -> str:
    """The arithmetic in use: "ifma" (AVX-512), "avx2" or "portable"; all give the same bits.

    The fastest that the processor has, or what HUSHWORK_KERNEL named at the first use. Raises
    InvalidParameters, as the making of Parameters does, where it names none of this processor's.
    """

def keep_memory(freed: bool) -> None:
    """Keep what is freed for what is allocated next, or no longer: fresh pages take time."""

def release_memory() -> None:
    """Give free memory back to the system: after a compilation, most of what it took."""

def find_primes(log_n: int, bits: Sequence[int]) -> list[int]:
    """Distinct primes = 1 mod 4N below 2**50, each the largest of bits[i] bits that is left.

    Raises InvalidParameters where there are none.
    """

def security_bound(log_n: int) -> int:
    """Most bits of Q * P for 128-bit security. Raises InsecureParameters where none is known."""

@final
class Parameters:
    """Checked and immutable. `moduli` bottom first; `tiers` highest first, of all limbs."""

    def __new__(
        cls, log_n: int, moduli: Sequence[int], special: Sequence[int], tiers: Sequence[Tier]
    ) -> Parameters:
        """Raises InsecureParameters over the bound, InvalidParameters for anything else."""

    @staticmethod
    def insecure(
        log_n: int, moduli: Sequence[int], special: Sequence[int], tiers: Sequence[Tier]
    ) -> Parameters:
        """A test-only set: every check but the bound. from_bytes refuses it."""

    @staticmethod
    def from_bytes(data: bytes) -> Parameters: ...
    def to_bytes(self) -> bytes: ...
    @property
    def log_n(self) -> int: ...
    @property
    def slots(self) -> int: ...
    @property
    def moduli(self) -> list[int]: ...
    @property
    def special(self) -> list[int]: ...
    @property
    def tiers(self) -> list[Tier]: ...
    @property
    def log_qp(self) -> float:
        """Bits of Q * P in the tier where they are most."""

    @property
    def is_secure(self) -> bool: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SecretKey:
    """Ternary, fresh from the operating system's generator; zeroised when dropped."""

    def __new__(cls, parameters: Parameters) -> SecretKey: ...
    @staticmethod
    def insecure_from_seed(parameters: Parameters, seed: bytes) -> SecretKey:
        """Deterministic, from 32 bytes, for known-answer tests; refuses secure parameters."""

    def encrypt(self, values: Array, scale: float, limbs: int | None = None) -> bytes:
        """A seeded ciphertext of slot values."""

    def encrypt_projected(self, values: Array, scale: float, limbs: int | None = None) -> bytes:
        """A seeded projected ciphertext of slot values, whose number is its period."""

    def encrypt_coefficients(
        self, values: Array, scale: float, limbs: int | None = None
    ) -> bytes: ...
    def decrypt(self, ciphertext: bytes) -> Array:
        """Slot values. Raises InvalidBytes or ParameterMismatch."""

    def decrypt_coefficients(self, ciphertext: bytes) -> Array: ...
    def decrypt_projected(self, projected: bytes | memoryview) -> Array:
        """One period of the slots. Raises InvalidBytes or ParameterMismatch."""

    def public_key(self) -> PublicKey: ...
    def evaluation_keys(
        self, rotations: Mapping[int, Sequence[int]], relinearisation: Sequence[int] = ...
    ) -> bytes:
        """Seeded keys: rotation step -> limbs at which it is used, and limbs of products.

        One key is made for each tier in which there is a use, at the most limbs of any.
        """

    def destroy(self) -> None:
        """Zeroise now; every later use raises ValueError."""

@final
class PublicKey:
    @staticmethod
    def from_bytes(parameters: Parameters, data: bytes) -> PublicKey: ...
    def to_bytes(self) -> bytes: ...
    def encrypt(self, values: Array, scale: float, limbs: int | None = None) -> bytes: ...

@final
class EvaluationKeys:
    @staticmethod
    def from_bytes(parameters: Parameters, data: bytes | memoryview) -> EvaluationKeys: ...
    @property
    def rotations(self) -> dict[int, list[int]]:
        """Step -> limbs of each tier's key, falling."""

    @property
    def relinearisation(self) -> list[int]: ...

def ciphertext_bytes(parameters: Parameters, limbs: int, seeded: bool) -> int:
    """Exact size of a serialised ciphertext."""

def projected_bytes(parameters: Parameters, limbs: int, period: int, seeded: bool) -> int:
    """Exact size of a serialised projected ciphertext."""

def evaluation_keys_bytes(
    parameters: Parameters,
    rotations: Mapping[int, Sequence[int]],
    relinearisation: Sequence[int] = ...,
) -> int:
    """Exact size of serialised evaluation keys, for the same uses as SecretKey.evaluation_keys."""

@final
class Evaluator:
    """Single operations on serialised ciphertexts."""

    def __new__(cls, parameters: Parameters, keys: EvaluationKeys | None = None) -> Evaluator: ...
    def describe(self, ciphertext: bytes) -> tuple[int, float]:
        """(limbs, scale)"""

    def describe_projected(self, projected: bytes | memoryview) -> tuple[int, float, int]:
        """(limbs, scale, period)"""

    def project(self, a: bytes, period: int) -> bytes:
        """What it takes to decrypt one period of the slots: c1, and of c0 the mean of the copies.

        Where slots do not repeat after `period`, those are averaged that would be copies.
        """

    def add(self, a: bytes, b: bytes) -> bytes: ...
    def subtract(self, a: bytes, b: bytes) -> bytes: ...
    def add_plain(self, a: bytes, values: Array) -> bytes: ...
    def multiply_plain(self, a: bytes, values: Array, scale: float) -> bytes: ...
    def multiply(self, a: bytes, b: bytes) -> bytes:
        """Product, relinearised, not rescaled."""

    def rescale(self, a: bytes) -> bytes: ...
    def rotate(self, a: bytes, step: int) -> bytes: ...
    def drop(self, a: bytes, limbs: int) -> bytes: ...

@final
class Program:
    """A packed program: plain data in, compiled once, run whole.

    `inputs`: exact (limbs, scale) of each input ciphertext; they are registers 0, 1, ... With a
    `period` p they are projected ciphertexts of that period, and the steps begin with a rotate_add
    of each by p, 2p, ... N / 2, which leaves N / p times what was encrypted; before it, a register
    decrypts to nothing.
    `steps`, in order, each a dict whose "op" is one of the names below and whose other keys are
    exactly those listed; every output register is new (static single assignment):

    linear      inputs [r], outputs [r], terms [(output index, input index, anchor, giant, baby,
                weights)], giant_step g, scale s, bias [array or None per output].
                out[o] = rescale(sum over terms of weights * rotate(in[i], anchor + giant*g + baby))
                + bias; `weights` is a slot vector as the output sees it. giant >= 0. One limb goes;
                the result has exactly scale s.
    combine     inputs [r], outputs [r], starts (int64), columns (int32 or uint32), weights
                and bias (float64, or None for bias), scale s.
                out[o] = rescale(sum over starts[o] <= k < starts[o + 1] of weights[k] *
                in[columns[k]]) + bias[o]: a sparse matrix by rows of numbers that are alike in all
                slots. One limb goes; the result has exactly scale s. Needs no key. Neighbouring
                outputs with the same columns cost least.
    multiply    a, b (may be equal), output, scale: product, relinearised, one limb rescaled away;
                the scale that results is a.scale * b.scale / prime and must agree with `scale`.
    add         a, b, output: limbs and scale must agree.
    add_plain   input, output, values.
    rotate_add  input, output, steps [k]: for each k in turn x = x + rotate(x, k).
    drop        input, output, limbs.

    Construction checks everything (limbs, scales, registers, sizes) and raises ValueError. At most
    2^16 steps, 2^17 registers, 2^14 inputs or outputs of the program and of a combine, 256 of a
    linear; 2^26 weights, inputs and outputs of all combines.
    """

    def __new__(
        cls,
        parameters: Parameters,
        inputs: Sequence[tuple[int, float]],
        steps: Sequence[dict[str, Any]],
        outputs: Sequence[int],
        period: int | None = None,
    ) -> Program: ...
    @property
    def rotations(self) -> dict[int, list[int]]:
        """Rotation keys that are needed: step -> most limbs of each tier in which it is used."""

    @property
    def relinearisation(self) -> list[int]: ...
    def check_keys(self, keys: EvaluationKeys) -> None:
        """Raises MissingKey or ParameterMismatch unless these are keys to run with."""

    @property
    def outputs(self) -> list[tuple[int, float]]:
        """(limbs, scale) of each output ciphertext."""

    @property
    def plaintext_bytes(self) -> int:
        """Memory that the encoded weights take."""

    def run(
        self,
        keys: EvaluationKeys,
        inputs: Sequence[bytes | memoryview],
        progress: Callable[[int, int, int], None] | None = None,
        threads: int = 0,
    ) -> list[bytes]:
        """Run on all cores (or `threads`), GIL released.

        Raises MissingKey, ParameterMismatch or InvalidBytes before any work starts. `progress`
        gets (step, done, total) in work units at least a few times a second; whatever it raises
        stops the run and comes out here.
        """

Integers = NDArray[np.int32]

@final
class Weights:
    """A network's weights and biases: secret, unless its scheme makes them public."""

@final
class Commitment:
    """The prover's half of a commitment: to weights, to an input or to an output.

    It counts its openings, and raises BudgetSpent rather than be opened more often than it stays
    hidden.
    """

    @property
    def pinned(self) -> bytes:
        """What others know of it, 52 bytes: its root, and a value that tells its content."""

    @property
    def opened(self) -> int:
        """How often it has been opened."""

    @property
    def openings(self) -> int:
        """How often it may be."""

@final
class Statement:
    """What a proof of a run says."""

    def __new__(
        cls,
        model: bytes,
        weights: bytes | Weights,
        input: bytes | Integers,
        outcome: bytes | Integers | int,
        bound: bytes,
    ) -> Statement:
        """That a model's network made `outcome` of `input`; commitments to them are bytes.

        weights: the commitment that the proof opens, or weights that everybody knows.
        outcome: all numbers, a commitment to them, or the index of the largest, which is the lowest
        where there are several. bound: whatever else the proof is bound to.
        """

@final
class Proved:
    """A proof, and what it says."""

    @property
    def outcome(self) -> Any:
        """As a Statement takes it."""

    @property
    def numbers(self) -> Integers:
        """The output, told or not."""

    @property
    def proof(self) -> bytes:
        """Canonical bytes."""

    @property
    def commitment(self) -> Commitment | None:
        """To the output, where that is what is told."""

@final
class Scheme:
    """A quantised network's architecture with the parameters of its commitments, checked: fewer
    than 100 proven bits of soundness for a model's evidence raise InsecureParameters."""

    @staticmethod
    def choose(architecture: bytes, hidden: bool, log_domain: int) -> Scheme:
        """With the parameters that make the smallest proofs, codewords having 2**log_domain rows.

        Raises InvalidNetwork, MalformedBytes, TooLarge, UnsupportedVersion or InsecureParameters.
        """

    @staticmethod
    def choose_together(
        architectures: Sequence[bytes], hidden: bool, log_domain: int
    ) -> list[Scheme]:
        """With parameters in common, so that one's output can be another's input.

        Raises as choose does.
        """

    @staticmethod
    def read(architecture: bytes, hidden: bool, parameters: bytes) -> Scheme:
        """With parameters that somebody else chose. Raises InvalidParameters too."""

    @property
    def hidden(self) -> bool:
        """Whether weights are committed; otherwise everybody knows them."""

    @property
    def parameters(self) -> bytes:
        """Canonical bytes."""

    @property
    def digest(self) -> bytes:
        """Of the architecture and the parameters, 32 bytes."""

    @property
    def code(self) -> tuple[int, int, int]:
        """(log2 of a codeword's rows, rows of a commitment, queries)"""

    @property
    def soundness(self) -> dict[str, float]:
        """Bits that are proven of one proof, by what may go wrong, and of "all" together."""

    def weights(self, parameters: bytes) -> Weights:
        """From their bytes: int8 of each term's weights (height, width, in, out), then int32 of its
        biases, sum by sum. Raises InvalidNetwork."""

    def model(self, given: bytes | Weights) -> bytes:
        """The digest that stands for a model: from its root, or from public weights."""

    def commit(self, weights: Weights, seed: bytes, opened: int = 0) -> Commitment:
        """A commitment to weights: the same for the same 32 bytes. `opened`: how often already."""

    def commit_input(self, values: Integers, seed: bytes, opened: int = 0) -> Commitment:
        """A commitment to an input (height * width * channels,). Raises InvalidProof."""

    def prove_publication(self, weights: Weights, commitment: Commitment) -> bytes:
        """Show that weights are within their bounds. Raises BudgetSpent."""

    def verify_publication(self, root: bytes, proof: bytes) -> None:
        """Raises InvalidProof, MalformedBytes or TooLarge."""

    def prove_link(self, earlier: Commitment, later: Commitment) -> bytes:
        """Show that two commitments hold the same weights. Raises BudgetSpent."""

    def verify_link(self, earlier: bytes, later: bytes, proof: bytes) -> None:
        """Raises InvalidProof, MalformedBytes or TooLarge."""

    def run(self, weights: Weights, input: Integers) -> Integers:
        """The network's output (classes,), from (height * width * channels,)."""

    def verify_run(self, statement: Statement, proof: bytes) -> None:
        """That the weights belong to the model is for publication and link to show.

        Raises InvalidProof, MalformedBytes or TooLarge.
        """

@final
class Prover:
    """A model, as its owner has it."""

    def __new__(
        cls, scheme: Scheme, weights: Weights, commitment: Commitment | None, model: bytes
    ) -> Prover:
        """commitment: an epoch's, or none where weights are public."""

    def prove(
        self,
        input: Integers,
        bound: bytes,
        tell: str,
        hidden: Commitment | None = None,
        seed: bytes | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Proved:
        """Run the network, and show what came out.

        tell: "output", "class", or "commitment", which takes 32 bytes of seed. hidden: a commitment
        to the input, which is told without one. progress: told what it turns to: "run",
        "commitment", "look-ups", "layers", "opening"; what it raises is raised at the end. Raises
        InvalidProof, or BudgetSpent.
        """
