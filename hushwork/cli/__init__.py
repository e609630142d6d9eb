"""What people type: one network on this machine, one role of a network, one image to classify."""

from hushwork.cli.app import main

__all__ = ["main"]
