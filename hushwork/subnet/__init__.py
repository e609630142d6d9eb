"""Inference by strangers: miners compute, validators score, a gateway lets customers in."""

from hushwork.subnet.client import Door, connect
from hushwork.subnet.gateway import Gateway, GatewaySettings
from hushwork.subnet.messages import ModelInfo
from hushwork.subnet.miner import Miner, MinerSettings
from hushwork.subnet.model import Model
from hushwork.subnet.result import Result
from hushwork.subnet.state import Row, Snapshot
from hushwork.subnet.task import Task
from hushwork.subnet.validator import Validator, ValidatorSettings

__all__ = [
    "Door",
    "Gateway",
    "GatewaySettings",
    "Miner",
    "MinerSettings",
    "Model",
    "ModelInfo",
    "Result",
    "Row",
    "Snapshot",
    "Task",
    "Validator",
    "ValidatorSettings",
    "connect",
]
