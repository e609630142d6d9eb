"""Speed and memory of this engine and of its peers, measured in one run on one machine.

`python -m benchmarks` runs everything; `benchmarks.network`, `benchmarks.growth`,
`benchmarks.accuracy` and the peers' own programs in this folder run alone.
"""
