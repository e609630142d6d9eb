"""Speed and memory of this engine and of its peers, measured in one run on one machine.

`python -m benchmarks` runs everything; `python -m benchmarks.lenet` and the peers' own programs in
this folder run alone.
"""
