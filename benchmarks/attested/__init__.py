"""Attested inference beside the same service without its seals and receipts."""
