"""Tables of the store. Times are unix seconds; a loss that was NaN or infinite is stored as NULL."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 5

metadata = MetaData()

experiments = Table(
    "experiments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("visitor", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Index("experiments_by_visitor", "visitor", "created_at"),
    Index("experiments_by_age", "created_at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("experiment_id", Text, ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
    Column("variant", Text, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("message", Text),
    Column("owner", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("heartbeat", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("setup_seconds", Double),
    Column("ended_by", Text),
    Column("provenance", Text),
    UniqueConstraint("experiment_id", "variant", "seed", name="one_run_per_variant_and_seed"),
    CheckConstraint("status IN ('queued', 'running', 'finished', 'failed', 'cancelled')", name="known_status"),
    Index("runs_by_experiment", "experiment_id", "position"),
    Index("runs_by_owner", "owner", "status"),
    Index("runs_by_heartbeat", "status", "heartbeat"),
    # Without it SQLite gives the number of the last deleted run to the next one, and a worker that has not
    # noticed the deletion would write its epochs into a stranger's run.
    sqlite_autoincrement=True,
)

epochs = Table(
    "epochs",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("train_loss", Double),
    Column("val_loss", Double),
    Column("train_accuracy", Double),
    Column("val_accuracy", Double),
    Column("objective", Double),
    Column("learning_rate", Double),
    Column("steps", Integer, nullable=False),
    Column("seconds", Double),
    Column("series", Text),
    # The key is the order in which rows are read: no second index beside the table.
    sqlite_with_rowid=False,
)

test_metrics = Table(
    "test_metrics",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("test_loss", Double),
    Column("test_accuracy", Double),
    sqlite_with_rowid=False,
)

# The latest of each name only. Ordinary rows with `content` last: a large one lies outside the tree of keys.
artifacts = Table(
    "artifacts",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

# Which experiments use an upload: it goes with the last of them.
experiment_uploads = Table(
    "experiment_uploads",
    metadata,
    Column("experiment_id", Text, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("sha256", Text, ForeignKey("uploads.sha256"), primary_key=True),
    Index("experiment_uploads_by_content", "sha256"),
)

# Experiments whose test figures their owner has looked at: from then on the test rows are spent.
opened_envelopes = Table(
    "opened_envelopes",
    metadata,
    Column("experiment_id", Text, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("opened_at", Double, nullable=False),
)

# What bounds and turns are reckoned with. `address` stands for the client's address as this server's process knows it
# (see ui/visitor.py), `seconds` is JSON: variant -> estimated seconds of one run, `bytes` what ended runs left behind.
experiment_uses = Table(
    "experiment_uses",
    metadata,
    Column("experiment_id", Text, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("address", Text, nullable=False),
    Column("looked_at", Double, nullable=False),
    Column("seconds", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Index("experiment_uses_by_address", "address"),
    Index("experiment_uses_by_look", "looked_at"),
)

# How often the worker of a run ended in the middle of it.
run_losses = Table(
    "run_losses",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("losses", Integer, nullable=False),
)

# Who brought a file along: one file may be several visitors'.
upload_owners = Table(
    "upload_owners",
    metadata,
    Column("sha256", Text, ForeignKey("uploads.sha256", ondelete="CASCADE"), primary_key=True),
    Column("visitor", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Index("upload_owners_by_visitor", "visitor"),
    Index("upload_owners_by_address", "address"),
)

# What decided a run's numbers, and whose records it shows: its own, or (`source_id`) those of an equal finished run.
# `trained` is the number of epochs for which those were trained, `shown` how many were asked for here: of a longer run
# its beginning is shown. `anew`: it was to be trained, whatever there is.
run_keys = Table(
    "run_keys",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("trained", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("anew", Boolean, nullable=False),
    Column("source_id", Integer, ForeignKey("runs.id")),
    Index("run_keys_by_key", "key"),
    Index("run_keys_by_source", "source_id"),
)

# Steps of a person who changes settings and looks: each experiment names the one tried before it, and the one whose
# curves it stands beside. Either may be deleted.
steps = Table(
    "steps",
    metadata,
    Column("experiment_id", Text, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("previous_id", Text, nullable=False),
    Column("compared_id", Text, nullable=False),
)

_FOR_BOUNDS, _FOR_LIVE = {"experiment_uses", "run_losses", "upload_owners"}, {"run_keys", "steps"}
TABLES_OF_VERSION: dict[int, frozenset[str]] = {
    0: frozenset(),
    1: frozenset({"experiments", "runs", "epochs", "test_metrics"}),
    2: frozenset(metadata.tables) - {"opened_envelopes"} - _FOR_BOUNDS - _FOR_LIVE,
    3: frozenset(metadata.tables) - _FOR_BOUNDS - _FOR_LIVE,
    4: frozenset(metadata.tables) - _FOR_LIVE,
    SCHEMA_VERSION: frozenset(metadata.tables),
}
"""What a database of each version holds; an older one is upgraded by creating the tables that it lacks."""

version_metadata = MetaData()

# SQLite keeps the version in PRAGMA user_version instead, which can be read without opening the tables.
schema_version = Table("schema_version", version_metadata, Column("version", Integer, primary_key=True))
