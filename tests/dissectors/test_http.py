import pytest
from construct import ConstructError

from labdissect.dissectors.http import LAYER, matches

REQUEST = b"POST /a%20b HTTP/1.1\r\nHost: h:80\r\nX-Dup: 1\r\nX-Dup: 2\r\nContent-Length: 4\r\n\r\nbody"
RESPONSE = b"HTTP/1.0 404 Not Found\r\nserver:  s/1 \r\n\r\n"


def test_request() -> None:
    found = LAYER.parse_header(REQUEST)
    assert (found.request_method, found.request_uri, found.request_version) == ("POST", "/a%20b", "HTTP/1.1")
    assert (found.host, found.content_length_header, found.response_code) == ("h:80", "4", None)
    assert found.request_line == ["Host: h:80\r\n", "X-Dup: 1\r\n", "X-Dup: 2\r\n", "Content-Length: 4\r\n"]


def test_response() -> None:
    found = LAYER.parse_header(RESPONSE)
    assert (found.response_version, found.response_code, found.response_phrase) == ("HTTP/1.0", 404, "Not Found")
    assert found.server == "s/1"


@pytest.mark.parametrize(
    "data", [REQUEST, RESPONSE, b"GET / HTTP/1.1\r\nHo", b"GET /\n\n", b"HTTP/1.1 200\r\n\xff: \0\r\n\r\n"]
)
def test_head_is_built_again_and_the_body_left(data: bytes) -> None:
    parsed, size = LAYER.parse_sized(data)
    assert LAYER.build(parsed) == data[:size] == data.removesuffix(b"body")


@pytest.mark.parametrize("data", [b"", b"GETS / HTTP/1.1\r\n", b"HTTP/2.0 200 OK\r\n", b"\x16\3\1", b"body"])
def test_what_is_no_start_line(data: bytes) -> None:
    assert not matches(data)
    with pytest.raises(ConstructError):
        LAYER.parse(data)
