# make run: set up and serve. make check: what a developer runs after each edit, under a minute; make format before it.
# make test: set up and check everything; make test-all: many minutes more. make bench, make example, make clean.
# make texts: collects all texts, compiles the catalogues in locales/, and says what they lack.
# make chaos, make load: a real server is killed and crowded for minutes; figures into docs/reliability.md.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
# Without compiled files importing the tests takes twice as long.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := run
.PHONY: run format lint check test test-all bench chaos load example lessons texts clean

$(VENV)/requirements.stamp: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (PYTHON=python3.12 make ...)")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/requirements-dev.stamp: $(VENV)/requirements.stamp requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	sh tests/install_chromium.sh $(BIN)/python
	touch $@

run: $(VENV)/requirements.stamp
	@echo "Regularizer Lab: http://localhost:$(PORT)"
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

format: $(VENV)/requirements-dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(VENV)/requirements-dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

check: lint
	$(PYTEST) -q -m "not (postgresql or workers)" --hypothesis-profile check --quick

test: lint
	$(PYTEST) --durations 20

test-all: $(VENV)/requirements-dev.stamp
	$(MAKE) test
	$(BIN)/python -m pytest -m every_script

bench: $(VENV)/requirements-dev.stamp
	$(BIN)/python -m benchmarks $(BENCH)

chaos: $(VENV)/requirements-dev.stamp
	$(BIN)/python -m benchmarks.chaos --write docs/reliability.md $(CHAOS)

load: $(VENV)/requirements-dev.stamp
	$(BIN)/python -m benchmarks.load --write docs/reliability.md $(LOAD)

# Records anew every preset that has a recording, and the lessons; to give a preset its first, make an empty
# NAME.result.json beside it.
example: lessons
	for result in examples/*.result.json; do \
	  $(BIN)/python -m training "$${result%.result.json}.json" --json > "$$result.tmp" && mv "$$result.tmp" "$$result" || exit 1; \
	done

# Records anew what the Learn page's steps show beside the presets.
lessons: $(VENV)/requirements.stamp
	for lesson in $$(ls examples/lessons/*.json | grep -v recording.json); do \
	  $(BIN)/python -m training.recording "$$lesson" > "$$lesson.tmp" && \
	    mv "$$lesson.tmp" "$${lesson%.json}.recording.json" || exit 1; \
	done

texts: $(VENV)/requirements-dev.stamp
	$(BIN)/python -m locales.make

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
