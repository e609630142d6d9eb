"""A slow reference of CKKS in plain Python integers, and the native module held against it."""
