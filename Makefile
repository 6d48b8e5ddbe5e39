# Everything a person types. The first run makes .venv and installs the locked dependencies into it; later runs find it made.
#   make run                 start what config.toml says; the playground where there is none
#   make test                the whole suite
#   make install             the set-up alone
#   make PYTHON=python3.12 … another Python than the first that fits (3.11 to 3.13)

PYTHON ?=
export PYTHON
PY := .venv/bin/python
# A stamp carries the Python that was asked for, so that asking for another one makes .venv anew.
ASKED := $(subst /,_,$(PYTHON))
RUN := .venv/installed-run$(ASKED)
DEV := .venv/installed-dev$(ASKED)

.PHONY: install run demo test check format words docs bench lock migration clean
.DEFAULT_GOAL := run

install: $(DEV)
	@:

$(RUN): requirements.lock requirements-uv.lock tools/install
	@tools/install requirements.lock
	@touch $@

$(DEV): requirements-dev.lock requirements-uv.lock tools/install
	@tools/install requirements-dev.lock
	@touch $(RUN) $@

# -OO leaves out docstrings and asserts: 8 MB less to keep resident.
run: $(RUN)
	@exec $(PY) -OO -m bot run

demo: $(RUN)
	@exec $(PY) -OO -m bot demo

test: $(DEV)
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

check: $(DEV)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@PYTHONPATH=. $(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(PY) -m tools.catalogues check

format: $(DEV)
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

# New sentences go into the catalogues, to be translated; those that are said no more go.
words: $(DEV)
	@$(PY) -m tools.catalogues update

# The pages that are generated from the code.
docs: $(DEV)
	@$(PY) -m tools.docs

bench: $(DEV)
	@$(PY) -m bench

# Locks hold for Python 3.11 to 3.13 on every system, with hashes, and name no registry. `make lock UPGRADE=--upgrade` takes what is new.
LOCK := $(PY) -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header $(UPGRADE)
lock: $(DEV)
	@$(LOCK) pyproject.toml -o requirements.lock
	@$(LOCK) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	@echo uv | $(LOCK) - -o requirements-uv.lock

# make migration m="tasks learn to repeat": the difference between models/ and the newest revision becomes the next one.
migration: $(DEV)
	@$(PY) -m migrations "$(m)"
	@$(PY) -m ruff format --quiet migrations/versions
	@$(PY) -m ruff check --fix migrations/versions

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
