"""Techniques that change which rows a network sees, and what they look like."""

from typing import ClassVar, Literal

from models.parameters import number, option
from models.plan import UNIT_RANGE, Call, call
from models.techniques.base import Host, Parts, Shape, Technique, is_image
from wording.language import _


class Augmentation(Technique):
    """Simard, Steinkraus and Platt (2003); erasing: Zhong et al. (2020); noise on features: Bishop (1995)."""

    label = "Data augmentation"
    summary = (
        "Shows the network a slightly changed copy of every training row in each epoch: none can be learned by heart."
    )
    idea = (
        "A digit shifted by a pixel is still the same digit, and we know that before seeing any data. "
        "Each epoch shows a freshly changed copy of every row, with the same label, so there is nothing fixed to "
        "learn by heart and the network is told which changes do not matter. "
        "It works as well as the changes are true to life: one that alters the class teaches nonsense."
    )
    formula = r"(x, y) \to (T_\theta(x), y),\quad \theta \text{ drawn anew in each epoch}"
    acts = "on the training inputs of each epoch; curves are on the unchanged rows"
    hurts = "Where a change alters the class: a turned 6 is a 9."
    source = "https://doi.org/10.1109/ICDAR.2003.1227801"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 150},
        "architecture": {"name": "resnet_conv", "filters": 16},
        "training": {"epochs": 150},
    }

    name: Literal["augmentation"] = "augmentation"
    translation: float = number(
        0.1, 0.0, 0.5, step=0.05, label="Shift", about="Images: up to this share of height and width."
    )
    rotation: float = number(
        0.03, 0.0, 0.5, step=0.01, label="Rotation", about="Images: up to this share of a whole turn, both ways."
    )
    zoom: float = number(0.1, 0.0, 0.5, step=0.05, label="Zoom", about="Images: in and out by up to this share.")
    flip: Literal["none", "horizontal", "vertical", "horizontal_and_vertical"] = option(
        "none",
        label="Flip",
        about="Images: mirror half of them; both ways, each by its own draw. Not for digits.",
        rare=True,
    )
    contrast: float = number(
        0.0, 0.0, 1.0, step=0.05, label="Contrast", about="Images: more or less by this share.", rare=True
    )
    erasing: float = number(
        0.0, 0.0, 1.0, step=0.05, label="Erasing", about="Images: this share of them loses a random patch.", rare=True
    )
    feature_noise: float = number(
        0.1, 0.0, 1.0, step=0.05, label="Feature noise",
        about="Tables and points: deviation of noise added to the scaled features.",
    )  # fmt: skip

    def augmentation(self, input_shape: Shape) -> dict[str, Call]:
        if not is_image(input_shape):
            noise = {"feature_noise": call("layers.GaussianNoise", stddev=self.feature_noise)}
            return noise if self.feature_noise else {}
        # Beyond the border the outermost pixels go on: scaled images have no value that stands for "nothing there".
        edge = {"fill_mode": "nearest"}
        wide = (-1000.0, 1000.0)  # scaled pixels have no fixed range to be cut to
        # Of a single number Keras makes a range from 0: half as many erased, and never less contrast.
        share, contrast = (self.erasing, self.erasing), (self.contrast, self.contrast)
        layers = {
            "translation": call(
                "layers.RandomTranslation", height_factor=self.translation, width_factor=self.translation, **edge
            ),
            "rotation": call("layers.RandomRotation", factor=self.rotation, **edge),
            "zoom": call("layers.RandomZoom", height_factor=self.zoom, **edge),
            "contrast": call("layers.RandomContrast", factor=contrast, value_range=wide),
            "erasing": call("layers.RandomErasing", factor=share, fill_value=0.0, value_range=wide),
        }
        return self._flips() | {role: layer for role, layer in layers.items() if getattr(self, role)}

    def _flips(self) -> dict[str, Call]:
        """A layer for each direction: Keras's "horizontal_and_vertical" draws once for both, which turns half of the
        images by 180 degrees and mirrors none (3.15)."""
        directions = [] if self.flip == "none" else self.flip.split("_and_")
        roles = ("flip", "second_flip")
        return {role: call("layers.RandomFlip", mode=mode) for role, mode in zip(roles, directions, strict=False)}


class RandAugment(Technique):
    """Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space" (2020).

    Keras's default factor 0.5 turns images by up to half a turn. Its layer draws the operations once for all images of
    a call; `models.plan.RANDAUGMENT_ROWS` says how many those are here.
    """

    label = "RandAugment"
    summary = "Applies a few operations out of eleven to each image: two settings instead of one for each change."
    idea = (
        "Augmentation has a strength for every kind of change, and tuning them all is a search of its own. "
        "RandAugment has two numbers: how many operations are drawn in a row, and how strong they may be; Keras draws "
        "from shearing, shifting, turning, brightness, colour, contrast, sharpness, posterizing, solarizing, automatic "
        "contrast and equalizing. "
        "As with all augmentation, it is worth as much as its changes are true to life, and here the list is fixed."
    )
    formula = r"(x, y) \to (T_N \circ \dots \circ T_1(x),\ y),\quad T_k \sim \mathrm{Uniform}(T^1, \dots, T^{11})"
    acts = "on the training images of each epoch, 32 of which share a draw; curves are on the unchanged images"
    hurts = (
        "Where an operation destroys what tells the class; a small factor is not mild: up to 0.3 posterizing leaves "
        "one bit of a pixel, and near 0 solarizing inverts nearly all of them."
    )
    source = "https://arxiv.org/abs/1909.13719"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 150},
        "architecture": {"name": "resnet_conv", "filters": 16},
        "training": {"epochs": 150},
    }

    name: Literal["rand_augment"] = "rand_augment"
    num_ops: int = number(2, 1, 3, label="Operations", about="N: how many are drawn, one after the other.")
    factor: float = number(
        0.1,
        0.0,
        1.0,
        step=0.05,
        label="Strength",
        about="Of an operation, at most: 0.1 shifts by a tenth of the side, turns by a tenth of a whole turn.",
    )

    def augmentation(self, input_shape: Shape) -> dict[str, Call]:
        layer = call("layers.RandAugment", value_range=UNIT_RANGE, num_ops=self.num_ops, factor=self.factor)
        return {"rand_augment": layer}

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        return None if is_image(input_shape) else _("it changes images, and this data set has none")


class Mixup(Technique):
    """Zhang et al., "mixup: Beyond Empirical Risk Minimization" (2018)."""

    label = "Mixup"
    summary = (
        "Trains on weighted means of two rows with their labels mixed alike, so the function is straighter in between."
    )
    idea = (
        "Two training rows are averaged with a random weight, and their labels with the same weight. "
        "The network learns to change its mind gradually on the way from one row to the other, instead of jumping "
        "somewhere in between, which also dampens rows with wrong labels. "
        "With a small α most mixtures are nearly one of the two rows; with α = 1 any weight is equally likely."
    )
    formula = (
        r"\tilde x = \lambda x_i + (1-\lambda) x_j,\ \tilde y = \lambda y_i + (1-\lambda) y_j,\ "
        r"\lambda \sim \mathrm{Beta}(\alpha,\alpha)"
    )
    acts = "on the training rows and labels of each epoch; curves are on the unchanged rows"
    hurts = "Where a mean of two rows belongs to neither class, as between the arms of a spiral."
    source = "https://arxiv.org/abs/1710.09412"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 80},
    }

    name: Literal["mixup"] = "mixup"
    alpha: float = number(
        0.2,
        0.01,
        10.0,
        scale="log",
        label="Alpha",
        telling=(0.1, 2.0, 0.1),
        about="α of the Beta distribution; larger mixes more.",
    )

    def mixing(self) -> Call:
        return call("layers.MixUp", alpha=self.alpha)


class CutMix(Technique):
    """Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers" (2019)."""

    label = "CutMix"
    summary = "Pastes a patch of another image into each one, and mixes the labels by the patch's area."
    idea = (
        "A rectangle of one image is replaced by the same rectangle of another, and the labels are mixed by its area "
        "as it was drawn, before it covers whole pixels (Keras; the paper's code counts the pixels). "
        "The network has to recognize a class from the part that is left, and cannot rest on the one most telling "
        "spot. "
        "Unlike in mixup, every pixel stays a real one."
    )
    formula = (
        r"\tilde x = M \odot x_i + (1-M) \odot x_j,\ \tilde y = \lambda y_i + (1-\lambda) y_j,\ "
        r"\lambda \sim \mathrm{Beta}(\alpha,\alpha) \approx \overline{M}"
    )
    acts = "on the training images and labels of each epoch; curves are on the unchanged images"
    hurts = (
        "With small images: a patch may hide all that tells the class, and its share of the pixels differs from λ (on "
        "8×8 pixels by 0.03 on average)."
    )
    source = "https://arxiv.org/abs/1905.04899"

    name: Literal["cutmix"] = "cutmix"
    alpha: float = number(
        1.0,
        0.01,
        1.0,
        scale="log",
        label="Alpha",
        telling=(0.1, 1.0, 0.1),
        about="α of the Beta distribution of the area.",
    )

    def mixing(self) -> Call:
        return call("layers.CutMix", factor=(self.alpha, self.alpha))

    def refuse(self, host: Host, input_shape: Shape) -> str | None:
        return None if is_image(input_shape) else _("it cuts patches out of images, and this data set has none")


class MoreData(Technique):
    """Hestness et al., "Deep Learning Scaling is Predictable, Empirically" (2017)."""

    label = "More data"
    summary = "Trains on more of the training rows: the surest cure, where there are any."
    idea = (
        "Overfitting is fitting what is true of the training rows alone, and the more rows there are, the less is "
        "true of them alone. "
        "Here the larger set contains the smaller one with the same labels, and validation and test rows stay the "
        "same; but f times the rows are f times the steps in each epoch, which curves over epochs hide. "
        "Each doubling helps less than the one before, but hardly any other technique helps as surely."
    )
    formula = r"n \to f\,n"
    acts = "on the number of training rows; the smaller set lies within the larger one"
    hurts = "Nothing but time (f times the steps), unless the new rows are labelled badly."
    source = "https://arxiv.org/abs/1712.00409"
    lesson: ClassVar[Parts] = {"dataset": {"name": "digits", "train_size": 150}}

    name: Literal["more_data"] = "more_data"
    factor: float = number(
        2.0,
        1.0,
        1000.0,
        scale="log",
        label="Factor",
        telling=(1.0, 14.0, 1.0),
        about="f, by which the training rows grow.",
    )

    def row_factor(self) -> float:
        return self.factor
