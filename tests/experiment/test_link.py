"""Experiments in links: they come back equal, and whatever else is in a link is refused in words."""

import base64
import json
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from experiment.link import decode_link, encode_link
from experiment.spec import Experiment, ExperimentError, parse_experiment
from models.names import find_hidden
from tests.examples import examples
from tests.experiment.strategies import break_json, experiments, valid_json


def pack(content: bytes) -> str:
    """What a stranger may put into a link."""
    return base64.urlsafe_b64encode(zlib.compress(content, 9)).decode().rstrip("=")


def refusal(text: str) -> str:
    with pytest.raises(ExperimentError) as caught:
        decode_link(text)
    return str(caught.value)


@examples(100)
@given(experiments)
def test_an_experiment_comes_back_equal_from_a_link_that_needs_no_escaping(experiment: Experiment) -> None:
    text = encode_link(experiment)
    if text is not None:
        assert len(text) <= 4_000
        assert text.replace("-", "").replace("_", "").isalnum()
        assert text.isascii()
        assert decode_link(text) == experiment


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd"])
def test_a_link_may_keep_or_lose_its_padding(name: str) -> None:
    experiment = Experiment(name=name)
    text = encode_link(experiment)
    assert text is not None
    assert decode_link(text) == experiment
    assert decode_link(text + "=" * (-len(text) % 4)) == experiment


def test_the_default_experiment_has_a_short_link() -> None:
    text = encode_link(Experiment())
    assert text is not None
    assert len(text) < 20


def test_an_experiment_that_is_too_long_for_a_link_has_none() -> None:
    # Names of characters that do not compress: 24 x 60 of 20,000 equally likely ones carry 2.5 KB at least.
    names = ["".join(chr(0x4E00 + (i * 60 + j) * 7919 % 20_000) for j in range(60)) for i in range(24)]
    text = json.dumps({"variants": [{"name": name} for name in names]})
    assert encode_link(parse_experiment(text)) is None


def test_a_link_of_more_than_4_000_characters_is_not_decoded() -> None:
    assert refusal("A" * 4_001) == "The link has 4,001 characters; allowed: up to 4,000."
    assert "4,000" not in refusal("A" * 4_000)


def test_a_zip_bomb_is_refused_without_inflating_it(monkeypatch: pytest.MonkeyPatch) -> None:
    inflated: list[int] = []
    decompressobj = zlib.decompressobj

    class Inflater:
        def __init__(self) -> None:
            self._inner = decompressobj()

        def decompress(self, data: bytes, max_length: int = 0) -> bytes:
            result = self._inner.decompress(data, max_length)
            inflated.append(len(result))
            return result

        @property
        def eof(self) -> bool:
            return self._inner.eof

    monkeypatch.setattr(zlib, "decompressobj", Inflater)
    monkeypatch.setattr(zlib, "decompress", None)
    bomb = pack(b" " * 2_900_000 + b"{}")
    assert len(bomb) < 4_000
    assert "64,000 bytes" in refusal(bomb)
    assert sum(inflated) <= 64_000


def test_exactly_what_is_allowed_inflates() -> None:
    assert decode_link(pack(b" " * 60_000 + b"{}")) == Experiment()
    assert "64,000" in refusal(pack(b" " * 64_000 + b"{}"))


@examples(200)
@given(st.text(st.characters()))
@example("=")
@example("A")
@example("\ud800")
@example("ÄÖÜ")
@example("eJw")
def test_hostile_text_is_refused_in_words(text: str) -> None:
    assert refusal(text).strip()


@examples(100)
@given(st.binary(max_size=200))
@example("{}".encode("utf-16"))
@example(b"\xff\xfe{}")
@example(b"[" * 60_000)
def test_hostile_content_is_refused_in_words(content: bytes) -> None:
    try:
        decode_link(pack(content))
    except ExperimentError as error:
        assert str(error).strip()


@examples(30)
@given(valid_json(), st.integers(0, 2**32))
def test_hostile_experiments_in_links_are_refused_in_few_words(value: Any, seed: int) -> None:
    random = Random(seed)
    for _ in range(20):
        content = break_json(value, random).encode("utf-8", "surrogatepass")
        try:
            experiment = decode_link(pack(content))
        except ExperimentError as error:
            assert 0 < len(str(error)) <= 2_000 and not any(map(find_hidden, str(error).split("\n")))
        else:
            assert parse_experiment(experiment.model_dump_json()) == experiment


@pytest.mark.parametrize("change", [lambda t: t[:-3], lambda t: t[3:], lambda t: t[:8] + "AAAA" + t[12:]])
def test_a_link_that_lost_a_part_is_called_broken(change: Callable[[str], str]) -> None:
    text = encode_link(Experiment(name="a name to be compressed"))
    assert text is not None
    assert "The link is broken" in refusal(change(text))


def test_a_refused_experiment_in_a_link_says_why() -> None:
    assert "training.epochs: 0" in refusal(pack(b'{"training": {"epochs": 0}}'))


TODAY = (
    "eNpVjUsKgDAMRO-StSfwKiIS26ABG7Fp_SDe3aAoyuzmzWN2EAwEJaTR4wYFzBgZJSmU1f6wFpUGFoKjeDtP7toncr3wlOlnLMRdn5p79LECro2M"
    "MXy7DrOqfRpgtY_acgJE8jSc"
)
"""A link as it was made on 2026-11-25: it leaves out what is default, so no default may ever change."""


def test_a_link_of_today_opens_as_the_same_experiment() -> None:
    experiment = decode_link(TODAY)
    assert experiment.seeds == (0, 1, 2)
    assert (experiment.training.epochs, experiment.training.learning_rate) == (100, 0.001)
    assert experiment.early_stopping.model_dump() == {
        "monitor": "val_loss", "patience": 10, "min_delta": 0.0, "start_from_epoch": 0,
    }  # fmt: skip
    assert experiment.judging.model_dump() == {"what": "handed_over", "margin": None, "reference": None}
    assert [technique.model_dump() for technique in experiment.variant("decay").techniques] == [
        {"name": "weight_decay", "weight_decay": 0.01},
        {"name": "max_norm", "max_value": 2.0},
        {"name": "gaussian_noise", "stddev": 0.1},
    ]
    assert encode_link(experiment) == TODAY
