"""Bytes of earlier days that must still be read."""
