"""The real runs that the onset is calibrated and checked on: many cells, each with a dozen starts on the same split."""

from typing import Any

from benchmarks.real_runs import Cell

STARTS = 12
EPOCHS = 160
MLP = {"name": "mlp", "widths": [64, 64]}
RESIDUAL = {"name": "resnet_mlp", "width": 32, "blocks": 3}
DATA: dict[str, dict[str, Any]] = {
    "digits 100": {"name": "digits", "train_size": 100},
    "digits 300": {"name": "digits", "train_size": 300},
    "digits, all": {"name": "digits"},
    "breast cancer": {"name": "breast_cancer"},
    "breast cancer 60": {"name": "breast_cancer", "train_size": 60},
    "wine": {"name": "wine"},
    "moons": {"name": "moons", "samples": 300, "noise": 0.3},
    "spirals": {"name": "spirals", "samples": 400, "noise": 0.15},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "dropout": {"techniques": [{"name": "dropout"}]},
    "L2": {"techniques": [{"name": "l2", "l2": 0.003}]},
    "label smoothing": {"techniques": [{"name": "label_smoothing"}]},
    "20% label noise": {"label_noise": 0.2},
    "small steps": {"training": {"learning_rate": 0.0002}},
    "residual": {"architecture": RESIDUAL},
    "batch normalization": {"techniques": [{"name": "batch_normalization"}]},
}


FIRST_SPLITS = {"calibrated": 100, "fresh": 200}
"""Set of cells -> the split of its first cell. The rule was calibrated on the first set only."""


def onset_cells(of: str) -> list[Cell]:
    """A cell of a set for each data set and setting, on a split of its own."""
    cells = []
    for i, (data, dataset) in enumerate(DATA.items()):
        for j, (setting, parts) in enumerate(SETTINGS.items()):
            split = FIRST_SPLITS[of] + i * len(SETTINGS) + j
            experiment = {
                "dataset": dataset | {key: parts[key] for key in ("label_noise",) if key in parts},
                "architecture": parts.get("architecture", MLP),
                "training": {"epochs": EPOCHS, **parts.get("training", {})},
                "variants": [{"name": "v", "techniques": parts.get("techniques", [])}],
            }
            pairs = tuple((split, start) for start in range(STARTS))
            cells.append(Cell(f"{of}: {data}, {setting}", experiment, pairs))
    return cells
