"""SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding, for clients and servers that a test
controls message by message."""

import base64
import hashlib
import hmac
import struct

from protocol import cstring, message, split

SCRAM, PLUS = b"SCRAM-SHA-256", b"SCRAM-SHA-256-PLUS"


def _hmac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def offer(*mechanisms):
    """AuthenticationSASL."""
    return message("R", struct.pack("!I", 10) + b"".join(map(cstring, mechanisms)) + b"\0")


def offered(body):
    """The mechanisms in the body of an AuthenticationSASL."""
    assert struct.unpack_from("!I", body)[0] == 10, body
    return [name for name in body[4:].split(b"\0") if name]


def initial(mechanism=SCRAM, nonce=b"clients-nonce", flag=b"n"):
    """SASLInitialResponse."""
    text = flag + b",,n=,r=" + nonce
    return message("p", cstring(mechanism) + struct.pack("!I", len(text)) + text)


def final(password, server_first, nonce=b"clients-nonce", flag=b"n"):
    """SASLResponse to the text of an AuthenticationSASLContinue."""
    said = dict(part.split(b"=", 1) for part in server_first.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(said[b"s"]),
                                 int(said[b"i"]))
    client_key = _hmac(salted, b"Client Key")
    without_proof = b"c=" + base64.b64encode(flag + b",,") + b",r=" + said[b"r"]
    signed = b"n=,r=" + nonce + b"," + server_first + b"," + without_proof
    signature = _hmac(hashlib.sha256(client_key).digest(), signed)
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    return message("p", without_proof + b",p=" + base64.b64encode(proof))


def login(client, packet, password):
    """Sends a StartupMessage and logs in; `client` then has its greeting. Returns all the server
    said, which is less when the connection ended."""
    def authentication(data):
        found, _ = split(data)
        return [body for kind, body in found if kind in "RE"]

    said = client.send(packet).until(authentication)
    if authentication(said)[:1] and said[:1] == b"R":
        reply = client.send(initial()).until(authentication)
        said += reply
        if reply[:1] == b"R":
            client.send(final(password, authentication(reply)[0][4:]))
            said += client.until_ready()
    client.greeting = said
    return said
