"""The split: which rows are where, which labels are changed, and what the scaling may look at."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datasets.registry import DATASETS, Arrays, BreastCancer, Dataset, Digits, Moons, Spirals, Wine
from datasets.split import change_labels, choose_rows, make_split, scale, split_rows
from tests.examples import examples

ENTRIES: list[Dataset] = [d.model_validate({}) for d in DATASETS.values() if d.origin == "embedded"]
SEEDS = (0, 1, 2, 17, 2**31 - 1)
digits = Digits().load()


def class_shares(y: NDArray[np.int32], classes: int) -> NDArray[np.float64]:
    return np.bincount(y, minlength=classes) / len(y)


@pytest.mark.parametrize("dataset", ENTRIES, ids=lambda d: d.name)
def test_test_rows_are_the_same_for_all_seeds_and_validation_rows_are_not(dataset: Dataset) -> None:
    y = dataset.load().y
    splits = [split_rows(y, dataset.held_out, seed) for seed in SEEDS]
    for _, validation, test in splits[1:]:
        assert test.tolist() == splits[0][2].tolist()
        assert set(validation) != set(splits[0][1])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("dataset", ENTRIES, ids=lambda d: d.name)
def test_the_three_parts_are_disjoint_complete_and_stratified(dataset: Dataset, seed: int) -> None:
    y = dataset.load().y
    pool, validation, test = split_rows(y, dataset.held_out, seed)
    assert sorted([*pool, *validation, *test]) == list(range(dataset.rows))
    assert len(validation) == len(test) == round(dataset.rows / 5)
    whole = class_shares(y, dataset.classes)
    for part in (pool, validation, test):
        # One row for each of the two draws that a part went through at most.
        assert (np.abs(np.bincount(y[part], minlength=dataset.classes) - whole * len(part)) < 2).all()


@examples(40)
@given(st.sampled_from([Digits(), BreastCancer(), Wine(), Moons(), Spirals(samples=77)]), st.integers(0, 2**31 - 1))
def test_any_first_rows_of_the_pool_are_stratified_to_within_one_row_a_class(dataset: Dataset, seed: int) -> None:
    y = dataset.load().y
    pool, _, _ = split_rows(y, dataset.held_out, seed)
    of_class = y[pool][:, None] == np.arange(dataset.classes)
    expected = np.arange(1, len(pool) + 1)[:, None] * of_class.mean(axis=0)
    assert np.abs(np.cumsum(of_class, axis=0) - expected).max() <= 1.0


def test_the_300_lie_within_the_600() -> None:
    for seed in SEEDS:
        small, large, whole = (make_split(Digits(train_size=n), digits, seed) for n in (300, 600, None))
        images = {n: {row.tobytes() for row in _unscaled(s.x_train)} for n, s in ((3, small), (6, large), (0, whole))}
        assert images[3] < images[6] < images[0]
        assert small.y_train.tolist() == large.y_train[:300].tolist() == whole.y_train[:300].tolist()
        assert small.y_validation.tolist() == large.y_validation.tolist()


def _unscaled(x: NDArray[np.float32]) -> NDArray[np.int64]:
    """Pixels of scaled digits as whole numbers from 0 to 16 again."""
    return np.asarray(np.rint((x - x.min()) / (x.max() - x.min()) * 16), np.int64)


def test_another_seed_draws_other_training_rows() -> None:
    first, second = (make_split(Digits(train_size=300), digits, seed) for seed in (0, 1))
    assert first.y_train.tolist() != second.y_train.tolist()


@examples(60)
@given(st.integers(1, 400), st.floats(0.0, 0.9), st.floats(0.0, 0.9), st.integers(2, 10), st.integers(0, 2**31 - 1))
def test_label_noise_changes_exactly_its_share_nested(rows: int, p: float, q: float, classes: int, seed: int) -> None:
    y = np.random.default_rng(rows).integers(0, classes, rows).astype(np.int32)
    p, q = min(p, q), max(p, q)
    less, more = (change_labels(y, share, classes, seed) for share in (p, q))
    assert (less != y).sum() == round(p * rows)
    assert (more != y).sum() == round(q * rows)
    changed = less != y
    assert (less[changed] == more[changed]).all()
    assert more.dtype == y.dtype
    assert set(more) <= set(range(classes))


def test_label_noise_reaches_every_other_class_about_equally() -> None:
    y = np.zeros(9000, np.int32)
    counts = np.bincount(change_labels(y, 0.9, 10, seed=3), minlength=10)
    assert counts[0] == 900
    # 8,100 labels over nine classes: 900 each, standard deviation 28.
    assert (np.abs(counts[1:] - 900) < 5 * 28).all()


def test_label_noise_is_on_training_labels_alone() -> None:
    clean, noisy = (make_split(Digits(train_size=300, label_noise=p), digits, 5) for p in (0.0, 0.4))
    # 120 expected of 300 drawn without replacement from a pool of 1,077 with 431 changed: standard deviation 7.
    assert abs((clean.y_train != noisy.y_train).sum() - 120) < 5 * 7
    assert (noisy.noisy == (clean.y_train != noisy.y_train)).all()
    for part in ("x_train", "x_validation", "x_test", "y_validation", "y_test"):
        assert (getattr(clean, part) == getattr(noisy, part)).all()


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_a_row_is_noisy_in_every_training_set_or_in_none(name: str) -> None:
    """More data must not clean the few rows that there were: the noise is of the pool, not of the training set."""
    dataset = DATASETS[name](train_size=100, label_noise=0.3)
    y = dataset.load().y
    few, many = (choose_rows(dataset.model_copy(update={"train_size": size}), y, 5) for size in (100, 400))
    assert (few.train == many.train[:100]).all()
    assert (few.labels == many.labels[:100]).all()
    assert (few.labels != y[few.train]).any()
    assert (few.noisy == (few.labels != y[few.train])).all()
    assert (few.noisy == many.noisy[:100]).all()
    assert not choose_rows(dataset.model_copy(update={"label_noise": 0.0}), y, 5).noisy.any()


def test_without_noise_labels_belong_to_their_rows() -> None:
    split = make_split(Digits(), digits, 4)
    label_of = {row.tobytes(): int(label) for row, label in zip(_unscaled(digits.x), digits.y, strict=True)}
    for x, y in (
        (split.x_train, split.y_train),
        (split.x_validation, split.y_validation),
        (split.x_test, split.y_test),
    ):
        assert [label_of[row.tobytes()] for row in _unscaled(x)] == y.tolist()


def test_tables_are_scaled_by_feature_with_the_training_rows_statistics() -> None:
    dataset = BreastCancer(train_size=100)
    arrays = dataset.load()
    split = make_split(dataset, arrays, 1)
    rows = split_rows(arrays.y, dataset.held_out, 1)
    mean = arrays.x[rows[0][:100]].astype(np.float64).mean(axis=0)
    deviation = arrays.x[rows[0][:100]].astype(np.float64).std(axis=0)
    for x, part in ((split.x_train, rows[0][:100]), (split.x_validation, rows[1]), (split.x_test, rows[2])):
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, (arrays.x[part] - mean) / deviation, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(split.x_train.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(split.x_train.std(axis=0), 1.0, rtol=1e-5)


def test_images_are_scaled_with_one_mean_and_one_deviation() -> None:
    x_train = make_split(Digits(train_size=300), digits, 0).x_train
    assert abs(x_train.mean()) < 1e-5
    assert abs(x_train.std() - 1) < 1e-5
    # The corner pixel is black in all images: with statistics of its own it would be 0 everywhere.
    assert (x_train[:, 0, 0, 0] == x_train.min()).all()
    assert x_train.min() < -0.5


@pytest.mark.parametrize("dataset", [Wine(train_size=60), Digits(train_size=60)], ids=lambda d: d.name)
def test_validation_and_test_rows_do_not_reach_the_scaling(dataset: Dataset) -> None:
    arrays = dataset.load()
    rows = split_rows(arrays.y, dataset.held_out, 2)
    x = arrays.x.copy()
    x[[*rows[0][60:], *rows[1], *rows[2]]] += 1000.0
    before, after = make_split(dataset, arrays, 2), make_split(dataset, replace(arrays, x=x), 2)
    assert (before.x_train == after.x_train).all()
    assert (after.x_validation > before.x_validation + 1).all()


def test_a_constant_feature_becomes_zero_instead_of_infinite() -> None:
    train = np.array([[5.0, 1.0], [5.0, 3.0]], np.float32)
    scaled, other = scale(train, np.array([[5.0, 2.0]], np.float32), per_feature=True)
    assert scaled.tolist() == [[0.0, -1.0], [0.0, 1.0]]
    assert other.tolist() == [[0.0, 0.0]]


def test_the_checksum_is_that_of_the_unscaled_data() -> None:
    arrays = Arrays(np.zeros((50, 2), np.float32), np.arange(50, dtype=np.int32) % 2, ("a", "b"), ("x", "y"))
    expected = hashlib.sha256(bytes(400) + arrays.y.tobytes()).hexdigest()
    assert make_split(Moons(samples=50), arrays, 0).checksum == expected
    assert make_split(Moons(samples=50), replace(arrays, x=arrays.x + 1), 0).checksum != expected


@pytest.mark.parametrize("epoch", range(1, 6))
def test_noisy_rows_are_not_those_that_an_epoch_visits_first(epoch: int) -> None:
    """The engine orders the rows of an epoch by `default_rng([seed, epoch])`: another stream than the noise's."""
    y = np.zeros(300, np.int32)
    noisy = set(np.flatnonzero(change_labels(y, 0.2, 3, seed=7)))
    first = set(np.random.default_rng([7, epoch]).permutation(300)[:60])
    assert len(noisy & first) < 30  # 12 by chance, all 60 from one stream


def test_pixels_of_a_byte_are_scaled_as_floats_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5000, 4, 4, 3), dtype=np.uint8)
    exact = scale(pixels[:4500].astype(np.float64), pixels[4500:].astype(np.float64), per_feature=False)
    for bytes_scaled, floats_scaled in zip(scale(pixels[:4500], pixels[4500:], per_feature=False), exact, strict=True):
        assert bytes_scaled.dtype == np.float32
        np.testing.assert_allclose(bytes_scaled, floats_scaled, rtol=1e-6, atol=1e-7)


@given(
    groups=st.lists(st.integers(0, 30), min_size=60, max_size=120).filter(lambda groups: len(set(groups)) >= 10),
    seed=st.integers(0, 9),
)
def test_rows_of_a_group_stay_on_one_side_and_none_is_lost(groups: list[int], seed: int) -> None:
    of_row = np.array(groups, np.int32)
    y = (np.arange(len(of_row)) % 2).astype(np.int32)
    parts = split_rows(y, round(0.2 * len(y)), seed, of_row)
    assert sorted(np.concatenate(parts)) == list(range(len(y)))
    assert all(len(part) for part in parts)
    sides = [set(of_row[part]) for part in parts]
    assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
    assert split_rows(y, round(0.2 * len(y)), seed + 1, of_row)[2].tolist() == parts[2].tolist()


def test_twins_are_held_out_together_a_share_of_each_class() -> None:
    """Every row ten times: a fifth of the different rows is held out, of each class."""
    y = np.repeat(np.arange(100) % 2, 10).astype(np.int32)
    groups = np.repeat(np.arange(100), 10).astype(np.int32)
    for part in split_rows(y, 200, 0, groups)[1:]:
        assert len(part) == 200
        assert np.bincount(y[part]).tolist() == [100, 100]
        assert (np.unique(groups[part], return_counts=True)[1] == 10).all()


def test_features_that_are_0_or_1_for_a_text_stay_so() -> None:
    """Five of 20,000 rows have it: divided by the standard deviation it would be 63."""
    rare = (np.arange(20_000) < 5).astype(np.float32)
    number = np.arange(20_000, dtype=np.float32)
    (scaled,) = scale(np.stack([number, rare], axis=1), per_feature=True, indicators=(1,))
    assert scaled[:, 1].tolist() == rare.tolist()
    np.testing.assert_allclose([scaled[:, 0].mean(), scaled[:, 0].std()], [0, 1], atol=1e-5)


def test_milliseconds_since_1970_are_scaled_in_double_precision() -> None:
    times = 1_700_000_000_000 + np.arange(100.0) * 37
    (scaled,) = scale(times[:, None], per_feature=True)
    np.testing.assert_allclose(scaled[:, 0], (np.arange(100) - 49.5) / np.arange(100).std(), rtol=1e-6)
