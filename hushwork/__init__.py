"""Hushwork: strangers run, prove and train AI models for one another without trust."""
