"""A key is read from the figure: it names what is drawn and nothing else."""

from charts.key import key_of
from tests.export.reports import make_experiment, make_figures, make_run


def test_a_key_names_what_a_figure_draws() -> None:
    experiment = make_experiment(("baseline", "a: b"))
    runs = [make_run(experiment, *run) for run in experiment.runs()]
    loss, seeds = ([entry.name for entry in key_of(figure)] for _, figure, _ in make_figures(experiment, runs))
    assert loss == [
        "validation", "training", "95% interval, paired", "overfitting begins", "early stopping fires",
        "best epoch",
    ]  # fmt: skip
    assert seeds[:2] == ["one seed", "mean"] and "mean of the reference" in seeds
    assert key_of({"data": [{"type": "bar", "uid": "x"}, {"mode": "markers"}]}) == []
