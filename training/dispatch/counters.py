"""What hosts count, for Prometheus (`/metrics`)."""

from prometheus_client import Counter, Gauge

RUNS = Counter("regularizer_lab_runs", "Runs that ended or were handed back, by what became of them", ["status"])
SECONDS = Counter("regularizer_lab_worker_seconds", "Seconds that runs held a worker")
REFUSALS = Counter("regularizer_lab_refusals", "Experiments and files that a limit refused, by the limit", ["limit"])
QUESTIONS = Counter("regularizer_lab_questions", "Questions to workers, by what became of them", ["outcome"])
OUTAGES = Counter("regularizer_lab_store_failures", "Rounds of the queue in which the database did not answer")
QUEUED = Gauge("regularizer_lab_queued_runs", "Runs that wait for a worker")
BUSY = Gauge("regularizer_lab_busy_workers", "Workers that train")
WORKERS = Gauge("regularizer_lab_workers", "Workers that are ready")
