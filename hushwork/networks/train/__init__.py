"""Training of the shipped networks. Needs the extra `torch`."""

from hushwork.networks.train.recipe import RECIPES, Recipe

__all__ = ["RECIPES", "Recipe"]
