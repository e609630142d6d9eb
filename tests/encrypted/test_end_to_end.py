"""Real keys, real ciphertexts, secure parameters."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from hushwork._native import Evaluator
from hushwork.encrypted import EncryptedWorker, compile_network, guarantee
from hushwork.encrypted.manifest import DIGEST, ZERO, join, with_digest
from hushwork.errors import (
    BadAnswer,
    InvalidBytes,
    InvalidInput,
    MalformedBytes,
    MissingKey,
    ParameterMismatch,
    QuotaExceeded,
    TooLarge,
    UnknownSession,
)
from hushwork.guarantee import Manifest, load
from hushwork.networks import evaluate
from tests.encrypted.networks import Builder


def image(network, seed=0):
    return np.random.default_rng(seed).random(network.input_shape)


def expected(network, x):
    return evaluate(network, x[None])[0]


def run(network):
    worker = guarantee.worker(network)
    client = guarantee.client(Manifest.from_bytes(worker.manifest.to_bytes()))
    session, reply = worker.greet(client.hello())
    client.welcome(reply)
    x = image(network)
    answer = client.open(worker.run(session, client.seal(x)))
    wanted = expected(network, x)
    assert np.abs(answer.output - wanted).max() <= 1e-3 * max(np.abs(wanted).max(), np.ptp(wanted))


def test_a_network_of_every_layer(network, worker, client, session):
    for seed in range(3):
        x = image(network, seed)
        response = worker.run(session, client.seal(x))
        assert len(response) <= worker.manifest.response_limit
        np.testing.assert_allclose(client.open(response).output, expected(network, x), atol=1e-3)


def test_a_linear_network_at_the_smallest_ring():
    run(Builder((20,)).linear(5).build())


def test_an_image_for_an_answer():
    run(Builder((1, 9, 8)).convolve(3, (3, 3)).activate().convolve(2, (3, 3)).build())


def test_a_high_degree_polynomial():
    run(Builder((9,)).linear(6).activate(5).linear(4).build())


def test_a_polynomial_of_a_constant():
    net = Builder((6,)).linear(6)
    net.layers[-1] = replace(net.layers[-1], weight=np.zeros((6, 6)))
    run(net.activate().linear(4).build())


def test_an_input_of_several_ciphertexts():
    run(Builder((3, 80, 80)).pool((8, 8), (8, 8)).flatten().linear(4).build())


def test_outputs_of_any_size():
    net = Builder((6,)).linear(6).activate()
    run(net.polynomial(0.0, 3e4).linear(4).build())
    net = Builder((6,)).linear(6).activate()
    run(net.polynomial(0.0, 3e-5).linear(4).build())


def test_found_by_name(worker):
    assert load("encrypted") is guarantee
    assert guarantee.name == worker.manifest.guarantee == "encrypted"
    assert set(guarantee.who_saw_what()) >= {"client", "worker"}


def test_progress_names_layers_and_may_stop_a_run(network, worker, client, session):
    seen = []
    request = client.seal(image(network))
    worker.run(session, request, lambda *news: seen.append(news))
    assert {name for name, _, _ in seen} <= set(worker.plan.names)
    assert seen[-1][1] == seen[-1][2]

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.run(session, request, stop)


def test_threads_share_one_worker(network, worker, client, session):
    answers = {}

    def one(seed):
        answers[seed] = client.open(worker.run(session, client.seal(image(network, seed)))).output

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for seed, answer in answers.items():
        np.testing.assert_allclose(answer, expected(network, image(network, seed)), atol=1e-3)


def test_requests_differ_though_the_input_is_the_same(network, client):
    assert client.seal(image(network)) != client.seal(image(network))


def test_an_overflow_is_an_error_and_not_an_answer():
    net = Builder((12,)).linear(6)
    for _ in range(3):
        net.polynomial(0.0, 0.0, 50.0).linear(6)
    steep = guarantee.worker(net.build())
    client = guarantee.client(steep.manifest)
    keys, _ = steep.greet(client.hello())
    with pytest.raises(BadAnswer):
        client.open(steep.run(keys, client.seal(np.full(12, 8.0))))


def test_no_overflow_of_a_single_output_looks_like_one():
    net = Builder((12,)).linear(6)
    for _ in range(3):
        net.polynomial(0.0, 0.0, 50.0).linear(6)
    network = net.linear(1).build()
    steep = guarantee.worker(network)
    client = guarantee.client(steep.manifest)
    keys, _ = steep.greet(client.hello())
    for x in np.random.default_rng(1).uniform(-8, 8, (16, 12)):
        try:
            output = client.open(steep.run(keys, client.seal(x))).output
        except BadAnswer:
            continue
        np.testing.assert_allclose(output, expected(network, x), rtol=1e-2)


def answer(client, output=1.0, scale=1.0):
    """An answer made by the key's owner: one number in every slot that holds an output."""
    terms = client._terms
    slots = np.where(terms.scatter >= 0, output * terms.body.factor, 0.0)

    def pack(slots, period=terms.body.response_period, limbs=1):
        made_at = scale * terms.body.response_scale
        sealed = [client._secret.encrypt(vector, made_at, limbs) for vector in slots]
        return join([Evaluator(terms.parameters).project(one, period) for one in sealed])

    return slots, pack


def test_copies_that_disagree_are_a_bad_answer(client):
    slots, pack = answer(client)
    np.testing.assert_allclose(client.open(pack(slots)).output, 1.0, atol=1e-3)
    held = np.argwhere(slots)[0]
    slots[tuple(held)] += 0.5
    with pytest.raises(BadAnswer, match="disagree"):
        client.open(pack(slots))


def test_slots_that_should_be_empty_are_a_bad_answer(client):
    slots, pack = answer(client)
    slots[client._terms.scatter == ZERO] = 0.5
    with pytest.raises(BadAnswer, match="disagree"):
        client.open(pack(slots))


def test_outputs_out_of_range_are_a_bad_answer(client):
    slots, pack = answer(client, output=1.5 * client._terms.body.output_range)
    with pytest.raises(BadAnswer, match="range"):
        client.open(pack(slots))


def test_another_scale_is_a_bad_answer(client):
    slots, pack = answer(client, scale=2.0)
    with pytest.raises(BadAnswer, match="scale"):
        client.open(pack(slots))


@pytest.mark.parametrize("period", [1, 8, 16, 64, 1 << 14])
def test_another_period_is_refused(client, period):
    slots, pack = answer(client)
    assert period != client._terms.body.response_period
    with pytest.raises((BadAnswer, TooLarge)):
        client.open(pack(slots, period))


def test_other_limbs_are_refused(client):
    slots, pack = answer(client)
    with pytest.raises((BadAnswer, TooLarge)):
        client.open(pack(slots, limbs=2))


def test_a_whole_ciphertext_is_no_answer(client):
    slots, _ = answer(client)
    scale = client._terms.body.response_scale
    with pytest.raises((InvalidBytes, TooLarge)):
        client.open(join([client._secret.encrypt(vector, scale, 1) for vector in slots]))


@pytest.mark.parametrize(
    ("x", "got"),
    [
        (np.zeros((1, 9, 8)), r"\(1, 9, 8\)"),
        (np.zeros(81), r"\(81,\)"),
        (np.full((1, 9, 9), np.nan), "nan to nan"),
        (np.full((1, 9, 9), 9.0), "9 to 9"),
        (np.full((1, 9, 9), 1e9), "1e\\+09"),
        (np.full((1, 9, 9), "a"), "ndarray"),
        (None, r"\(\)"),
    ],
    ids=["shape", "flat", "nan", "range", "huge", "text", "nothing"],
)
def test_wrong_inputs_are_refused(client, x, got):
    with pytest.raises(InvalidInput, match=f"expected .*, got .*{got}"):
        client.seal(x)


def test_answers_of_other_keys_do_not_open(network, worker, client, session):
    stranger = guarantee.client(worker.manifest)
    response = worker.run(session, client.seal(image(network)))
    with pytest.raises((BadAnswer, InvalidBytes, ParameterMismatch)):
        stranger.open(response)


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_truncated_messages_are_malformed(network, worker, client, session, cut):
    request = client.seal(image(network))
    with pytest.raises(InvalidBytes):
        worker.run(session, request[:cut])
    response = worker.run(session, request)
    with pytest.raises(InvalidBytes):
        client.open(response[:cut])


def test_oversized_messages_are_too_large(worker, client, session, hello):
    with pytest.raises(TooLarge):
        worker.run(session, bytes(worker.manifest.request_limit + 1))
    with pytest.raises(TooLarge):
        client.open(bytes(worker.manifest.response_limit + 1))
    with pytest.raises(TooLarge):
        worker.greet(hello + bytes(1))


def test_a_request_is_no_answer(network, client):
    with pytest.raises((BadAnswer, InvalidBytes)):
        client.open(client.seal(image(network)))


def test_a_flipped_bit_never_opens_to_the_answer(network, worker, client, session):
    x = image(network)
    response = bytearray(worker.run(session, client.seal(x)))
    for place in np.random.default_rng(0).integers(0, len(response), 8):
        damaged = bytearray(response)
        damaged[place] ^= 0x10
        try:
            answer = client.open(bytes(damaged)).output
        except (BadAnswer, InvalidBytes, ParameterMismatch):
            continue
        np.testing.assert_allclose(answer, expected(network, x), atol=1e-3)


def test_a_missing_key_is_named(worker, client):
    rotations = dict(worker.program.rotations)
    step = max(rotations)
    secret = client._secret
    fewer = {key: limbs for key, limbs in rotations.items() if key != step}
    keys = secret.evaluation_keys(fewer, worker.program.relinearisation)
    with pytest.raises(MissingKey, match=f"rotation by {step}"):
        worker.greet(with_digest(worker.manifest, keys))
    with pytest.raises(MissingKey, match="relinearisation"):
        worker.greet(with_digest(worker.manifest, secret.evaluation_keys(rotations)))


def test_keys_for_another_plan_of_the_network_name_both_manifests(network, worker, hello):
    plan = compile_network(network)
    scatter = np.where(plan.scatter >= 0, (plan.scatter + 1) % 3, plan.scatter)
    other = EncryptedWorker(network, replace(plan, scatter=scatter))
    digests = f"expected {other.manifest.digest}, got {worker.manifest.digest}"
    with pytest.raises(ParameterMismatch, match=digests):
        other.greet(hello)


def test_damaged_keys_are_refused(worker, hello):
    with pytest.raises(InvalidBytes):
        worker.greet(hello[:-1])
    with pytest.raises(InvalidBytes):
        worker.greet(hello[:DIGEST])
    with pytest.raises(InvalidBytes):
        worker.greet(hello[:7])
    with pytest.raises(InvalidBytes):
        worker.greet(b"")


def test_a_reply_to_the_hello_has_no_bytes(client):
    client.welcome(b"")
    with pytest.raises(MalformedBytes):
        client.welcome(b"x")


def test_a_closed_session_computes_nothing(network, worker, client, hello):
    session, _ = worker.greet(memoryview(hello))
    session.close()
    with pytest.raises(UnknownSession):
        worker.run(session, client.seal(image(network)))


def test_a_closed_client_opens_nothing(network, worker, session):
    client = guarantee.client(worker.manifest)
    request = client.seal(image(network))
    client.close()
    with pytest.raises(ValueError, match="destroyed"):
        client.seal(image(network))
    with pytest.raises(ValueError, match="destroyed"):
        client.open(worker.run(session, request))


def test_answers_under_one_key_are_counted(monkeypatch, network, worker, client, session):
    response = worker.run(session, client.seal(image(network)))
    monkeypatch.setattr("hushwork.encrypted.client.ANSWERS", client._opened + 1)
    client.open(response)
    with pytest.raises(QuotaExceeded):
        client.open(response)
