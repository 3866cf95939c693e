"""What was asked for and with what it was trained, as parts of the report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from pydantic import BaseModel

from charts.palette import style
from charts.plotly_bundle import VERSION
from experiment.judging import judging_of
from experiment.spec import Experiment, Variant
from experiment.version import PROGRAM_AND_VERSION
from export.html.elements import TURNING, Content, facts, table, tag
from models.layer_facts import count_parameters
from results.records import Run
from wording.claims import say_margin
from wording.language import _, ngettext
from wording.numbers import join_names, write_time
from wording.verdict import name_quantity


def show_time(seconds: float) -> str:
    """A time in unix seconds as people read it, the same wherever the report is read."""
    return f"{write_time(datetime.fromtimestamp(seconds, UTC))} UTC"


def show_seeds(seeds: Sequence[int]) -> str:
    """Seeds with neighbours drawn together.

    >>> show_seeds([0, 1, 2, 5, 7, 8])
    '0 to 2, 5, 7, 8'
    """
    groups: list[list[int]] = []
    for seed in seeds:
        if groups and seed == groups[-1][-1] + 1:
            groups[-1].append(seed)
        else:
            groups.append([seed])
    return ", ".join(
        _("{first} to {last}").format(first=group[0], last=group[-1]) if len(group) > 2 else ", ".join(map(str, group))
        for group in groups
    )


def name_variant(experiment: Experiment, name: str, more: str = "") -> Element:
    """A variant's name behind a mark in its colour; pointing at it makes it stand out in the charts."""
    index = [variant.name for variant in experiment.variants].index(name)
    mark = tag("span", "●", class_="mark", style=f"color:{style(index).colour}", aria_hidden="true")
    return tag("span", mark, f"{name}{more}", class_="variant", data_variant=str(index))


def configuration(experiment: Experiment) -> Element:
    """What was asked for: as a table to read, and as the JSON that any copy of the program takes."""
    dataset, judging = experiment.dataset, judging_of(experiment)
    rows = _("{train:,} rows to train on, {held_out:,} for validation, {held_out:,} for the test")
    told: list[tuple[str, Content]] = [
        (_("Data"), _join(_(dataset.label), _parameters(dataset))),
        (_("Rows"), rows.format(train=dataset.training_rows, held_out=dataset.held_out)),
        (_("Network"), _join(_(experiment.architecture.label), _parameters(experiment.architecture))),
        (_("Training"), _join("", _parameters(experiment.training))),
        (_("Marked rule"), _join(_("Early stopping"), _parameters(experiment.early_stopping))),
        (_("Judged"), _("{quantity}, against {reference}, margin {margin}").format(
            quantity=name_quantity(judging.what), reference=join_names([judging.reference]), margin=say_margin(judging)
        )),
        (_("Seeds"), show_seeds(experiment.seeds)),
    ]  # fmt: skip
    variants: list[list[Content]] = [
        [name_variant(experiment, variant.name), _techniques(variant), _network(experiment, variant)]
        for variant in experiment.variants
    ]
    header = [_("Variant"), _("Techniques"), _("Network")]
    json = TURNING.sub(lambda found: f"\\u{ord(found[0]):04x}", experiment.model_dump_json(indent=2))
    source = tag("pre", tag("code", json), tabindex="0")
    return tag(
        "section",
        tag("h2", _("Configuration")),
        facts(told),
        table(header, variants, label=_("Variants"), class_="words"),
        tag("details", tag("summary", _("Experiment as JSON, for the form or the command line")), source),
    )


def _techniques(variant: Variant) -> Content:
    if not variant.techniques:
        return _("none: the plain network")
    lines = (tag("li", _join(_(t.label), _parameters(t))) for t in variant.techniques)
    return tag("ul", *lines, class_="plain")


def _network(experiment: Experiment, variant: Variant) -> Content:
    count = count_parameters(experiment.plan(variant))
    parameters = ngettext("{count} parameter", "{count} parameters", count)
    own = variant.architecture
    return parameters if own is None else f"{_join(_(own.label), _parameters(own))} ({parameters})"


def _join(label: str, parameters: Iterator[str]) -> str:
    texts = ", ".join(parameters)
    return f"{label}: {texts}" if label and texts else label or texts


def _parameters(part: BaseModel) -> Iterator[str]:
    """`Rate 0.3` for each parameter that says something."""
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        if key != "name" and value not in (None, ""):
            yield f"{_(field.title) if field.title else key.replace('_', ' ').capitalize()} {_show(value)}"


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(_show, value)) if isinstance(value, tuple) else str(value)


def versions(stored: Sequence[Run], now: float) -> Element:
    """Programs, packages and processor, as far as the runs know with what they were trained."""
    told = [(_("Written"), _("{when} by {program}").format(when=show_time(now), program=PROGRAM_AND_VERSION))]
    starts = [run.started_at for run in stored if run.started_at is not None]
    ends = [run.finished_at for run in stored if run.finished_at is not None]
    if starts and ends:
        period = _("{first} to {last}").format(first=show_time(min(starts)), last=show_time(max(ends)))
        told.append((_("Trained"), period))
    found = [dict(_flatten(run.provenance)) for run in stored if run.provenance]
    names = dict.fromkeys(name for facts_of_run in found for name in facts_of_run)
    for name in names:
        values = Counter(facts_of_run[name] for facts_of_run in found if name in facts_of_run)
        told.append((name, _show_values(values)))
    told.append((_("Charts"), f"plotly.js {VERSION}"))
    section = tag("section", tag("h2", _("Versions")), facts(told), class_="versions")
    if not found:
        unknown = _("With which packages and on which processor these runs were trained is not recorded.")
        section.append(tag("p", unknown, class_="note"))
    return section


def _flatten(provenance: Any) -> Iterator[tuple[str, str]]:
    """Names and values of a run's provenance, with packages one by one."""
    names = {
        "engine": _("Engine"),
        "python": "Python",
        "processor": _("Processor"),
        "intra_op_threads": _("Threads of an operation"),
        "xla": "XLA",
        "data_checksum": _("Checksum of the data"),
    }
    for key, value in provenance.items():
        if isinstance(value, dict):
            yield from ((name, _show(entry)) for name, entry in value.items())
        else:
            yield names.get(key, key.replace("_", " ")), _show(value)


def _show_values(values: Counter[str]) -> str:
    """One value, or each with the number of its runs."""
    if len(values) == 1:
        return next(iter(values))
    runs = ((value, ngettext("{count} run", "{count} runs", count)) for value, count in values.items())
    return "; ".join(f"{value} ({count})" for value, count in runs)
