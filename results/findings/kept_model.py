"""The trained model of a run, kept as a `.keras` file that takes the data set's rows as they are."""

MODEL = "model"
MAX_MODEL_BYTES = 20_000_000
BYTES_PER_PARAMETER = 4


def is_kept(parameters: int) -> bool:
    """Whether a model of so many weights is small enough for the store."""
    return parameters * BYTES_PER_PARAMETER <= MAX_MODEL_BYTES
