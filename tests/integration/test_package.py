"""The library as a newcomer gets it: installed into a prefix, found by CMake, linked by the example."""

import os
import pathlib
import subprocess

import pytest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SIDECAR_BUILD", ROOT / "build/release")).resolve()

pytestmark = pytest.mark.skipif(harness.SANITIZED, reason="the example has no sanitizer")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The example's program, built against nothing but the prefix."""
    place = tmp_path_factory.mktemp("package")
    run("cmake", "--install", BUILD, "--prefix", place / "prefix", "--component", "library")
    run("cmake", "-G", "Ninja", "-S", ROOT / "examples/find_user", "-B", place / "build",
        f"-DCMAKE_PREFIX_PATH={place / 'prefix'}", "-DCMAKE_BUILD_TYPE=Release")
    run("cmake", "--build", place / "build")
    return place / "build/find_user"


@pytest.fixture(scope="module")
def server():
    cluster = harness.Cluster().start()
    cluster.sql("CREATE TABLE users (user_id text PRIMARY KEY, email text UNIQUE, name text)")
    cluster.sql("INSERT INTO users VALUES ('u1', 'alice@example.org', 'Alice')")
    yield cluster
    cluster.destroy()


@pytest.mark.deadline(300)
def test_the_example_finds_users(example, server):
    uri = f"host={server.directory} port={server.port} user=postgres dbname=postgres"
    lines = run(example, uri, "u1", "alice@example.org", "nobody", "u1").splitlines()
    assert lines[:4] == ["u1: Alice", "alice@example.org: Alice", "nobody: nobody", "u1: Alice"]
    assert lines[4].startswith("p95 of 4 calls: ")


@pytest.mark.deadline(300)
def test_without_a_server_it_says_so(example):
    done = subprocess.run([example, f"host=127.0.0.1 port={harness.free_port()}", "u1"],
                          capture_output=True, text=True, check=False)
    assert "no answer: connection" in done.stderr
    assert done.stdout.startswith("u1: nobody")


def test_public_headers_know_no_library_but_prometheus():
    for header in (ROOT / "include").rglob("*.h"):
        for line in header.read_text().splitlines():
            if line.startswith("#include"):
                included = line.split()[1].strip('<>"')
                assert "/" not in included or included.split("/")[0] in ("pgsidecar", "prometheus")
                assert not included.endswith(".hpp") and not included.startswith("pqxx")
