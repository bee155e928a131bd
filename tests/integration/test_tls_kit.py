"""The certificates and the server that the tests of TLS stand on do what they are named for."""

import subprocess

import psycopg
import pytest

import tls_kit
from protocol import kinds, query
from tls_kit import psql


def test_the_server_takes_what_it_should(kit, tls_postgres):
    port = tls_postgres.port
    full = f"sslmode=verify-full sslrootcert={kit.authority.cert}"
    assert psql(port, f"{full} user=postgres")[:2] == (0, "t")
    assert psql(port, "sslmode=disable user=postgres")[:2] == (0, "f")
    assert psql(port, "sslmode=disable user=encrypted_user")[0] == 2
    assert psql(port, f"{full} user=encrypted_user")[:2] == (0, "t")
    assert psql(port, f"{full} user=plain_user")[0] == 2
    assert psql(port, f"{full} user=scram_user channel_binding=require")[:2] == (0, "t")
    assert psql(port, f"{full} user=cert_user")[0] == 2
    mine = f"sslcert={kit.client.cert} sslkey={kit.client.key}"
    assert psql(port, f"{full} user=cert_user {mine}")[:2] == (0, "t")
    foreign = f"sslcert={kit.foreign_client.cert} sslkey={kit.foreign_client.key}"
    assert psql(port, f"{full} user=cert_user {foreign}")[0] == 2


@pytest.mark.parametrize("name,problem", [
    ("server", ""), ("other_server", ""), ("client", "ostname mismatch"),
    ("wrong_host", "ostname mismatch"), ("expired", "has expired"),
    ("self_signed", "self-signed certificate"), ("foreign", "unable to get local issuer")])
def test_each_bad_certificate_has_its_fault(kit, name, problem):
    host = ["-verify_hostname", "localhost"]
    done = subprocess.run(["openssl", "verify", "-CAfile", kit.authority.cert, *host,
                           getattr(kit, name).cert], capture_output=True, text=True, check=False)
    assert problem in done.stderr if problem else done.returncode == 0, done.stderr


def test_a_client_by_hand(kit, tls_postgres):
    context = tls_kit.client_context(kit.authority.cert)
    with tls_kit.tls_client(tls_postgres.port, context) as client:
        assert kinds(client.login().ask(query("SELECT 1"))) == "TDCZ"
    pipe = tls_kit.Pipe(tls_postgres.port)
    pipe.say_end()
    assert pipe.receive() == b""
    pipe.close()


def test_the_installed_driver_can_bind(kit, tls_postgres):
    with psycopg.connect(host="localhost", port=tls_postgres.port, user="scram_user",
                         password="scram-Secret-1", dbname="postgres", sslmode="verify-full",
                         sslrootcert=kit.authority.cert, channel_binding="require") as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
