"""Run as `python -m hushwork.cli`."""

from hushwork.cli.app import main

main()
