from __future__ import annotations

import pytest

from labdissect.testing import Frame, Result, run, tcp_connection
from tests.bridge.program import labdissect
from tests.examples.loaded import EXAMPLES, capture

RUBRIC = EXAMPLES / "lab_rubric.py"


def graded(name: str, **options: str) -> Result:
    return run(RUBRIC, capture(name), settings={f"rubric.{option}": value for option, value in options.items()})


def points(result: Result) -> dict[str, bool]:
    graded = [verdict for verdict in result.verdicts if "point" in verdict.params]
    return {verdict.params["point"]: verdict.rule.code == "rubric.pass" for verdict in graded}


def test_a_capture_that_shows_everything() -> None:
    result = graded("http-get", port="8000")
    assert points(result) == dict.fromkeys(("opened", "asked", "answered", "closed"), True)
    assert result.texts()[-1] == "4 of 4 points."
    assert result.texts("zh")[0] == "通过：用 SYN、SYN+ACK、ACK 与服务器建立连接。"


@pytest.mark.parametrize(
    ("name", "options", "missing"),
    [
        ("http-get", {}, {"opened", "asked", "answered", "closed"}),  # another port
        ("http-get", {"port": "8000", "server": "10.0.0.9"}, {"opened", "asked", "answered", "closed"}),
        ("http-get", {"port": "8000", "path": "/elsewhere"}, {"asked", "answered"}),
        ("tcp-mid-capture", {"port": "8000"}, {"opened", "asked", "answered"}),
        ("tcp-linger0-abort", {"port": "8000"}, {"asked", "answered", "closed"}),
    ],
)
def test_what_is_missing_fails(name: str, options: dict[str, str], missing: set[str]) -> None:
    result = points(graded(name, **options))
    assert {point for point, passed in result.items() if not passed} == missing


@pytest.mark.parametrize(("path", "answered"), [("/old", False), ("/", True)])
def test_the_answer_is_that_of_the_page_asked_for(path: str, answered: bool) -> None:
    assert points(graded("http-redirect", port="8000", path=path)) == {
        "opened": True,
        "asked": True,
        "answered": answered,
        "closed": True,
    }


def test_the_best_connection_is_graded_and_not_all_together() -> None:
    def connection(port: int, data: bytes, *, close: bool) -> list[Frame]:
        return tcp_connection([("client", data)], sport=port, dport=80, close=close)

    frames = [*connection(40001, b"GET / HTTP/1.1\r\n\r\n", close=False), *connection(40002, b"?", close=True)]
    result = points(run(RUBRIC, frames, tshark=True))
    assert (result["opened"], result["asked"], result["closed"]) == (True, True, False)


def test_an_option_that_is_no_number_is_named() -> None:
    ran = labdissect("--plugin", RUBRIC, "--set", "rubric.port=http", capture("http-get"))
    assert ran.code == 2
    assert "lab_rubric" in ran.err and "'http'" in ran.err and "Traceback" not in ran.err
