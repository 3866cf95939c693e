"""What workers answer to pages."""

from pathlib import Path
from typing import Any

from training.dispatch.tasks import summarize_model


def test_the_worker_says_what_keras_says(keras: Any, tmp_path: Path) -> None:
    spec = '{"architecture": {"name": "mlp", "widths": [8]}}'
    summary = summarize_model(spec, "baseline", f"sqlite:///{tmp_path / 'results.db'}")
    assert "dense_1 (Dense)" in summary
    assert "Total params: 610" in summary  # 64 * 8 + 8 and 8 * 10 + 10
