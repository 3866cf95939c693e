"""What pages say, in one place, so that it can be translated. Techniques and data bring their texts along."""

from typing import Literal

from experiment.version import PROGRAM
from ui.translated import translate_texts

APP = PROGRAM
LAB = "Lab"
RUNS = "Runs"
LANGUAGE = "Language"

INTRODUCTION = (
    "Train the same network several ways, see where each begins to **overfit**, what keeps it from that, and how sure "
    "that is."
)
PRESETS = "Start from an example"
TRAIN = "Train"
RUNS_TO_TRAIN = "{variants} × {seeds} = {runs}"
KNOWN_RUNS = "{count} of them known already"
ALL_KNOWN = "all known already, shown at once · up to {parameters:,} parameters"
TRAIN_ANEW = "Train anew"
TRAIN_ANEW_HELP = (
    "Trains every run, also those whose numbers are here already. On the same kind of machine they come out the same, "
    "bit for bit."
)
ESTIMATE = "about {time} · up to {parameters:,} parameters"
ESTIMATE_UNMEASURED = "perhaps {time} (measured once a run has ended here) · up to {parameters:,} parameters"
VARIANTS = "Variants"
ADD_VARIANT = "Add variant"
COPY_VARIANT = "Copy"
REMOVE_VARIANT = "Remove"
UNDO = "Undo"
UNDO_HELP = "Bring back what was in the form before."
VARIANT_NAME = "Name"
EXACTLY = "{label}, exactly"
MORE = "{technique}: more"
MORE_HELP = "What it does, its formula and source, and settings that are seldom changed"
WAS = "was: {values}"
BACK_TO_SHOWN = "Back to what the shown results had"
MISMATCH = "These curves are of the form before your changes:"
BACK_TO_FORM = "Back to this form"
BACK_TO_FORM_HELP = "Puts the settings of the shown results into the form; Undo brings yours back."
TRAIN_CHANGES = "Train now"
TECHNIQUES = "Techniques"
NO_TECHNIQUES = "No technique: the plain network"
DATA, NETWORK, TRAINING = "Data", "Network", "Training"
DATASET = "Data set"
ARCHITECTURE = "Architecture"
WIDTHS_HELP = "Units of each hidden layer, separated by commas: 128, 128"
EXPERIMENT_NAME = "Name of the experiment"
SEEDS = "Seeds"
SEEDS_HELP = (
    "One run for each variant and seed, separated by commas. Three can show only that nothing changes; five settle "
    "large differences, and more can be added afterwards."
)
MARKED_RULE = "Early-stopping rule that is marked: {rule}"
MARKED_RULE_HELP = (
    "Marked on every curve while training goes on, so that you see what came after. It is set under the charts, at "
    "*What if it had stopped?*. To really stop a variant, give it the technique Early stopping."
)
ROWS = "{train:,} rows to train on, {held_out:,} for validation, {held_out:,} kept for the test"
ROWS_JUDGED = ". Training loss and accuracy are measured on {judged:,} of them, the same in every epoch"
PREVIEW_LATER = "The server has just started; the rows come in a moment."
PREVIEW = "Training rows of seed {seed}"
PREVIEW_ALT = "Preview of the data set {name}."
CLASS = "class"
CLASS_ROWS, CLASS_SHARE = "rows", "share"
CLASS_BALANCE = "Class balance"
OWN_FILE = "Your file"
OWN_FILE_HELP = (
    "A table: CSV (any separator), Excel or Parquet, one row for each example. A ZIP with a folder of images for each "
    "class. Or an NPZ with arrays `x` (rows × features, or images) and `y` (one class for each row). What was "
    "understood is shown below and can be changed. The file is kept with the experiments that use it and deleted with "
    "the last of them; if none uses it, after a day."
)
OWN_FILE_IN_USE = "In use: {name}"
TARGET = "Column with the classes"
FILE_REFUSED = "This file was refused:"
FILE_KEPT = "The file before it is still in use."
HOW_READ = "How it was read: {found}"
ENCODING, SEPARATOR, DECIMAL, HEADER = "Encoding", "Separator", "Decimal mark", "Names of columns"
AS_FOUND, NO_HEADER, HEADER_LINE = "as found", "there are none", "in line {line}"
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
COLUMNS = "Columns, as they were understood"
COLUMN_NAME, COLUMN_KIND, COLUMN_USE, COLUMN_MISSING, COLUMN_EXAMPLES = "column", "kind", "use", "missing", "examples"
COLUMNS_HELP = (
    "Click into *kind* or *use* to change it. *group*: rows that belong together, as those of one patient, stay on one "
    "side of the split."
)
OPENML = "Or a table of OpenML"
OPENML_NUMBER, OPENML_FETCH = "Its number", "Fetch it"
OPENML_HELP = "As in openml.org/d/61. It is fetched once, over the network, and kept like a file of your own."
OPENML_FETCHING = "OpenML is being asked …"
LEAVE_OUT = "Leave it out"
DOWNLOADING = "{label} is being downloaded: {done:.1f} of {total:.1f} MB. You can go on meanwhile."
DOWNLOAD_WAITING = "{label} will be downloaded as soon as a worker is ready. You can go on meanwhile."
DOWNLOADED_ELSEWHERE = "{label} is on the workers' machine, so there is no preview here. It can be trained on."
TRY_AGAIN = "Try again"
AUGMENTED = "What augmentation makes of them"
AUGMENTING = "A worker is changing some images …"
WARMING_UP_FOR_PREVIEW = "Workers are warming up; the images appear here by themselves."
NO_PREVIEW = "A worker could not make this preview; it is in the server's log."
UNCHANGED = "As they are"
CHANGED_IN_EPOCH = "In epoch {epoch}"
ACTS = "Acts {where}."
SOURCE = "Source"
FIX_FIRST = "Before training, fix:"
REFUSED = "This was refused:"

RECORDED = "Recorded example"
RECORDED_HELP = (
    "Trained beforehand by this program (`make example`), so that something real is on screen at once. Press **Train** "
    "to run it live on this machine."
)
NOT_FOUND = "This link leads to no experiment: it was deleted, or part of the link was lost."
BACK_TO_LAB = "Start a new experiment"
DATABASE_FAILED = (
    "**The results database does not answer.** Nothing that was saved is lost, runs that train go on, and this page "
    "continues by itself."
)
PLACE = "{runs} of other experiments come first; starts in about {time}"
PLACE_NEXT = "starts in about {time}"
PLACE_FAR = "more than {runs} come first; starts in more than {time}"
WARMING_UP = "Workers are warming up (TensorFlow is loading); your runs are queued and start by themselves."
WORKERS_FAILED = "The workers are started again; your runs wait, and go on by themselves."
NO_WORKERS = "No worker is connected. On a cluster, start workers with: {command}"
PROGRESS = "{done} of {total} runs ended · epoch {epochs:,} of {all_epochs:,}"
TEACHING = "Distillation trains its teachers first: a run of it shows its first epoch when they are done."
TIME_LEFT = " · about {time} left"
CANCEL = "Cancel"
RUN_PROGRESS = "Runs"
USED = "{count} used"
USED_HELP = (
    "Trained before with the same data, settings and seed, by the same versions on the same kind of processor: the "
    "numbers are the same, bit for bit, so they were taken from there at no cost. *Train anew* trains them again."
)
USED_RUN = "used, from {date}"
USED_BEGINNING = "used: the beginning of a run of {epochs} epochs, from {date}"
OF_A_LONGER_RUN = (
    "These curves are the beginning of a longer run, so this run has no model and no findings of its own: *Train anew* "
    "under the form makes them."
)
STATUS_NAMES = {
    "queued": "queued",
    "running": "running",
    "finished": "finished",
    "failed": "failed",
    "cancelled": "cancelled",
}
STATUS_COLOURS: dict[str, Literal["gray", "blue", "green", "red", "orange"]] = {
    "queued": "gray",
    "running": "blue",
    "finished": "green",
    "failed": "red",
    "cancelled": "orange",
}
FAILED_RUNS = "**{variant}**, seeds {seeds}"
VIEW = "View"
VIEWS = {
    "loss": "Loss",
    "accuracy": "Accuracy",
    "difference": "Difference",
    "gap": "Generalization gap",
    "objective": "Objective",
    "balanced_accuracy": "Balanced accuracy",
    "memorization": "Memorized labels",
}
MEAN_OR_SEEDS = "Mean or single seeds"
MEAN = "Mean"
AXES = "Axes"
X_AXIS = "Horizontal axis"
LOG_X = "Logarithmic, horizontal"
LOG_Y = "Logarithmic, vertical"
NUMBERS = "In numbers"
SORTED_BY = "sorted by {quantity}"
NUMBERS_COLUMNS = (
    "Variant",
    "Mean ± sd",
    "Against the reference, paired",
    "Accuracy",
    "Overfits from",
    "Stops → restores",
)
ALL_COLUMNS = "All columns"
COPY_TABLE = "Copy"
THE_REFERENCE = "the reference"
NO_ONSET = "not seen"
JUDGED_NAMES = {
    "handed_over": "Model handed over",
    "best_epoch": "Best epoch",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced",
}
ALL_CARDS = "All {count} variants"
HOW_SURE = "How sure is this?"
PAIRED = "Paired with {reference} over {seeds}. Grey stripe: no difference that matters ({margin})."
CARD_LOST = "{lost} of {seeds} seeds were lost"
BAND_HELP = (
    "The band around a line is the 95% interval of the paired difference at each epoch alone. Cards and table hold for "
    "all comparisons and all looks together, so their intervals are wider."
)
CELLS = "{variant}: {finished} of {runs} runs finished"
ENDED = "Training has ended."
DEEPER = "Look deeper"
DEEPER_HELP = "Choose what to look at."
WAITING_FOR_FIRST_EPOCH = "The first epochs appear here as soon as a worker has them."
NO_EPOCH = "No run got as far as its first epoch. Train starts them again."
IN_WORDS = "In words"
MEMBER_MEAN = "{variant} · member mean"
BEST_MEMBER = "{variant} · best member"
JUDGED = "What is judged"
WILL_BE_JUDGED = "judged: {quantity}, against {reference}"
JUDGED_HELP = (
    "Fixed before the seeds. A difference matters from {margin} on. Looking at another quantity is free, but claims "
    "nothing: whoever looks at several and takes the nicest is wrong more often."
)
EXPLORATORY = "exploratory"
EXPLORATORY_HELP = "Numbers only, and no claims: fixed before the seeds was the {judged}."
ADD_SEEDS_HELP = "Trains all variants under these further seeds, so that everything stays paired; at most 20 at once."
ADD_UP_TO = "Add to {number} seeds"
DIFFERENCE_HELP = "{quantity} less that of {reference}, mean over the seeds of both"
PAIRED_SD_HELP = "Standard deviation of the differences within each seed: the noise of the comparison"
SPREAD_HELP = "{title}: standard deviation between seeds, whose splits differ too; it says nothing about a difference"
WHAT_IF = "What if it had stopped?"
WHAT_IF_HELP = (
    "Marks what a rule would have done on all curves; nothing is trained. Keras's rule goes into the form too and is "
    "marked on the next experiment."
)
RULE = "Rule"
RULES = {"patience": "Patience (Keras)", "GL": "GL", "PQ": "PQ", "UP": "UP"}
RULES_HELP = {
    "GL": "Prechelt (1998): stops when validation loss is more than so many percent above its lowest value.",
    "PQ": "Prechelt (1998): stops when that loss outweighs what training loss still gains in a strip of 5 epochs.",
    "UP": "Prechelt (1998): stops when validation loss rose in so many successive strips of 5 epochs.",
}
THRESHOLD = "Threshold"
STOPPED_IN = "{stopped} of {runs}"
WHAT_IF_COLUMNS = (
    "Variant", "Stops at", "Restores", "Val. loss there", "at its lowest", "at the end", "Epochs saved",
)  # fmt: skip
WHAT_IF_NOTE = (
    "Means over seeds, and their range; beside each loss the accuracy. A variant that really stopped early has no "
    "epochs after that, so a later stop cannot be seen on it."
)
MAP = "How much the rule's numbers matter"
MAP_OF = "How much patience and minimum change matter for"
MAP_ALT = (
    "Mean validation loss of the restored epoch of {variant}: {low} to {high} (deep blue: lowest; ring: marked now)."
)
OTHER_RULE = "The marks are those of the rule under *What if*."
ENVELOPE = "Envelope: test figures"
ENVELOPE_CLOSED = (
    "The test rows have chosen nothing so far, so their figures are honest. Once you have looked, choices can follow "
    "them: opening spends these rows, for everybody who has the link and for good."
)
ENVELOPE_LATER = "It can be opened when all runs have ended."
ENVELOPE_EMPTY = "No run has finished, so it holds nothing."
ENVELOPE_OWNER = "Only whoever trained this experiment can open it."
ENVELOPE_SURE = "I have chosen by validation, and want to see the test figures now"
OPEN_ENVELOPE = "Open the envelope"
ENVELOPE_OPENED = (
    "Opened on {when}: the test rows are spent. What is chosen from here on needs new rows for an honest test."
)
ENVELOPE_LATE = "Trained after opening: seeds {seeds}."
ENVELOPE_COLUMNS = (
    "Variant", "Model, seeds", "Val. loss", "Test loss", "Test − val.", "Beyond reference", "Val. acc.", "Test acc.",
)  # fmt: skip
ENVELOPE_WHICH = {"final": "handed over", "best": "best epoch"}
TABLE_NOTE = (
    "± is the standard deviation between seeds, whose splits differ: it says nothing about which variant is better. "
    "Pairing takes the split out. Dots: single seeds; grey stripe: no difference that matters. Loss is plain "
    "cross-entropy in evaluation mode, without penalties or dropout, so that variants can be compared. An ensemble's "
    "best member is the one with the lowest validation loss. Nothing here uses the test set."
)
SHOWN_SEED = "Seed"
SEED_NUMBER = "Seed {seed}"
SHOWN_VARIANT = "Variant"
BOUNDARY_LATER = "The first boundary appears here about a second after the first run begins."
BOUNDARY_EPOCH = "epoch {epoch} · validation {accuracy}"
BOUNDARY_LEGEND = (
    "Colour: the most probable class, the deeper the surer; grey line: where it changes. Discs are training points "
    "under the labels that were trained on (label noise shows as islands), crosses are validation points."
)
BOUNDARY_ALT = (
    "Decision boundary of {variant}, seed {seed}, epoch {epoch}. Shares of the plane: {shares}. Validation accuracy: "
    "{accuracy}."
)
INSIDE = "Inside the net"
INSIDE_HELP = (
    "The kernels of all layers together, without biases. L1 pushes many weights to (nearly) zero: a spike in the "
    "middle. L2 makes all of them small: a narrow hill. Dropout silences activations, not weights, so it leaves few "
    "near zero."
)
NOTHING_FOUND = "These runs ended before there was any."
INSIDE_LATER = "The first weights appear here with the first epoch."
WEIGHTS_EPOCH = "Epoch"
NORM = "Norm of the weights"
NEAR_ZERO = "Near zero (below 0.001)"
HISTOGRAM_ALT = "Histogram of the weights of each variant, on a logarithmic axis."
WEIGHTS_ALT = "{variant}: norm {norm:.3g}, {share:.1%} near zero"
HISTORY_ALT = "{quantity} over the epochs, for each variant. The last values are in the table below."
MISTAKES = "Mistakes"
MISTAKES_LATER = "Mistakes appear here when the first run has finished."
MISTAKES_MISSING = "This run was trained before mistakes were kept. Run it again to see them."
MISTAKES_SUMMARY = "{wrong} of {rows} validation rows are wrong, judged with the weights of epoch {epoch}."
CONFUSION_ALT = "Confusion matrix: true classes in rows, predicted ones in columns."
CONFUSED = "{true} taken for {taken}: {count}."
NORMALIZED = "Shares of the true class"
NORMALIZED_HELP = "Each row of the matrix then adds to 100%, so that rare classes can be seen."
RECALLS = "Recall of each class"
RECALLS_HELP = "The share of a class's validation rows that a variant has right. Their mean is the balanced accuracy."
SUREST_MISTAKES = "The surest mistakes"
SUREST_MISTAKES_HELP = "Validation images that are wrong, the most confident ones first."
MISTAKE_CAPTION = "{true} → {taken}\n{confidence:.1%} sure\nrow {row}"
CALIBRATION = "Calibration"
CALIBRATION_HELP = (
    "A network that is 80% sure should be right in 80% of such rows. The expected calibration error (ECE) is the mean "
    "distance between how sure a network is and how often it is right, over validation rows in 15 bins of sureness. "
    "Label smoothing, mixup and ensembles often change it more than they change accuracy."
)
CALIBRATION_LATER = "Calibration appears here when the first run has finished."
CALIBRATION_MISSING = "Trained before calibration was kept: {variants}. Run the experiment again to see it."
CALIBRATION_COLUMNS = ("ECE", "from", "to", "By chance", "Sure", "Right")
CALIBRATION_COLUMNS_HELP = (
    "Expected calibration error of the model handed over, mean over seeds (Guo et al. 2017); 0 is best.",
    "Lower end of its 95% interval: bootstrap over seeds and rows",
    "Upper end of its 95% interval",
    "95 of 100 perfectly calibrated networks stay under this on as many rows. An ECE below it says nothing.",
    "Mean probability of the class that a row is taken for. More than how often it is right: overconfident.",
    "Accuracy on validation rows",
)
CALIBRATION_SEEDS = "Single seeds"
CALIBRATION_NOTE = (
    "Over few rows every ECE is too large, so compare it with what chance alone gives. Read it beside accuracy: "
    "whoever always answers with the class frequencies is calibrated, too."
)
ALL_SEEDS = "All seeds together"
RELIABILITY_TOLD = "ECE {error:.1%} · {sure:.1%} sure, {right:.1%} right · {rows:,} rows"
RELIABILITY_ALT = "Reliability diagram of {variant}. {told}."
RELIABILITY_LEGEND = (
    "Bars: how often rows of a bin are right; hatched: the distance to how sure the network was of them. Below the "
    "dashed line it is too sure, above it not sure enough. At the bottom: how many rows a bin has; few rows say little."
)
SHARE = "Share and export"
SHARE_RUN = "Link to this experiment, live or finished; it gives reading only"
SHARE_EMBEDDED = "Code that shows this result, live or finished, in a page of another site"
SHARE_EMBEDDED_HELP = "This host must allow that site: whoever runs it puts the site's address into `FRAME_ANCESTORS`."
OPEN_WHOLE_PAGE = f"Open in {APP}"
SHARE_CONFIGURATION = "Link that fills the form on any host; nothing is trained until Train is pressed"
TOO_LONG_FOR_LINK = "This configuration is too long for a link: send the JSON file."
DOWNLOAD_REPORT = "Report (HTML)"
DOWNLOAD_EXPERIMENT = "Experiment (JSON)"
DOWNLOAD_RESULT = "Results (JSON)"
DOWNLOAD_EPOCHS = "All epochs (CSV)"
TAKE_HOME = "Code"
TAKE_HOME_HELP = (
    "The same network, training and data as a Keras script that needs nothing of this program, written from the plan "
    "that trains here. Numbers differ a little, as between two seeds."
)
STYLE = "Style"
STYLES = {"string": "Strings", "function": "Functions", "class": "Classes"}
DOWNLOAD_SCRIPT, DOWNLOAD_NOTEBOOK = "Script (.py)", "Notebook (.ipynb)"
TRAINED_HERE = "**Trained here**"
DOWNLOAD_MODEL = "Model (.keras, {size:.1f} MB)"
MODEL_HELP = (
    "`keras.models.load_model(file)` gives the model with the weights it ended with. It takes rows as this program "
    "loads them (the digits as values from 0 to 1) and scales them itself; missing values must be filled before."
)
MODEL_TOO_LARGE = "This model has more than {limit:.0f} MB and is not kept."
MODEL_LATER = "The model is there when the run has ended."
DOWNLOAD_EVENTS = "TensorBoard logs (.zip)"
EVENTS_HELP = "Unpack, then: tensorboard --logdir FOLDER"
WARMING_UP_FOR_EVENTS = "A worker writes these files; none is ready yet."
LOADED_FROM_LINK = "The form was filled from a link. Press Train to run it here."
UNTITLED = "Untitled experiment"
NO_STORAGE = "Your browser keeps no data for this site, so experiments cannot be kept apart. Allow it, and reload."

RUNS_INTRODUCTION = "Every experiment that was trained here."
RUNS_INTRODUCTION_HOSTED = "The experiments of this browser. They are kept for {days} days."
NO_RUNS = "Nothing has been trained yet. The Lab is where experiments begin."
OPEN, RUN_AGAIN, LOAD, DELETE, EXPORT = "Open", "Run again", "Load into form", "Delete", "Export"
READ_DIFFERENTLY = "This file is read differently today, so new runs are trained on other numbers than these."
READ_NO_MORE = "This file cannot be read as it was: {reason}"
RUN_ANYWAY = "Run it as it is read today"
DELETE_QUESTION = 'Delete "{name}" with all its runs? This cannot be undone.'
DELETE_CONFIRM, KEEP = "Delete for good", "Keep it"
IMPORT = "Import an experiment (JSON)"
IMPORT_HELP = "An experiment file, version 1. It fills the form in the Lab; nothing is trained yet."
FILE_TOO_LARGE = "The file has {size:,} bytes; allowed: up to {limit:,}."

NETWORKS = "Network"
NETWORK_OF = "As variant"
NETWORK_SIZE = "{parameters:,} parameters. Each line: layer, output shape, parameters."
NETWORK_MEMBERS = " One of {members} members is drawn; their probabilities are averaged."
NETWORK_INPUT = "Input"
NETWORK_SHORTCUT = "shortcut"
KERAS_SUMMARY = "Keras's summary()"
SUMMARY_WAITS = "A worker builds the model; it appears here."
SUMMARY_WARMING_UP = "Workers are warming up (TensorFlow is loading); the summary comes by itself."
SUMMARY_FAILED = "The worker could not build this model: {reason}"
OWN_NETWORK = "Network of this variant"
CHANGE_NETWORK = "Network"
SAME_NETWORK = "as the experiment"
OWN_NETWORK_HELP = "For comparing networks: this variant trains a network of its own instead of the experiment's."
OWN_NETWORK_OF = "Networks of their own: {networks}. All others: {default}."

LIVE = "Live"
LIVE_HELP = (
    "While it is on, each change in the form is trained at once, and only what it changed: the curve before the change "
    "stays, pale, until the next one. Every setting that was tried counts: the more there are, the surer a claim must "
    "be."
)
LIVE_WAITS = "Others are waiting for the workers, so *Live* rests: press *Train*, or change something later."
GHOST_NAME = "{variant} before: {change}"
STEPS = "What was tried"
STEPS_HELP = "In order, each with the validation loss of what changed. Counted in the verdict: {tried} settings."
STEP_SHOWN = "shown"
STEP_FIRST = "Start"
STEP_SHOW = "Show"
STEP_KEEP = "Keep as variant"
STEP_KEEP_HELP = "Adds this step's variant to the form, beside the one that is there."
STEP_ALT = "Validation loss of this step, lowest {lowest}."

translate_texts(__name__)
