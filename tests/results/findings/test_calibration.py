"""What a worker packs of each validation row comes back as it was."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from results.findings.calibration import pack_confidences, read_confidences


@given(st.integers(1, 200), st.integers(2, 12), st.integers(0, 1000))
def test_confidences_come_back(rows: int, classes: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(classes), rows).astype(np.float32)
    truth = generator.integers(classes, size=rows)
    found = read_confidences(pack_confidences(truth, probabilities))
    assert (found.confidence == probabilities.max(axis=1)).all() and found.confidence.dtype == np.float32
    assert (found.right == (probabilities.argmax(axis=1) == truth)).all()


def test_a_row_takes_few_bytes() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(10), 5000).astype(np.float32)
    assert len(pack_confidences(np.zeros(5000, int), probabilities)) < 4.2 * 5000 + 600
