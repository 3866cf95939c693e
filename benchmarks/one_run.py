"""The engine in a process of its own: `python -m benchmarks.one_run CASE [FILE.npz]` prints the seconds that it took.

Of its own, because a compiled plan stays in a process: whether XLA compiles it or loads it from its cache is seen only
at the first use (`TF_XLA_FLAGS` says where the cache is). Loading TensorFlow is not counted, as for the others.
"""

import sys
import time
from pathlib import Path

from training.worker.preload import warm_up


def main() -> None:
    """Runs one case, with one seed if it is the ensemble and with five if it is what the ensemble is compared with."""
    warm_up()
    from benchmarks.cases import SEEDS, all_cases, digits_case, ensemble_case, further_cases, load_images, run_engine

    name, *file = sys.argv[1:]
    alone, ensemble = digits_case("alone", "", 1), ensemble_case()
    cases = {alone.name: alone, ensemble.name: ensemble}
    if name not in cases:
        images = load_images(Path(file[0]) if file else None)
        cases = {case.name: case for case in (*all_cases(images), *further_cases(images))}
    seeds = {alone.name: (0, 1, 2, 0, 1), ensemble.name: (0,)}.get(name, SEEDS)
    began = time.perf_counter()
    run_engine(cases[name], seeds)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
