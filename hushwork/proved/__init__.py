"""Proved inference: anybody can check a run, nobody sees the model."""
