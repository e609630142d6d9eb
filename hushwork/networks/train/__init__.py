"""Training of the shipped networks. Needs the extra `torch`."""
