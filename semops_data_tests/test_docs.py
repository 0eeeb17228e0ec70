"""The documents tell the truth: the map of rooms, the commands, the links, the variables."""

import re
import subprocess
from pathlib import Path

import pytest

from semops_data.cli.main import COMMANDS
from semops_data.definitions import ROOMS
from semops_data.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = ROOT / "README.md"
VARIABLES = {f"SEMOPS_{name.upper()}": field for name, field in Settings.model_fields.items()}
# Written in two parts, so that this file itself does not hold one.
INDEX_HOSTS = [f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]


def identify(path):
    return path.relative_to(ROOT).as_posix()


def tracked():
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_readme_maps_every_room_in_the_order_of_the_way():
    mapped = re.findall(r"^\| \[(\w+)\]\(semops_data/\1\)", README.read_text(), flags=re.MULTILINE)
    assert [room for room in mapped if room in ROOMS] == list(ROOMS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=identify)
def test_every_command_that_a_document_names_exists(document):
    text = document.read_text(encoding="utf-8")
    for command in re.findall(r"(?:^|`|\$ )dst ([a-z]+)", text, flags=re.MULTILINE):
        assert command in COMMANDS, f"{document.name} names `dst {command}`"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for target in re.findall(r"(?:^|`|\$ )make ([a-z][a-z-]*)", text, flags=re.MULTILINE):
        assert target in targets, f"{document.name} names `make {target}`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=identify)
def test_every_link_to_a_file_leads_somewhere(document):
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), f"{identify(document)} links to {target}"


def test_every_variable_is_documented_with_its_default():
    """One table, compared with the settings: no variable is missing, none is invented."""
    text = (ROOT / "docs" / "INFRASTRUCTURE.md").read_text()
    rows = dict(re.findall(r"^\| `(SEMOPS_[A-Z0-9_]+)` \| ([^|]*) \|", text, flags=re.MULTILINE))
    assert set(rows) == set(VARIABLES)
    wrong = {}
    for name, field in VARIABLES.items():
        default = field.default
        shown = "" if default is None else "`.semops`" if name == "SEMOPS_HOME" else f"`{default}`"
        if rows[name].strip() != shown:
            wrong[name] = shown
    assert wrong == {}


@pytest.mark.parametrize("document", DOCUMENTS, ids=identify)
def test_a_document_names_no_variable_that_is_read_by_nothing(document):
    used = set(re.findall(r"\bSEMOPS_[A-Z0-9_]*[A-Z0-9]\b", document.read_text(encoding="utf-8")))
    assert used - set(VARIABLES) == set()


def test_no_file_names_a_package_index_or_a_machine():
    guilty = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        guilty += [f"{identify(path)}: {host}" for host in INDEX_HOSTS if host in text]
        guilty += [f"{identify(path)}: {place}" for place in ("/wor" + "k/main", "/roo" + "t/.pyenv") if place in text]
    assert guilty == []


def test_the_dictionary_is_up_to_date():
    from semops_data.contracts import TABLES
    from semops_data.corpus.dictionary import render

    stale = [path for path, text in render(TABLES.values()).items() if (ROOT / path).read_text() != text]
    assert stale == [], "run `dst dictionary`"
