"""What workers answer to pages."""

from pathlib import Path
from typing import Any

from results.store import Store
from training.dispatch.tasks import summarize_model


def test_the_worker_says_what_keras_says(keras: Any, tmp_path: Path) -> None:
    spec = '{"architecture": {"name": "mlp", "widths": [8]}}'
    url = f"sqlite:///{tmp_path / 'results.db'}"
    Store(url).close()  # workers make none
    summary = summarize_model(spec, "baseline", url)
    assert "dense_1 (Dense)" in summary
    assert "Total params: 610" in summary  # 64 * 8 + 8 and 8 * 10 + 10
