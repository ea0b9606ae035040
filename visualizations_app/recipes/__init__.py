"""Recipes: one module per kind of picture, and this plain registry. The modules run in the sandbox, without Django."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """`module` has `main(file, [name]) -> PNG bytes`; `version` goes up when the same input would be drawn differently."""

    kind: str
    title: str
    module: str
    version: int


RECIPES = {recipe.kind: recipe for recipe in (Recipe("raw_axes", "Raw axes", "visualizations_app.recipes.raw_axes", 1),)}
