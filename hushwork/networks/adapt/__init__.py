"""Anybody's classifier, brought to the operators that run encrypted."""

from hushwork.networks.adapt.adapting import Adapted, adapt
from hushwork.networks.adapt.prepare import Prepared, prepare
from hushwork.networks.adapt.sweep import Method, Replacement

__all__ = ["Adapted", "Method", "Prepared", "Replacement", "adapt", "prepare"]
