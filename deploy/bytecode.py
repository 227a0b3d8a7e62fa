"""Byte code into the package: Lambda's disk is read-only, and without it every cold start compiles all it imports.

What others wrote is compiled without docstrings and annotations of functions, which are read at every start and asked
for by nothing here; the sources lie beside it as they came, so tracebacks show them. Our own docstrings are the API's
description, and stay.
"""

import ast
import importlib.util
import marshal
import sys
from collections.abc import Collection
from pathlib import Path

_UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552; the zip keeps no times to compare


def compile_all(code: Path, place: Path, whole: Collection[str]) -> None:
    """All below `code`, which will lie at `place`; whatever is in the files and folders `whole` stays as written."""
    for source in sorted(code.rglob("*.py")):
        path = source.relative_to(code)
        text = source.read_bytes()
        tree = ast.parse(text)
        made = compile(tree if path.parts[0] in whole else lean(tree), str(place / path), "exec", dont_inherit=True)
        cached = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        cached.parent.mkdir(exist_ok=True)
        head = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH + importlib.util.source_hash(text)
        cached.write_bytes(head + marshal.dumps(made))


def lean(tree: ast.Module) -> ast.Module:
    """The same module, changed in place: no docstring in it, and no annotation of a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            while _documented(node):  # else the next text would be taken for it
                del node.body[0]
            if not node.body and not isinstance(node, ast.Module):
                node.body.append(ast.copy_location(ast.Pass(), node))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return tree


def _documented(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = node.body[0] if node.body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
