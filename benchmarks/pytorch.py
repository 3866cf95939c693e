"""The same networks in a plain PyTorch loop, where torch is installed (it is no requirement of ours)."""

from typing import Any

from benchmarks.cases import SEEDS, Case


def run_pytorch(case: Case) -> None:
    """A loop as in any tutorial: a new model for each seed, clean evaluation of the three splits each epoch."""
    import torch

    torch.set_num_threads(1)
    settings = case.experiment.training
    for seed, split in zip(SEEDS, case.splits, strict=True):
        torch.manual_seed(seed)
        model = _network(case)
        optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate)
        loss_function = torch.nn.CrossEntropyLoss()
        splits = [
            (torch.from_numpy(x), torch.from_numpy(y).long())
            for x, y in (
                (split.x_train, split.y_train),
                (split.x_validation, split.y_validation),
                (split.x_test, split.y_test),
            )
        ]
        x, y = splits[0]
        for _ in range(settings.epochs):
            model.train()
            for rows in torch.randperm(len(x)).split(settings.batch_size):
                optimizer.zero_grad()
                loss_function(model(x[rows]), y[rows]).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for inputs, labels in splits:
                    logits = model(inputs)
                    loss_function(logits, labels).item()
                    (logits.argmax(1) == labels).float().mean().item()


def _network(case: Case) -> Any:
    """The plan's layers as torch modules; blocks of a residual net from its roles."""
    from torch import nn

    architecture, inputs = case.experiment.architecture, 1
    for size in case.plan.input_shape:
        inputs *= size
    rate = next((layer.call.get("rate") for layer in case.plan.layers if layer.call.path == "layers.Dropout"), None)
    layers: list[Any] = [nn.Flatten()]
    if architecture.name == "mlp":
        for width in architecture.widths:
            layers += [nn.Linear(inputs, width), nn.SiLU(), *([nn.Dropout(rate)] if rate else [])]
            inputs = width
        return nn.Sequential(*layers, nn.Linear(inputs, case.plan.classes))

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, width: int) -> None:
            super().__init__()
            halves = [[nn.BatchNorm1d(width), nn.SiLU(), nn.Linear(width, width)] for _ in range(2)]
            self.branch = nn.Sequential(*halves[0], *halves[1])

        def forward(self, x: Any) -> Any:
            return x + self.branch(x)

    assert architecture.name == "resnet_mlp"
    width = architecture.width
    blocks = [Block(width) for _ in range(architecture.blocks)]
    head = [nn.BatchNorm1d(width), nn.SiLU(), nn.Linear(width, case.plan.classes)]
    return nn.Sequential(*layers, nn.Linear(inputs, width), *blocks, *head)
