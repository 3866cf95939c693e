"""The real runs that the verdict's calibration draws from: three data sets, nine recipes, 50 seeds."""

from typing import Any

from benchmarks.real_runs import Cell

SEEDS = tuple((seed, seed) for seed in range(50))
DATA: dict[str, dict[str, Any]] = {
    "digits-300": {"name": "digits", "train_size": 300},
    "breast cancer": {"name": "breast_cancer"},
    "wine": {"name": "wine"},
}
RECIPES: dict[str, list[dict[str, Any]]] = {
    "baseline": [],
    "dropout": [{"name": "dropout", "rate": 0.3}],
    "L2": [{"name": "l2", "l2": 0.001}],
    "L1": [{"name": "l1", "l1": 0.0001}],
    "batch normalization": [{"name": "batch_normalization"}],
    "label smoothing": [{"name": "label_smoothing"}],
    "early stopping": [{"name": "early_stopping"}],
    "L2 = 1e-7": [{"name": "l2", "l2": 1e-7}],
    "dropout 0.3001": [{"name": "dropout", "rate": 0.3001}],
}


def verdict_cells() -> list[Cell]:
    """A cell for each data set and recipe."""
    return [
        Cell(
            f"{data}: {recipe}",
            {
                "dataset": dataset,
                "architecture": {"name": "mlp", "widths": [64, 64]},
                "training": {"epochs": 80},
                "variants": [{"name": "v", "techniques": techniques}],
            },
            SEEDS,
        )
        for data, dataset in DATA.items()
        for recipe, techniques in RECIPES.items()
    ]
