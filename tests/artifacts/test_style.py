"""The rules of style that a machine can check: format, sizes, names, layers, no loose ends."""

import ast
import pathlib
import re
import shutil
import subprocess

import pytest

from cpp_functions import functions

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = {".git", "build", "node_modules", ".cache", "__pycache__"}
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 4


def files(*suffixes, under=""):
    found = [path for path in (REPOSITORY / under).rglob("*")
             if path.suffix in suffixes and path.is_file()
             and not SKIPPED & set(path.relative_to(REPOSITORY).parts)]
    return sorted(found)


def name(path):
    return str(path.relative_to(REPOSITORY))


CPP = files(".cc", ".h")
PRODUCT = [path for path in CPP if path.relative_to(REPOSITORY).parts[0] in ("src", "include")
           or "demo-service" in path.parts]
PYTHON = files(".py")
TEXTS = CPP + PYTHON + files(".sh", ".cmake", ".yaml", ".js", ".ts", ".java", ".css", ".html")

# The includes a third-party library may have, and the modules that may use them.
LIBRARIES = {
    r"event2/": {"net"},
    r"openssl/": {"net"},
    r"pg_query\.h": {"sql"},
    r"civetweb\.h": {"admin"},
    r"yaml-cpp/": {"config"},
    r"hiredis/": {"cache"},
    r"pqxx/": {"executor"},
    r"CLI/": {"app"},
    r"prometheus/": {"metrics"},
    r"zlib\.h": {"metrics", "admin", "bundle"},
}


# The modules that implement the public headers, include/pgsidecar/.
PUBLIC = {"cache": {"pgsidecar"}, "executor": {"pgsidecar"}, "metrics": {"pgsidecar"},
          "admin": {"pgsidecar"}, "config": {"pgsidecar"}, "app": {"pgsidecar"}}


def report(problems):
    problems = list(problems)
    assert not problems, "\n".join(problems)


def test_files_are_short():
    lengths = {path: path.read_text().count("\n") for path in TEXTS}
    report(f"{name(path)}: {length} lines" for path, length in lengths.items()
           if length > FILE_LINES_MAX)


def test_nothing_is_left_to_do():
    loose_ends = re.compile(r"\b(%s)\b" % "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK")))
    report(f"{name(path)}: {found.group()}" for path in TEXTS
           for found in loose_ends.finditer(path.read_text()))


def test_whitespace():
    report(name(path) for path in TEXTS if re.search(r"[\t\r]| $|[^\n]\Z", path.read_text(), re.M))


def test_cpp_file_names_and_guards():
    report(name(path) for path in CPP if not re.fullmatch(r"[a-z0-9_]+\.(cc|h)", path.name)
           or (path.suffix == ".h" and "#pragma once" not in path.read_text()))


def test_cpp_functions_are_small():
    report(f"{name(path)}:{function.line}: {function.lines} lines, {function.parameters} parameters:"
           f" {function.header[:80]}"
           for path in PRODUCT for function in functions(path.read_text())
           if (function.lines > FUNCTION_LINES_MAX and not function.is_table)
           or function.parameters > PARAMETERS_MAX)


def test_python_functions_are_small():
    report(f"{name(path)}:{node.lineno}: {node.name}"
           for path in PYTHON for node in ast.walk(ast.parse(path.read_text()))
           if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
           and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX)


def test_format():
    formatter = shutil.which("clang-format-14")
    if formatter is None:
        pytest.skip("clang-format-14 is not in this release, and others format differently")
    done = subprocess.run([formatter, "--dry-run", "-Werror", *map(str, CPP)], cwd=REPOSITORY,
                          stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]


def declared_layers():
    """{module: modules it may include}, as CMakeLists.txt declares and links them."""
    text = (REPOSITORY / "CMakeLists.txt").read_text()
    layers = {}
    for declaration in re.findall(r"pgsidecar_module\(([^)]*)\)", text):
        module, *rest = declaration.split()
        depends = rest[rest.index("DEPENDS") + 1:] if "DEPENDS" in rest else []
        if "LIBRARIES" in depends:
            depends = depends[:depends.index("LIBRARIES")]
        layers[module] = {module, *depends}
    return layers


def test_layers_are_declared_bottom_up():
    seen = set()
    for module, allowed in declared_layers().items():
        assert allowed - {module} <= seen, module
        seen.add(module)


def module_sources():
    """(path, module, text) of every source that belongs to a module."""
    for module in declared_layers():
        for path in files(".cc", ".h", under=f"src/{module}"):
            yield path, module, path.read_text()


def test_modules_include_only_what_stands_below_them():
    layers = declared_layers()
    report(f"{name(path)} includes {included}/"
           for path, module, text in module_sources()
           for included in re.findall(r'^#include "([a-z]+)/', text, re.M)
           if included not in layers[module] | PUBLIC.get(module, set()))


def test_third_party_headers_stay_in_their_module():
    report(f"{name(path)} includes <{header}>, which belongs to {sorted(modules)}"
           for path, module, text in module_sources()
           for header in re.findall(r"^#include <([^>]+)>", text, re.M)
           for pattern, modules in LIBRARIES.items()
           if re.match(pattern, header) and module not in modules)
