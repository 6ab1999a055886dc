# Everything a checkout needs: `make run` shows what p4verify finds, `make test` checks p4verify itself.
# Each works alone on a bare Debian or Ubuntu with python3 >= 3.11 and make; the second time it is quick.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

# The criteria of the task list: the firmware as it was found violates every one within seconds, hardened none.
ALL := NP-1,NP-2,NP-3,NP-4,RE-1,RE-2,RE-3,RE-4,TM-1,TM-2,TM-3,TM-4,TC-1,TC-2,TC-3,TC-4,SYS-1

# The bundled firmware parses JSON with the system's cJSON.
CJSON := $(firstword $(wildcard /usr/include/cjson/cJSON.h /usr/local/include/cjson/cJSON.h \
	$(IDF_PATH)/components/json/cJSON/cJSON.h))

# clang from 18 on announces most accesses; without one the PyPI wheel `ziglang` brings its own.
TOOLCHAIN := $(shell for clang in clang clang-30 clang-29 clang-28 clang-27 clang-26 clang-25 clang-24 clang-23 clang-22 \
	clang-21 clang-20 clang-19 clang-18; do \
	version=$$($$clang -dumpversion 2>/dev/null | cut -d. -f1); [ "$${version:-0}" -ge 18 ] && exit 0; done; echo ,toolchain)

.PHONY: run test suite lint bench clean
.DEFAULT_GOAL := run

run: $(VENV)/installed
	$(BIN)/p4verify check --firmware as_found --budget 15 --expect violation:$(ALL)
	$(BIN)/p4verify check --firmware hardened --budget 25 --expect violation:

# Side by side: a check of types keeps one core busy for a while, and the tests have two workers.
test: $(VENV)/installed build/types/p4verify
	@$(MAKE) --no-print-directory --jobs=2 lint suite

suite: $(VENV)/installed
	$(BIN)/pytest -n 2

lint: $(VENV)/installed build/types/p4verify
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/mypy conftest.py

bench: $(VENV)/installed
	$(BIN)/p4verify bench

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The name p4verify.<folder> for mypy, which does not see an editable install.
build/types/p4verify:
	mkdir -p $@
	for folder in verify targets stateful stress reports; do ln -sfn ../../../$$folder $@/$$folder; done

$(VENV)/installed: pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "p4verify needs python3 >= 3.11; name one by: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		package=$$($(PYTHON) -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$package; \
		else \
			echo "python's venv module is missing; run: sudo apt-get install -y $$package" >&2; exit 2; \
		fi; }
	@test -n "$(CJSON)" || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libcjson-dev; \
		else \
			echo "the cJSON library is missing; run: sudo apt-get install -y libcjson-dev" >&2; exit 2; \
		fi; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[dev,board,reports$(TOOLCHAIN)]'
	touch $@
