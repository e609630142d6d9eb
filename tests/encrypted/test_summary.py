"""What is said of a plan beforehand is what happens."""

from dataclasses import replace
from math import log2
from types import SimpleNamespace

import numpy as np

from hushwork.encrypted import compile_network, guarantee, summarise
from hushwork.encrypted.plan import PlannedLayer
from tests.encrypted.networks import Builder


def test_sizes_are_those_of_the_messages(network, worker, client, hello, session):
    summary = summarise(worker)
    request = client.seal(np.zeros(network.input_shape))
    assert summary.keys_bytes == len(hello)
    held = session.keys
    assert summary.keys == sum(map(len, held.rotations.values())) + len(held.relinearisation)
    assert summary.keys == sum(tier.keys for tier in summary.tiers)
    assert len(request) <= summary.request_bytes <= len(request) + 64
    assert len(worker.run(session, request)) <= summary.answer_bytes
    assert summary.log_q < summary.log_qp <= summary.log_qp_bound
    assert summary.weights_bytes == worker.program.plaintext_bytes > 0
    assert 2**summary.log_n == summary.request_copies * worker.plan.gather.shape[1]
    assert summary.request_copies == 16


def test_every_step_is_counted_with_its_layer(worker):
    summary, plan = summarise(worker), worker.plan
    assert [layer.name for layer in summary.layers] == list(dict.fromkeys(plan.names))
    terms = sum(len(step["terms"]) for step in plan.steps if step["op"] == "linear")
    assert sum(layer.plain_products for layer in summary.layers) == terms
    assert sum(layer.cipher_products for layer in summary.layers) == 2
    limbs = [level for layer in summary.layers for level in layer.limbs]
    assert max(limbs) == plan.request_limbs
    assert min(limbs) == 2
    assert summary.seconds * 1e3 == sum(layer.milliseconds for layer in summary.layers)


def test_rotations_are_counted_as_they_are_run(worker):
    def term(output, source, anchor, giant, baby):
        return output, source, anchor, giant, baby, np.ones(1)

    # Two babies behind one anchor, one of them read twice; three giants for one output.
    terms = [term(0, 0, 64, 0, 1), term(0, 0, 64, 3, 1), term(1, 0, 64, 0, 2), term(1, 0, 0, 0, 0)]
    steps = [{"op": "linear", "terms": terms}, {"op": "rotate_add", "steps": [1, 2]}]
    layers = {"a": PlannedLayer("dense", (2,), 1.0)}
    plan = replace(worker.plan, steps=steps, names=["a", "a"], layers=layers)
    made = SimpleNamespace(plan=plan, program=worker.program, manifest=worker.manifest)
    assert summarise(made).layers[0].rotations == 1 + 2 + 3 + 2


def test_a_network_without_products_needs_no_relinearisation():
    worker = guarantee.worker(Builder((20,)).linear(5).build())
    summary = summarise(worker)
    assert summary.keys == sum(map(len, worker.program.rotations.values()))
    assert not worker.program.relinearisation
    assert [layer.cipher_products for layer in summary.layers] == [0]


def test_compiling_tells_how_far_it_is(network):
    told = {}
    compile_network(
        network, lambda phase, done, total: told.setdefault(phase, []).append((done, total))
    )
    assert list(told) == ["layers", "layouts", "diagonals", "check"]
    for reports in told.values():
        assert [done for done, _ in reports] == list(range(reports[-1][1] + 1))


def test_tiers_are_those_of_the_parameters(worker):
    summary, plan = summarise(worker), worker.plan
    assert [(tier.limbs, tier.digit, tier.special) for tier in summary.tiers] == list(plan.tiers)
    assert summary.tiers[0].limbs == len(plan.moduli)
    for tier in summary.tiers:
        bits = sum(map(log2, plan.moduli[: tier.limbs])) + tier.special_bits
        assert bits <= summary.log_qp + 1e-9 <= summary.log_qp_bound
