"""Layers: a package imports only from its own layer or lower ones, and importing a module costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import vidtext

ROOT = Path(vidtext.__file__).parent

LAYERS = {
    "errors": 0, "clock": 0, "options": 0, "settings": 0, "settings_environment": 0, "job": 0,
    "counts": 0, "clients": 0, "threads": 0,
    "media": 1, "text": 1,
    "compute": 2,
    "models": 3,
    "tasks": 4,
    "batch": 5,
    "api": 6,
    "cli": 6,
    "ui": 6,
    "web": 7,
}  # fmt: skip
ENTRANCES = {"vidtext", "vidtext.__main__"}


@cache
def modules() -> dict[str, Path]:
    named = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        named[".".join(parts).removesuffix(".__init__")] = path
    return named


@cache
def imports(name: str, *, outside_functions: bool = False) -> set[str]:
    """Name the modules of vidtext that a module imports: anywhere, or only outside its functions."""
    tree = ast.parse(modules()[name].read_text("utf-8"))
    if outside_functions:
        lazy = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inside = {id(child) for node in lazy for child in ast.walk(node)}
    else:
        inside = set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & modules().keys()
            found |= submodules or {str(node.module)}
    return {each for each in found if each.split(".")[0] == "vidtext"}


def package(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("name", sorted(modules().keys() - ENTRANCES))
def test_a_package_imports_from_its_own_layer_or_below(name: str) -> None:
    for imported in imports(name) - ENTRANCES:
        same_package = package(imported) == package(name)
        assert same_package or LAYERS[package(imported)] <= LAYERS[package(name)], (
            f"{name} imports {imported}, which is above it"
        )


MEDIA_LAYERS = {"sandbox": 0, "source": 1, "read": 1, "shots": 2, "write": 2}


def test_parts_of_media_import_from_their_own_layer_or_below() -> None:
    def part(name: str) -> str:
        return next((each for each in MEDIA_LAYERS if name.startswith(f"vidtext.media.{each}")), "")

    for name in filter(part, modules()):
        for imported in filter(part, imports(name)):
            mine, other = part(name), part(imported)
            assert MEDIA_LAYERS[other] <= MEDIA_LAYERS[mine], f"{name} imports {imported}"
            assert {mine, other} != {"shots", "write"}, f"{name} imports {imported}"


def test_only_the_page_knows_its_tabs() -> None:
    for name in modules():
        if not name.startswith(("vidtext.ui.tabs", "vidtext.ui.page")):
            assert not any(each.startswith("vidtext.ui.tabs") for each in imports(name)), name


def test_media_and_text_know_nothing_of_each_other() -> None:
    for name in modules():
        if name.startswith("vidtext.media"):
            assert not any(each.startswith("vidtext.text") for each in imports(name))
        if name.startswith("vidtext.text"):
            assert not any(each.startswith("vidtext.media") for each in imports(name))


DECODERS = {("av", "open"), ("Image", "open"), ("cv2", "imread"), ("cv2", "imdecode"), ("cv2", "VideoCapture")}


@pytest.mark.parametrize("name", sorted(modules()))
def test_only_media_decodes_what_a_stranger_brings(name: str) -> None:
    """There, everything that is called from outside goes through `guard`."""
    nodes = [
        node for node in ast.walk(ast.parse(modules()[name].read_text("utf-8"))) if isinstance(node, ast.Attribute)
    ]
    used = {(node.value.id, node.attr) for node in nodes if isinstance(node.value, ast.Name)} & DECODERS
    assert not used or name.startswith("vidtext.media.")


def test_no_circle() -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path, name])
        if name not in done:
            for imported in imports(name, outside_functions=True) & modules().keys():
                visit(imported, (*path, name))
            done.add(name)

    for name in modules():
        visit(name, ())


@pytest.mark.parametrize("statement", ["import vidtext", "import vidtext.cli", "import vidtext.ui"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    check = f"import sys; {statement}; print(sorted({{'torch', 'transformers', 'gradio'}} & sys.modules.keys()))"

    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_public_names_are_those_that_exist() -> None:
    assert sorted(vidtext.__all__) == vidtext.__all__ == dir(vidtext)
    for name in vidtext.__all__:
        assert getattr(vidtext, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'captoin'"):
        vidtext.captoin  # noqa: B018
