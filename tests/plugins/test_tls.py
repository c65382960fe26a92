from __future__ import annotations

from labdissect.plugins.rule import render
from labdissect.plugins.tls.names import SUITES, is_grease, version_name
from tests.conftest import judged
from tests.plugins.application import built


def test_versions_by_what_counts() -> None:
    offered = judged("tls13").verdict(4, "tls.version")
    assert offered.wording == "offered"
    assert offered.params["versions"] == "TLS 1.3, TLS 1.2, TLS 1.1, TLS 1.0"
    assert "0x0301" in render(offered)
    assert judged("tls13").verdict(6, "tls.version").params["version"] == "TLS 1.3"
    assert judged("tls12").verdict(6, "tls.version").params["version"] == "TLS 1.2"
    assert judged("tls-no-common-version").verdict(4, "tls.version").wording == "offered-old"
    assert built("alerts").verdict(4, "tls.version").params["versions"] == "TLS 1.3, TLS 1.2"  # GREASE left out
    assert built("alerts").verdict(23, "tls.version").wording == "retry"
    again = built("alerts").verdict(24, "tls.version")
    assert (again.wording, again.params) == ("offered-again", {"retry": 23})
    assert "tls.version" not in judged("tls13").codes(8)


def test_suites_offered_and_chosen() -> None:
    assert judged("tls13").verdict(4, "tls.suite").params["count"] == 30  # 31 in the list, one is a signal
    chosen = judged("tls12").verdict(6, "tls.suite")
    assert (chosen.wording, chosen.params["exchange"]) == ("chosen-ephemeral", "ECDHE")
    assert judged("tls13").verdict(6, "tls.suite").wording == "chosen"
    assert built("alerts").verdict(6, "tls.suite").wording == "chosen-rsa"
    assert built("alerts").verdict(35, "tls.suite").wording == "chosen-unnamed"
    assert built("alerts").verdict(4, "tls.suite").params["count"] == 2
    assert built("resumption").verdict(23, "tls.suite").wording == "chosen-again"


def test_the_servers_name_is_readable() -> None:
    for name in ("tls12", "tls13", "tls-no-common-version"):
        assert judged(name).verdict(4, "tls.sni").params["name"] == "www.lab.test"
        assert judged(name).codes(4)[0] == "tls.sni"
    assert judged("seed-stack-web").verdict(19, "tls.sni").params["name"] == "www.baidu.com"
    assert built("alerts").verdict(4, "tls.sni").wording == "absent"
    assert "tls.sni" not in judged("tls12").codes(6)


def test_the_certificate_is_hidden_by_1_3_only() -> None:
    assert judged("tls13").frames("tls.certificate-hidden") == [6]
    assert not judged("tls12").frames("tls.certificate-hidden")
    resumption = built("resumption")
    assert resumption.frames("tls.certificate-hidden") == [40]  # resumed sessions send none
    assert resumption.frames("tls.certificate") == [6]


def test_alerts() -> None:
    alert = judged("tls-no-common-version").verdict(6, "tls.alert")
    assert (alert.wording, alert.params["versions"], alert.params["hello"]) == ("version", "TLS 1.2", 4)
    assert not judged("tls12").frames("tls.alert")
    assert built("alerts").verdict(5, "tls.alert").wording == "warning"
    assert built("alerts").verdict(7, "tls.alert").wording == "certificate"
    assert built("alerts").verdict(36, "tls.alert").wording == "fatal"


def test_an_encrypted_alert_is_not_guessed() -> None:
    assert judged("tls12").frames("tls.alert-close") == [17, 18]
    assert judged("tls12").verdict(17, "tls.alert-close").wording == "encrypted"
    assert judged("tls13").frames("tls.alert-close") == [18, 20]
    hidden = judged("tls13").verdict(20, "tls.alert-close")
    assert (hidden.wording, hidden.frame, hidden.params["fin"]) == ("hidden", 21, 21)
    assert "could be data" in render(hidden)
    assert built("alerts").frames("tls.alert-close") == [15]
    assert built("alerts").verdict(15, "tls.alert-close").wording == "clear"


def test_resumed_sessions() -> None:
    resumption = built("resumption")
    assert resumption.frames("tls.resumed") == [23, 58]
    assert resumption.verdict(23, "tls.resumed").wording == "session"
    assert resumption.verdict(58, "tls.resumed").wording == "psk"
    # TLS 1.3 repeats the session id always
    assert not judged("tls13").frames("tls.resumed")


def test_names() -> None:
    assert SUITES[0x1301] == "TLS_AES_128_GCM_SHA256"
    assert SUITES[0xC030] == "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    assert version_name(0x0305) == "0x0305"
    assert is_grease(0x8A8A)
    assert not is_grease(0x0304)
