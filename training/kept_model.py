"""The trained model of a run, kept as a `.keras` file that takes the data set's rows as they are."""

from models.plan import Plan, count_parameters

MODEL = "model"
MAX_MODEL_BYTES = 20_000_000
BYTES_PER_PARAMETER = 4


def is_kept(plan: Plan) -> bool:
    """Whether the model is small enough for the store."""
    return count_parameters(plan) * BYTES_PER_PARAMETER <= MAX_MODEL_BYTES
