"""The prover beside its peers: time, size and memory of proofs."""
