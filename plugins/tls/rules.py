"""What can be said of TLS without its keys."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

SNI = Rule(
    "tls.sni",
    "tls",
    "chat",
    60,
    {
        "": Text(
            "Client Hello for {name}: the server's name (SNI) passes unencrypted, whoever is on the path can read it.",
            "面向 {name} 的 Client Hello：服务器名称（SNI）以明文传送，路径上的任何人都能看到。",
        ),
        "absent": Text(
            "Client Hello without a server name (no SNI): the server must know by its address alone which certificate to "
            "show.",
            "不带服务器名称（无 SNI）的 Client Hello：服务器只能凭地址决定出示哪个证书。",
        ),
    },
    ("RFC 6066 §3", "RFC 8446 §4.1.2"),
    Text("With https nobody can see which site is visited.", "使用 https 后，别人看不到访问的是哪个网站。"),
    Explanation(
        Text(
            "A server with many names must know which certificate to show before encryption begins, so the client says the "
            "name in its first message.",
            "承载多个名称的服务器必须在加密开始之前知道该出示哪个证书，因此客户端在第一个报文中说明名称。",
        ),
        Text(
            "tls.handshake.extensions_server_name of the Client Hello (tls.handshake.type 1).",
            "取自 Client Hello（tls.handshake.type 为 1）的 tls.handshake.extensions_server_name。",
        ),
        Text(
            "With Encrypted Client Hello the name here is only that of the server in front; the true one is hidden. Path, "
            "headers and content are encrypted in any case.",
            "若使用加密的 Client Hello，这里只是前端服务器的名称，真实名称被隐藏。路径、首部和内容总是加密的。",
        ),
    ),
)
VERSION = Rule(
    "tls.version",
    "tls",
    "chat",
    58,
    {
        "offered": Text(
            "The client offers {versions} (supported_versions). The record's {record:hex} and the hello's {hello:hex} are "
            "fixed for old middleboxes and say nothing.",
            "客户端支持 {versions}（supported_versions）。记录层的 {record:hex} 与 Client Hello 的 {hello:hex} "
            "只是为兼容旧的中间设备而固定，并不表示版本。",
        ),
        "offered-again": Text(
            "Client Hello again: the Hello Retry Request of frame {retry} asked for it.",
            "再次发送 Client Hello：第 {retry} 帧的 Hello Retry Request 要求如此。",
        ),
        "offered-old": Text(
            "The client offers {version} at most: hello {hello:hex}, no supported_versions. The record's {record:hex} is only "
            "the least that every server reads.",
            "客户端最高支持 {version}：Client Hello 为 {hello:hex}，没有 supported_versions。记录层的 {record:hex} "
            "只是任何服务器都能读的最低版本。",
        ),
        "chosen": Text(
            "The server chooses {version}: supported_versions says {number:hex}. Record and hello still say {hello:hex}, which "
            "would be TLS 1.2.",
            "服务器选定 {version}：supported_versions 为 {number:hex}。记录层与 Server Hello 仍写 {hello:hex}"
            "（字面上是 TLS 1.2）。",
        ),
        "chosen-old": Text(
            "The server chooses {version}: hello {hello:hex}, without supported_versions.",
            "服务器选定 {version}：Server Hello 为 {hello:hex}，没有 supported_versions。",
        ),
        "retry": Text(
            "Hello Retry Request: the server wants {version}, but another key share; the client must send its hello again.",
            "Hello Retry Request：服务器选用 {version}，但需要另一种密钥份额（key share）；客户端必须重新发送 Client Hello。",
        ),
    },
    ("RFC 8446 §4.1.2", "RFC 8446 §4.2.1", "RFC 8446 §5.1", "RFC 5246 §7.4.1.2", "RFC 5246 §7.4.1.3"),
    Text("0x0303 in the record means TLS 1.2, 0x0301 TLS 1.0.", "记录层的 0x0303 表示 TLS 1.2，0x0301 表示 TLS 1.0。"),
    Explanation(
        Text(
            "Devices on the path broke connections with unknown versions, so TLS 1.3 keeps the old numbers everywhere and "
            "negotiates in an extension.",
            "路径上的设备会破坏版本号未知的连接，因此 TLS 1.3 处处保留旧版本号，而在扩展中协商真正的版本。",
        ),
        Text(
            "tls.handshake.extensions.supported_version where it is there, else tls.handshake.version; tls.record.version "
            "never.",
            "有 tls.handshake.extensions.supported_version 时以它为准，否则看 tls.handshake.version；绝不看 "
            "tls.record.version。",
        ),
        Text(
            "Wireshark's column shows TLSv1 for a first Client Hello since nothing is chosen yet; it learns the version from "
            "the Server Hello. Without that in the capture the version is not known.",
            "首个 Client Hello 时尚未选定版本，所以 Wireshark 的列显示 TLSv1；要到 Server Hello 才知道版本。"
            "若捕获中没有它，版本就无从得知。",
        ),
    ),
)
SUITE = Rule(
    "tls.suite",
    "tls",
    "chat",
    56,
    {
        "offered": Text(
            "The client offers {count} cipher suites, the one it likes best first: {first}.",
            "客户端提供 {count} 个密码套件，最优先的是 {first}。",
        ),
        "chosen": Text(
            "The server chooses {name} ({number:hex}): cipher and hash only. How keys are agreed and the server proves "
            "itself, TLS 1.3 settles apart from the suite.",
            "服务器选定 {name}（{number:hex}）：只规定加密算法和散列算法；密钥协商与身份证明在 TLS 1.3 中另行确定。",
        ),
        "chosen-ephemeral": Text(
            "The server chooses {name} ({number:hex}): keys agreed by {exchange} for this connection only, so the server's "
            "key, if lost later, does not open this capture.",
            "服务器选定 {name}（{number:hex}）：以 {exchange} 为本连接临时协商密钥，日后即使服务器私钥泄露，"
            "也无法解密本捕获。",
        ),
        "chosen-rsa": Text(
            "The server chooses {name} ({number:hex}): the client sends the secret encrypted with the server's RSA key. "
            "Whoever gets that key later can decrypt this capture.",
            "服务器选定 {name}（{number:hex}）：客户端用服务器的 RSA 公钥加密传送密钥。日后得到该私钥的人可解密本捕获。",
        ),
        "chosen-again": Text(
            "{name} ({number:hex}), the suite of the session that is resumed: keys come from that session, no new key "
            "exchange takes place.",
            "{name}（{number:hex}），即所恢复会话的套件：密钥来自该会话，不再进行密钥交换。",
        ),
        "chosen-unnamed": Text(
            "The server chooses cipher suite {number:hex}.",
            "服务器选定密码套件 {number:hex}。",
        ),
    },
    ("RFC 8446 §B.4", "RFC 5246 §7.4.1.2", "RFC 5246 §7.4.1.3", "RFC 8446 §4.1.3"),
    Text("The client decides how to encrypt.", "加密方式由客户端决定。"),
    Explanation(
        Text(
            "The client lists what it can, the server picks one of the list. A suite of TLS 1.2 names key exchange, proof, "
            "cipher and hash; one of 1.3 only the last two.",
            "客户端列出自己支持的套件，服务器从中选一个。TLS 1.2 的套件包含密钥交换、认证、加密与散列算法；1.3 只含后两者。",
        ),
        Text(
            "tls.handshake.ciphersuite of the Client Hello (a list) and of the Server Hello (one). Reserved numbers that only "
            "test the server (GREASE, RFC 8701) and signals are not counted.",
            "取自 Client Hello（列表）与 Server Hello（一个）的 tls.handshake.ciphersuite。仅用于测试服务器的保留值"
            "（GREASE，RFC 8701）与信号值不计入。",
        ),
        Text(
            "When no suite is common to both, a fatal alert follows instead of the Server Hello.",
            "若双方没有共同的套件，则没有 Server Hello，而是致命警报。",
        ),
    ),
)
CERTIFICATE_HIDDEN = Rule(
    "tls.certificate-hidden",
    "tls",
    "chat",
    54,
    Text(
        "From here on TLS 1.3 encrypts the handshake too: the certificate comes as Application Data, and the capture "
        "cannot show it.",
        "从这里开始，TLS 1.3 连握手也加密：证书以 Application Data 的形式传送，捕获中无法看到。",
    ),
    ("RFC 8446 §2", "RFC 8446 §4.4.2", "RFC 5246 §7.4.2"),
    Text("There is no certificate in TLS 1.3.", "TLS 1.3 没有证书。"),
    Explanation(
        Text(
            "Up to TLS 1.2 encryption begins after the handshake; TLS 1.3 has a key after the two hellos and uses it at once "
            "for Encrypted Extensions, Certificate, Certificate Verify and Finished.",
            "TLS 1.2 及以前在握手之后才加密；TLS 1.3 在两个 Hello 之后就有密钥，并立即用于 Encrypted Extensions、"
            "Certificate、Certificate Verify 与 Finished。",
        ),
        Text(
            "The version that the Server Hello chose. Up to TLS 1.2 the certificate is visible: tls.certificate.",
            "依据 Server Hello 选定的版本。TLS 1.2 及以前的证书可见：见 tls.certificate。",
        ),
        Text(
            "When a session is resumed no certificate is sent at all: in 1.3 the capture shows it by pre_shared_key in the "
            "Server Hello. With the session's keys (SSLKEYLOGFILE) Wireshark decrypts the rest.",
            "恢复会话时根本不发送证书：在 1.3 中可由 Server Hello 的 pre_shared_key 得知。若有会话密钥（SSLKEYLOGFILE），"
            "Wireshark 可以解密其余部分。",
        ),
    ),
)
ALERT = Rule(
    "tls.alert",
    "tls",
    "warn",
    66,
    {
        "version": Text(
            "Fatal alert of the {who:role}: {name} ({number}). None of the versions that the client offers (frame {hello}: "
            "{versions}) will do; the handshake ends here.",
            "{who:role}发出致命警报：{name}（{number}）。客户端提供的版本（第 {hello} 帧：{versions}）都不被接受，握手到此结束。",
        ),
        "fatal": Text(
            "Fatal alert of the {who:role}: {name} ({number}). The TLS connection ends here.",
            "{who:role}发出致命警报：{name}（{number}）。TLS 连接到此结束。",
        ),
        "certificate": Text(
            "Fatal alert of the {who:role}: {name} ({number}). It does not accept the other side's certificate; the handshake "
            "ends here.",
            "{who:role}发出致命警报：{name}（{number}）。它不接受对方的证书，握手到此结束。",
        ),
        "warning": Text(
            "Warning of the {who:role}: {name} ({number}). The connection may go on.",
            "{who:role}发出警告：{name}（{number}）。连接可以继续。",
        ),
    },
    ("RFC 8446 §6.2", "RFC 5246 §7.2"),
    Text("The network has failed.", "网络出了故障。"),
    Explanation(
        Text(
            "TLS reports an error to the other side before it closes. TCP works: it has delivered the alert.",
            "TLS 在关闭之前向对方报告错误。TCP 工作正常：警报就是由它送达的。",
        ),
        Text(
            "tls.alert_message.level (2 is fatal) and tls.alert_message.desc, in a record that is not encrypted yet.",
            "依据尚未加密的记录中的 tls.alert_message.level（2 为致命）与 tls.alert_message.desc。",
        ),
        Text(
            "An alert after the keys are in use is encrypted: only its length is left to see.",
            "密钥启用之后的警报是加密的：只能看到长度。",
        ),
    ),
)
ALERT_CLOSE = Rule(
    "tls.alert-close",
    "tls",
    "chat",
    55,
    {
        "clear": Text(
            "close_notify of the {who:role}: it sends no more data. It guards against an end that somebody else made up.",
            "{who:role}发出 close_notify：不再发送数据。它用来防止他人伪造连接的结束。",
        ),
        "encrypted": Text(
            "An alert of the {who:role}; which one is encrypted. At the end of a connection it is usually close_notify, but "
            "the capture cannot tell it from an error.",
            "{who:role}发出一个警报，内容已加密。在连接末尾它通常是 close_notify，但仅凭捕获无法将其与错误区分开。",
        ),
        "hidden": Text(
            "Perhaps the {who:role}'s close_notify: its last record before the FIN of frame {fin} has {length:byte}, as an "
            "encrypted alert has (2 + 1 + 16). TLS 1.3 hides the type, so it could be data as well.",
            "可能是{who:role}的 close_notify：它在第 {fin} 帧的 FIN 之前的最后一个记录为 {length} 字节，与加密警报的长度相符"
            "（2 + 1 + 16）。TLS 1.3 隐藏了类型，所以也可能是数据。",
        ),
    },
    ("RFC 8446 §6.1", "RFC 5246 §7.2.1", "RFC 8446 §5.2"),
    Text("An encrypted alert is an error.", "Encrypted Alert 就是出错。"),
    Explanation(
        Text(
            "Before the FIN each side of TLS says that it is done, so that a FIN forged on the path cannot cut the data short "
            "unnoticed.",
            "TLS 的每一方在 FIN 之前声明自己已发完，这样路径上伪造的 FIN 就无法悄悄截断数据。",
        ),
        Text(
            "Unencrypted: tls.alert_message.desc 0. Up to 1.2: tls.record.content_type 21 with a content that cannot be "
            "read. In 1.3: the last record of 19 bytes before a FIN (alert 2, type 1, tag 16).",
            "明文：tls.alert_message.desc 为 0。1.2 及以前：tls.record.content_type 为 21 而内容不可读。1.3：FIN 之前"
            "最后一个 19 字节的记录（警报 2、类型 1、认证标签 16）。",
        ),
        Text(
            "Data of two bytes looks the same in 1.3; a fatal alert looks the same in both. Only the session's keys would "
            "tell.",
            "在 1.3 中，两个字节的数据看起来相同；在两种版本中，致命警报看起来也相同。只有会话密钥能够区分。",
        ),
    ),
)
RESUMED = Rule(
    "tls.resumed",
    "tls",
    "chat",
    59,
    {
        "session": Text(
            "The session is resumed: the server repeats the session id of the Client Hello (frame {hello}), so no certificate "
            "and no key exchange follow.",
            "恢复会话：服务器重复了 Client Hello（第 {hello} 帧）中的会话标识，因此不再有证书和密钥交换。",
        ),
        "psk": Text(
            "The server accepts a key that both know already (pre_shared_key, offered in frame {hello}): a resumed session, "
            "or a key that was agreed outside TLS. No certificate follows.",
            "服务器接受双方已知的密钥（pre_shared_key，在第 {hello} 帧提出）：恢复的会话，或在 TLS 之外约定的密钥。"
            "不再发送证书。",
        ),
    },
    ("RFC 8446 §2.2", "RFC 8446 §4.2.11", "RFC 5246 §7.3", "RFC 5077 §3.4"),
    Text("The certificate is missing.", "缺少证书。"),
    Explanation(
        Text(
            "Client and server go on with secrets of an earlier connection, which saves the certificate and its proof, and "
            "in TLS 1.2 a round trip.",
            "客户端与服务器沿用先前连接的密钥，省去证书及其证明，在 TLS 1.2 中还省去一个往返时间。",
        ),
        Text(
            "Up to 1.2: tls.handshake.session_id of the Server Hello equals that of the Client Hello and is not empty. In "
            "1.3: extension 41 (pre_shared_key) in the Server Hello.",
            "1.2 及以前：Server Hello 的 tls.handshake.session_id 与 Client Hello 相同且非空。1.3：Server Hello 中有扩展 41"
            "（pre_shared_key）。",
        ),
        Text(
            "In TLS 1.3 the server repeats the session id always, for old middleboxes: there it proves nothing.",
            "在 TLS 1.3 中，服务器为兼容旧的中间设备总是重复会话标识：那并不说明恢复。",
        ),
    ),
)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [SNI, VERSION, SUITE, CERTIFICATE_HIDDEN, ALERT, ALERT_CLOSE, RESUMED]
