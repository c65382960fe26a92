from __future__ import annotations

import re

import pytest

from labdissect.plugins.http.headers import WORDINGS
from labdissect.plugins.http.message import LONGEST, Message, body_of, shorten, wire_length
from labdissect.plugins.http.redirects import target_of
from labdissect.plugins.rule import render
from tests.conftest import ek, judge, judged
from tests.plugins.application import built

FIRST_SEED_PAGE = 2847
"""Bytes of the page, from the server's log in the first report."""


def test_the_first_seeds_requests_and_responses() -> None:
    web = judged("seed-web")
    assert web.frames("http.request") == [4, 12, 61, 2058]
    assert web.frames("http.response") == [8, 59, 2056, 2114]
    assert [web.verdict(frame, "http.request").params["size"] for frame in (4, 12)] == [395, 361]
    answer = web.verdict(8, "http.response")
    assert (answer.params["request"], answer.params["frames"]) == (4, (5, 6, 7, 8))
    assert "1.65 ms" in render(answer)
    assert web.verdict(4, "http.answered").params["frame"] == 8
    assert web.codes(4)[0] == "http.request"
    assert web.codes(8)[0] == "http.response"


def test_header_and_body_add_up_to_the_stream() -> None:
    length = judged("seed-web").verdict(8, "http.body-length")
    assert length.params["body"] == FIRST_SEED_PAGE
    assert f"284 of header + {FIRST_SEED_PAGE} of body = 3131 bytes on the stream, numbers 1–3131" in render(length)
    chunked = judged("http-chunked").verdict(8, "http.body-length")
    # four chunks of 300 bytes: 5 + 300 + 2 each, and 0 CR LF CR LF
    assert (chunked.wording, chunked.params["coded"]) == ("chunked", 4 * (5 + 300 + 2) + 5)
    close = judged("http-until-close").verdict(12, "http.body-length")
    assert (close.wording, close.params["body"]) == ("close", 3000)
    assert judged("http-not-modified").verdict(16, "http.body-length").wording == "none"
    assert judged("http-post-expect").verdict(10, "http.body-length").params["body"] == 3000
    assert "http.body-length" not in judged("http-get").codes(4)


def test_every_header_of_both_seeds_is_explained_once() -> None:
    for name in ("seed-web", "seed-stack-web"):
        capture = judged(name)
        lines = {
            line.strip()
            for packet in capture.packets
            if ":http" in packet.protocols
            for line in (packet.http.request_line or packet.http.response_line)
        }
        said = [
            verdict.evidence[0].value
            for found in capture.verdicts.values()
            for verdict in found
            if verdict.rule.code == "http.header"
        ]
        assert len(said) == len(set(said)) == len(lines)
    assert "http.header" not in judged("seed-web").codes(5)


def test_a_connection_that_stays_and_one_that_does_not() -> None:
    web = judged("seed-web")
    assert web.verdict(8, "http.persistent").wording == "default"
    assert web.verdict(12, "http.persistent").params["before"] == 4
    assert not web.frames("http.connection-close")
    assert judged("http-10").verdict(6, "http.connection-close").wording == "old"
    assert judged("http-until-close").verdict(12, "http.connection-close").wording == "response"
    assert judged("http-pipelining").verdict(4, "http.connection-close").wording == "request"
    assert judged("ipv6-tcp-http").verdict(8, "http.connection-close").wording == "old-response"
    assert not judged("http-10").frames("http.persistent")
    assert built("messages").verdict(19, "http.persistent").wording == "asked"


def test_only_a_browser_asks_for_an_icon_by_itself() -> None:
    assert judged("seed-web").frames("http.favicon") == [2058]
    assert judged("seed-web").verdict(2058, "http.favicon").wording == "named"
    assert judged("web-django-chromium").frames("http.favicon") == [126]
    assert not judged("web-django-curl").frames("http.favicon")  # curl was told to
    assert built("messages").verdict(20, "http.favicon").wording == "default"


def test_a_redirect_and_who_follows_it() -> None:
    web = judged("seed-stack-web")
    told, followed = [found for found in web.verdicts[10] if found.rule.code == "http.redirect"]
    assert (told.wording, told.params["location"]) == ("https", "https://www.baidu.com/")
    assert (followed.wording, followed.frame, followed.params["answer"]) == ("followed-elsewhere", 13, 2)
    assert web.frames("http.redirect") == [10]
    same = [found for found in judged("http-redirect").verdicts[6] if found.rule.code == "http.redirect"]
    assert [(found.wording, found.frame) for found in same] == [("same", 6), ("followed", 8)]
    lookups = built("lookups")
    wordings = {
        frame: [found.wording for found in lookups.verdicts[frame] if found.rule.code == "http.redirect"]
        for frame in lookups.frames("http.redirect")
    }
    assert wordings == {
        7: ["other", "followed-literal"],
        12: ["https", "followed-elsewhere"],
        27: ["https", "followed-server"],
        33: ["bare"],
    }
    assert next(f for f in lookups.verdicts[12] if f.wording == "followed-elsewhere").frame == 18  # not 13


def test_conditions_ranges_and_heads() -> None:
    modified = judged("http-not-modified").verdict(16, "http.not-modified")
    assert modified.params["condition"] == "If-None-Match"
    assert not judged("http-get").frames("http.not-modified")
    ranges = judged("http-range")
    assert ranges.verdict(4, "http.partial").wording == "asked"
    assert ranges.verdict(6, "http.partial").params["range"] == "bytes 100-399/3000"
    assert "http.partial" not in ranges.codes(16)
    assert judged("seed-web").verdict(61, "http.partial").wording == "asked-all"
    assert judged("seed-web").verdict(2056, "http.partial").wording == "ignored"
    head = judged("http-head")
    assert head.verdict(4, "http.head").wording == "asked"
    assert head.verdict(6, "http.head").params["length"] == 3000
    assert not head.frames("tcp.data.reassembled")
    assert not judged("http-get").frames("http.head")


@pytest.mark.parametrize(
    ("frame", "code", "wording"),
    [
        (6, "http.error", "404"),
        (16, "http.error", "server"),
        (26, "http.error", "503"),
        (36, "http.auth", "asked"),
        (44, "http.auth", "basic"),
    ],
)
def test_errors_and_passwords(frame: int, code: str, wording: str) -> None:
    errors = judged("http-errors")
    assert errors.verdict(frame, code).wording == wording
    assert errors.codes(frame)[0] == code
    assert not {"http.error", "http.auth"} & set(errors.codes(46))
    assert "d29ybGQ" not in repr(errors.verdicts[44])
    for found in errors.verdicts[44]:
        assert "Basic " not in str(found.params.get("value", ""))


def test_other_errors() -> None:
    assert judged("http-range").verdict(16, "http.error").wording == "416"
    assert built("messages").verdict(23, "http.error").wording == "client"


def test_100_continue() -> None:
    post = judged("http-post-expect")
    assert post.verdict(6, "http.continue").params["head"] == 4
    held = post.verdict(10, "http.continue")
    assert (held.wording, held.params["head"], held.params["go"]) == ("held", 4, 6)
    assert "http.response" not in post.codes(6)
    assert post.verdict(12, "http.response").params["request"] == 10
    assert not judged("http-get").frames("http.continue")


def test_pipelined_responses_pair_in_order() -> None:
    pipelined = judged("http-pipelining")
    found = [one.params["k"] for one in pipelined.verdicts[4] if one.rule.code == "http.pipelined"]
    assert found == [2, 3]
    pairs = [
        (one.params["k"], one.params["code"], one.params["size"])
        for frame in (6, 8)
        for one in pipelined.verdicts[frame]
        if one.rule.code == "http.response"
    ]
    assert pairs == [(1, 200, 190), (2, 200, 203), (3, 404, 172)]
    assert not judged("http-keepalive").frames("http.pipelined")
    assert [judged("http-keepalive").verdict(f, "http.response").params["k"] for f in (6, 12, 14, 16)] == [1, 2, 3, 4]


def test_what_the_capture_misses_is_not_paired() -> None:
    messages = built("messages")
    assert messages.verdict(8, "http.response").wording == "unpaired"
    assert messages.verdict(10, "http.response").params["request"] == 9
    assert not messages.frames("http.pipelined")
    unanswered = [f for f in messages.frames("http.answered") if messages.verdict(f, "http.answered").frame is None]
    assert unanswered == [11]
    assert messages.verdict(31, "http.response").wording == "switching"


def test_messages_at_odd_times() -> None:
    odd = built("oddities")
    expected = {
        1: ("http.request", "midstream"),
        6: ("http.continue", "go-bare"),
        7: ("http.error", "unpaired"),
        8: ("http.not-modified", "bare"),
        9: ("http.partial", "bare"),
        10: ("http.auth", "sent"),
        12: ("http.continue", "unasked"),
        15: ("http.head", "bare"),
        30: ("http.request", "many"),
        33: ("http.body-length", "chunked-told"),
        39: ("http.body-length", "close-told"),
    }
    assert {frame: (code, odd.verdict(frame, code).wording) for frame, (code, _) in expected.items()} == expected
    assert "secret" not in repr(odd.verdicts[10])


def test_single_fields_and_no_times_are_enough_for_pairs() -> None:
    fields = "frame.number frame.protocols ip.src ip.dst tcp.stream tcp.srcport tcp.dstport tcp.seq tcp.seq_raw tcp.ack"
    fields += " tcp.ack_raw tcp.flags tcp.len tcp.window_size http.request.method http.request.uri http.request.version"
    fields += " http.response.code http.response.phrase http.response.version http.host http.content_length_header"
    lines = ek("http-get", *(part for name in fields.split() for part in ("-e", name)))
    flat = judge(re.sub(rb'"timestamp":"\d+",', b"", lines))
    assert flat.verdict(4, "http.request").params["size"] == 78
    answer = flat.verdict(10, "http.response")
    assert (answer.wording, answer.params["request"]) == ("untimed", 4)
    assert flat.verdict(4, "http.answered").wording == "untimed"
    assert flat.verdict(10, "http.body-length").wording == "length-told"


def test_captured_text_stays_short() -> None:
    assert len(shorten("x" * 5000)) == LONGEST
    assert wire_length("a\ufffdé") == 4  # tshark prints one U+FFFD for each unreadable byte


def test_where_the_body_ends() -> None:
    def message(code: int, *headers: tuple[str, str]) -> Message:
        return Message(bool(code), "" if code else "POST", "/", "HTTP/1.1", code, "", headers, None)

    assert body_of(message(200, ("content-length", "5")), "GET") == ("length", 5)
    assert body_of(message(200, ("content-length", "5")), "HEAD") == ("none", 0)
    assert body_of(message(200, ("content-length", "5"), ("transfer-encoding", "chunked")), "GET") == ("chunked", None)
    assert body_of(message(200, ("transfer-encoding", "gzip")), "GET") == ("close", None)
    assert body_of(message(200, ("content-length", "-5")), "GET") == ("close", None)
    assert body_of(message(304, ("content-length", "5")), "GET") == ("none", 0)
    assert body_of(message(0), None) == ("none", 0)


def test_where_a_location_leads() -> None:
    assert target_of("https://B.test/x?y", "a.test", 80) == ("https", "b.test", 443, "/x?y")
    assert target_of("/x", "a.test", 8000) == ("http", "a.test", 8000, "/x")
    assert target_of("//b.test", "a.test", 80) == ("http", "b.test", 80, "/")
    assert target_of("http://[", "a.test", 80) is None
    assert target_of("http://a.test:99999/", "a.test", 80) is None
    assert target_of("mailto:somebody", "a.test", 80) is None


def test_every_header_text_shows_its_value() -> None:
    for text in WORDINGS.values():
        assert "{value}" in text.en
        assert "{value}" in text.zh
