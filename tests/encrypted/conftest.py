import pytest

from hushwork.encrypted import guarantee
from tests.encrypted.networks import small


@pytest.fixture(scope="session")
def network():
    return small()


@pytest.fixture(scope="session")
def worker(network):
    return guarantee.worker(network)


@pytest.fixture(scope="session")
def client(worker):
    return guarantee.client(worker.manifest)


@pytest.fixture(scope="session")
def hello(client):
    return client.hello()


@pytest.fixture(scope="session")
def session(worker, hello):
    return worker.greet(hello)[0]
