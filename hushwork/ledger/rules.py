"""Bittensor's rules without I/O: who may do what, and what an epoch pays."""
