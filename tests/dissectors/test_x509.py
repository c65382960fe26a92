from hypothesis import given
from hypothesis import strategies as st

from labdissect.dissectors.x509 import Certificate, certificate
from tests.conftest import judged


def of_tls12() -> bytes:
    (header,) = [one for one in judged("tls12").packets[5].all("tls") if one.handshake_certificate]
    data: bytes = header.handshake_certificate[0]
    return data


def element(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def name(*attributes: tuple[str, int, bytes]) -> bytes:
    return element(
        0x30,
        *[
            element(0x31, element(0x30, element(6, bytes.fromhex(kind)), element(tag, text)))
            for kind, tag, text in attributes
        ],
    )


def built(issuer: bytes, subject: bytes, until: bytes, *names: bytes) -> bytes:
    alternative = element(
        0x30, element(6, bytes.fromhex("551d11")), element(4, element(0x30, *[element(0x82, one) for one in names]))
    )
    validity = element(0x30, element(23, b"200101000000Z"), until)
    parts = (
        element(2, b"\1"),
        element(0x30),
        issuer,
        validity,
        subject,
        element(0x30),
        element(0xA3, element(0x30, alternative)),
    )
    return element(0x30, element(0x30, element(0xA0, element(2, b"\2")), *parts), element(0x30), element(3, b"\0"))


def test_a_real_one() -> None:
    assert certificate(of_tls12()) == Certificate("www.lab.test", "www.lab.test", True, ("www.lab.test",), "2026-12-21")


def test_issuer_and_subject_are_told_apart() -> None:
    issuer = name(("55040a", 19, b"Lab"), ("550403", 12, "Lab 根".encode()))
    subject = name(("55040a", 30, "实验".encode("utf-16-be")))
    data = built(issuer, subject, element(24, b"20510203040506Z"), *[b"a%d.test" % number for number in range(20)])
    found = certificate(data)
    assert found is not None
    assert (found.subject, found.issuer, found.self_issued, found.until) == ("实验", "Lab 根", False, "2051-02-03")
    assert len(found.names) == 8


def test_utc_time_has_two_digits_for_the_year() -> None:
    one = name(("550403", 20, "caf\xe9".encode("latin-1")))
    found = certificate(built(one, one, element(23, b"491231235959Z")))
    assert found is not None and found.until == "2049-12-31"
    found = certificate(built(one, one, element(23, b"500101000000Z")))
    assert found is not None and (found.until, found.subject) == ("1950-01-01", "café")


@given(st.binary(max_size=60), st.integers(0, 811))
def test_whatever_comes_it_does_not_raise(junk: bytes, at: int) -> None:
    data = of_tls12()
    for one in (junk, data[:at], data[:at] + junk + data[at + len(junk) :]):
        found = certificate(one)
        assert found is None or isinstance(found.subject, str)
