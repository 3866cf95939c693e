"""Techniques of the optimizer, and of the labels that it aims at."""

from typing import ClassVar, Literal

from models.parameters import number, parameters
from models.plan import Call, call
from models.techniques.base import Parts, Technique


class WeightDecay(Technique):
    """Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019); with Adam this is AdamW.

    Keras multiplies the strength by the learning rate: w -= w * weight_decay * learning_rate. In the paper it is apart
    from the learning rate, and only a schedule scales both. At a learning rate of 0.001 the default takes 1e-5 of the
    weights in a step, 1% in a run of a thousand; forms start where a run loses a third of them.
    """

    label = "Weight decay"
    summary = (
        "Shrinks all weights by the same share in every step; apart from the gradient, so Adam does not rescale it."
    )
    idea = (
        "Every step first makes all weights smaller by the same small share, and then follows the gradient. "
        "For plain SGD this is L2 under another name; Adam, however, divides a penalty's gradient by the size of "
        "the weight's usual gradients, so that weights with large gradients would hardly shrink. "
        "Taken out of the gradient, the decay is the same for all weights: in Keras the share ηλ, so it grows with the "
        "learning rate η."
    )
    formula = r"w \leftarrow w - \eta\,\lambda\,w"
    acts = "on all weights, biases included (as Keras's optimizers do), in every step"
    hurts = "Too strong, all weights die; with another learning rate η it needs another λ, to keep the share ηλ."
    source = "https://arxiv.org/abs/1711.05101"

    name: Literal["weight_decay"] = "weight_decay"
    weight_decay: float = number(
        0.01,
        0.0,
        10.0,
        scale="log",
        label="Strength",
        telling=(0.0, 2.0, 0.05),
        start=0.5,
        about="λ; a step shrinks w by ηλw.",
    )

    def optimizer(self) -> dict[str, float | bool]:
        return {"weight_decay": self.weight_decay}


class LabelSmoothing(Technique):
    """Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016), section 7."""

    label = "Label smoothing"
    summary = "Trains on labels that are a little unsure, so the network need not drive its logits to extremes."
    idea = (
        "A label of 1 for the true class and 0 for all others can only be reached with infinite logits, so the "
        "network never stops pushing. "
        "Smoothing takes a share of the 1 and spreads it evenly over all classes: the best logits are finite, and "
        "the network is not rewarded for being surer than that. "
        "With wrong labels among the rows this limits what any one of them can do."
    )
    formula = r"\tilde y = (1-s)\,y + \frac{s}{K}"
    acts = "on the labels of the objective; curves are on unsmoothed labels (those of training rows with label noise)"
    hurts = "It makes probabilities less sharp: clean loss may rise while accuracy stays."
    source = "https://arxiv.org/abs/1512.00567"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 80},
    }

    name: Literal["label_smoothing"] = "label_smoothing"
    label_smoothing: float = number(
        0.1, 0.0, 0.9, step=0.05, label="Smoothing", about="Share s of each label spread over all K classes."
    )

    def smoothing(self) -> float:
        return self.label_smoothing


class GeneralizedCrossEntropy(Technique):
    """Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels" (2018).

    The default is the paper's q; Keras's is 0.5.
    """

    label = "Generalized cross-entropy"
    summary = "A loss that is bounded: a row whose label seems impossible pulls little, so wrong labels do less harm."
    idea = (
        "Cross-entropy pulls hardest at the rows that the network finds least likely; where labels are wrong, those "
        "are the rows with wrong labels, and late in training they are learned by heart. "
        "This loss weighs each row's pull by the probability p that the network gives to the label, to the power q: a "
        "row that stays unlikely is given up. "
        "Towards q = 0 it is cross-entropy, at q = 1 it would be one minus the probability, as in the mean absolute "
        "error, which is robust but hard to train."
    )
    formula = (
        r"\ell = \frac{1 - p_y^{\,q}}{q},\quad "
        r"\frac{\partial \ell}{\partial \theta} = p_y^{\,q}\,\frac{\partial(-\ln p_y)}{\partial \theta}"
    )
    acts = "on the loss of each training row; curves are plain cross-entropy"
    hurts = (
        "With clean labels: hard rows are given up as well, and clean loss rises. The more classes and the larger q, "
        "the slower it starts."
    )
    source = "https://arxiv.org/abs/1805.07836"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 80},
    }

    name: Literal["generalized_cross_entropy"] = "generalized_cross_entropy"
    q: float = number(
        0.7, 0.01, 0.99, step=0.01, label="Robustness", about="q: near 0 cross-entropy, near 1 the most robust."
    )

    def loss(self) -> Call:
        return call("losses.CategoricalGeneralizedCrossEntropy", q=self.q)


class ClassWeight(Technique):
    """King and Zeng, "Logistic Regression in Rare Events Data" (2001); weights as scikit-learn's "balanced"."""

    label = "Class weights"
    summary = "Lets rows of rare classes count for more in the loss, so that the frequent class cannot be all."
    idea = (
        "Where one class has nine rows in ten, a network that always answers with it is right nine times in ten and "
        "has little reason to learn more. "
        "Each row's loss is multiplied by how rare its class is among the training rows, so that all classes count "
        "alike together. "
        "It trades accuracy for balanced accuracy, and makes the probabilities of rare classes too high."
    )
    formula = r"L = \frac1B\sum_i w_{y_i}\,\ell_i,\quad w_c = \left(\frac{n}{K\,n_c}\right)^{\gamma}"
    acts = "on the loss of each training row; curves are unweighted"
    hurts = "Where classes are balanced it does nothing; clean loss rises, since probabilities are no frequencies."
    source = "https://doi.org/10.1093/oxfordjournals.pan.a004868"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "breast_cancer", "train_size": 60},
        "training": {"epochs": 80},
        "judging": {"what": "balanced_accuracy"},
    }

    name: Literal["class_weight"] = "class_weight"
    power: float = number(
        1.0, 0.0, 1.0, step=0.05, label="Power", about="γ: 0 weighs all rows alike, 1 all classes (n rows, K classes)."
    )

    def class_weighting(self) -> float:
        return self.power


class GradientClipping(Technique):
    """Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks" (2013)."""

    label = "Gradient clipping"
    summary = "Shortens a gradient that is too long, so a single odd batch cannot throw the weights far."
    idea = (
        "The gradient of all weights together is one long arrow; where it is longer than c it is scaled down to "
        "length c, direction kept. "
        "Under SGD a single odd batch, or a steep wall in the loss, can then move the weights by at most ηc; Adam "
        "divides by the size of recent gradients and so bounds its steps by itself. "
        "It steadies training at high learning rates rather than fighting overfitting itself."
    )
    formula = r"g \leftarrow g\,\min\!\left(1, \frac{c}{\lVert g \rVert_2}\right)"
    acts = "on the gradient of all weights together, before every step"
    hurts = "Hardly ever; too small a c slows plain SGD down. It steadies training more than it regularizes."
    source = "https://arxiv.org/abs/1211.5063"
    lesson: ClassVar[Parts] = {
        "architecture": {"name": "mlp", "widths": [128, 128], "activation": "tanh"},
        "training": {"epochs": 60, "optimizer": "sgd", "learning_rate": 1.0},
    }

    name: Literal["gradient_clipping"] = "gradient_clipping"
    global_clipnorm: float = number(
        1.0,
        0.0001,
        1000.0,
        scale="log",
        label="Highest norm",
        telling=(0.2, 4.0, 0.1),
        about="Longest length c of the gradient.",
    )

    def optimizer(self) -> dict[str, float | bool]:
        return {"global_clipnorm": self.global_clipnorm}


class MovingAverage(Technique):
    """Polyak and Juditsky (1992), in the exponential form of Keras's optimizers."""

    label = "Moving average of weights"
    summary = (
        "Judges and hands over the average of the weights of the last steps, which is steadier than the last ones."
    )
    idea = (
        "Beside the weights in training, a running average of them is kept, in which older steps count less and "
        "less. "
        "Steps jump around the valley because each batch pulls elsewhere; the average usually lies nearer to its "
        "floor than a single step. "
        "Evaluation and the finished model use the average, while training itself goes on from the newest weights."
    )
    formula = r"\bar w \leftarrow m\,\bar w + (1-m)\,w"
    acts = "on the weights used in evaluation; training itself goes on with the newest"
    hurts = "A momentum near 1 lags: early curves look worse than the network is."
    source = "https://doi.org/10.1137/0330046"
    lesson: ClassVar[Parts] = {"training": {"epochs": 60, "learning_rate": 0.01}}

    name: Literal["ema"] = "ema"
    momentum: float = number(
        0.98,
        0.0,
        0.9999,
        step=0.001,
        label="Momentum",
        telling=(0.0, 0.99, 0.01),
        about="m; the average is over about 1 / (1 - m) steps.",
    )

    def optimizer(self) -> dict[str, float | bool]:
        return {"use_ema": True, "ema_momentum": self.momentum}


class ReduceLearningRateOnPlateau(Technique):
    """Keras's callback `ReduceLROnPlateau` on the clean validation loss; compare He et al. (2016), section 3.4."""

    label = "Reduce learning rate on plateau"
    summary = "Cuts the learning rate when validation loss has stopped falling, to settle instead of bouncing around."
    idea = (
        "Large steps find the valley quickly but bounce from side to side in it. "
        "When validation loss has not fallen by more than 0.0001 (Keras's `min_delta`) for some epochs, the learning "
        "rate is multiplied by a factor below 1, so that the following steps can settle lower. "
        "It fits more than it regularizes: watch whether the gap between training and validation grows after a cut."
    )
    formula = r"\eta \leftarrow \max(\eta_{\min},\ f\,\eta)"
    acts = "on the learning rate, between epochs"
    hurts = "With noisy curves and little patience it freezes training too soon."
    source = "https://arxiv.org/abs/1512.03385"
    sets_learning_rate = True
    lesson: ClassVar[Parts] = {"training": {"epochs": 80, "learning_rate": 0.01}}

    name: Literal["reduce_lr_on_plateau"] = "reduce_lr_on_plateau"
    factor: float = number(0.5, 0.01, 0.99, step=0.01, label="Factor", about="f, by which the rate is multiplied.")
    patience: int = number(
        5, 1, 1000, label="Patience", telling=(1, 40, 1), about="Epochs without improvement before the rate is cut."
    )
    min_lr: float = number(0.0, 0.0, 1.0, label="Lowest rate", rare=True, about="The rate is never cut below this.")

    def callback(self) -> Call:
        arguments = {p.key: getattr(self, p.key) for p in parameters(type(self))}
        return call("callbacks.ReduceLROnPlateau", monitor="val_loss", **arguments, mode="min")


class CosineDecay(Technique):
    """Loshchilov and Hutter, "SGDR" (2017), one cycle without restarts; warm-up: Goyal et al. (2017)."""

    label = "Cosine decay"
    summary = "Lets the learning rate rise at first and then fall along half a cosine, so that the last steps are tiny."
    idea = (
        "Large steps early cross flat regions and leave sharp valleys, small steps late settle; a schedule plans both "
        "in advance instead of waiting for a plateau. "
        "During warm-up the rate rises in a straight line from 0, while fresh weights and the optimizer's averages are "
        "still unreliable; then it falls along half a cosine, slowly, quickly, and slowly again. "
        "The schedule counts gradient steps and must know how many a run has, so a run of other length is another "
        "schedule."
    )
    formula = (
        r"\eta_t = \begin{cases}\eta\,t / W & t < W \\[6pt] \eta\left(\alpha + (1-\alpha)\,\dfrac12"
        r"\left(1+\cos\dfrac{\pi\,(t-W)}{T-W}\right)\right) & t \ge W\end{cases}"
    )
    acts = "on the learning rate, in every step"
    hurts = "Where training is stopped early: the small steps that it was planned for never come."
    source = "https://arxiv.org/abs/1608.03983"
    sets_learning_rate = True
    lesson: ClassVar[Parts] = {"training": {"epochs": 60, "learning_rate": 0.01}}

    name: Literal["cosine_decay"] = "cosine_decay"
    alpha: float = number(
        0.0, 0.0, 1.0, step=0.05, label="Lowest share", about="α: at the end the rate is α times the learning rate."
    )
    warmup: float = number(
        0.1, 0.0, 0.9, step=0.05, label="Warm-up", about="W as a share of the run's T gradient steps; 0: none."
    )

    def schedule(self, learning_rate: float, steps: int) -> Call:
        warmup_steps = min(round(self.warmup * steps), steps - 1)  # Keras wants at least one step of decay
        warmup = {"warmup_target": learning_rate, "warmup_steps": warmup_steps} if warmup_steps else {}
        return call(
            "optimizers.schedules.CosineDecay",
            initial_learning_rate=0.0 if warmup else learning_rate,
            decay_steps=steps - warmup_steps,
            alpha=self.alpha,
            **warmup,
        )


class SharpnessAwareMinimization(Technique):
    """Foret et al., "Sharpness-Aware Minimization for Efficiently Improving Generalization" (2021).

    As in the authors' code (google-research/sam, `sam_jax/training_utils/flax_training.py`) both gradients are of the
    same rows with the same masks, penalties included, moving averages of batch normalization are those of the first,
    and what clips takes the second. The objective that is recorded is the first, that of the weights as they are.
    Keras has no such class any more; the one in TensorFlow 2.10 to 2.15
    (`tf.keras.models.experimental.SharpnessAwareMinimization`) left penalties out.
    """

    label = "Sharpness-aware minimization"
    summary = (
        "Takes each gradient a small step uphill from the weights, so that narrow valleys of the loss are left again."
    )
    idea = (
        "Of two places with the same training loss, the one where the loss stays low all around is the better bet: on "
        "other rows the valley lies a little elsewhere. "
        "Each step first goes uphill by the length ρ, takes the gradient there, returns and steps along it: "
        "approximately it lowers the highest loss within ρ instead of the loss itself. "
        "With wrong labels among the rows the authors found it as good as methods made for them."
    )
    formula = (
        r"\hat w = w + \rho\,\frac{\nabla L(w)}{\lVert \nabla L(w) \rVert_2},\quad "
        r"w \leftarrow w - \eta\,\nabla L(\hat w)"
    )
    acts = "on the gradient of all weights together, in every step; the optimizer does with it what it does"
    hurts = "The budget: two gradients in each step. With ρ too large it does not fit even what holds for all rows."
    source = "https://arxiv.org/abs/2010.01412"
    lesson: ClassVar[Parts] = {
        "dataset": {"name": "digits", "train_size": 600, "label_noise": 0.3},
        "training": {"epochs": 80},
    }

    name: Literal["sam"] = "sam"
    rho: float = number(
        0.05,
        0.0,
        10.0,
        scale="log",
        label="Radius",
        telling=(0.0, 1.0, 0.01),
        start=0.5,
        about="ρ: length of the step uphill, over all weights together.",
    )

    def sharpness(self) -> float:
        return self.rho
