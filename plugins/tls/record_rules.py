"""What can be said of TLS's messages and records after the hellos, most of which are encrypted."""

from __future__ import annotations

from collections.abc import Sequence

from labdissect.dissectors.layer import Text
from labdissect.plugins.hookspecs import hookimpl
from labdissect.plugins.rule import Explanation, Rule

CERTIFICATE = Rule(
    "tls.certificate",
    "tls",
    "chat",
    56,
    {
        "issued": Text(
            "Certificate of the {who:role}, in the clear as always up to TLS 1.2: for {subject}, issued by {issuer}, valid "
            "until {until}; {count:certificate} in the chain.",
            "{who:role}证书（TLS 1.2 及以前总是明文）：主体 {subject}，颁发者 {issuer}，有效期至 {until}；证书链共 {count} 个证书。",
        ),
        "issued-names": Text(
            "Certificate of the {who:role}, in the clear as always up to TLS 1.2: for {subject} (also {names}), issued by "
            "{issuer}, valid until {until}; {count:certificate} in the chain.",
            "{who:role}证书（TLS 1.2 及以前总是明文）：主体 {subject}（另有 {names}），颁发者 {issuer}，有效期至 {until}；"
            "证书链共 {count} 个证书。",
        ),
        "self": Text(
            "Certificate of the {who:role}, in the clear as always up to TLS 1.2: for {subject}, issued by {issuer} itself "
            "(self-signed, or a root), valid until {until}; {count:certificate} in the chain.",
            "{who:role}证书（TLS 1.2 及以前总是明文）：主体 {subject}，颁发者也是 {issuer}（自签名或根证书），有效期至 {until}；"
            "证书链共 {count} 个证书。",
        ),
        "self-names": Text(
            "Certificate of the {who:role}, in the clear as always up to TLS 1.2: for {subject} (also {names}), issued by "
            "{issuer} itself (self-signed, or a root), valid until {until}; {count:certificate} in the chain.",
            "{who:role}证书（TLS 1.2 及以前总是明文）：主体 {subject}（另有 {names}），颁发者也是 {issuer}（自签名或根证书），"
            "有效期至 {until}；证书链共 {count} 个证书。",
        ),
        "none": Text(
            "Certificate message of the {who:role}, in the clear, with no certificate in it that can be read: an empty one means "
            "that the {who:role} has none to show.",
            "{who:role}的明文 Certificate 报文中没有可读的证书：空的报文表示{who:role}没有可出示的证书。",
        ),
        "unread": Text(
            "Certificate of the {who:role}, in the clear as always up to TLS 1.2: whoever is on the path can read it; this input "
            "does not have its content.",
            "{who:role}证书（TLS 1.2 及以前总是明文）：路径上的任何人都能读到；但此输入不含其内容。",
        ),
    },
    ("RFC 5246 §7.4.2", "RFC 5280 §4.1"),
    Text("The certificate is a secret.", "证书是保密的。"),
    Explanation(
        Text(
            "The certificate ties a public key to names; its issuer signed it. It is no secret: the server gives it to "
            "whoever asks. The client checks the signature, the names against the one it asked for, and the dates.",
            "证书把公钥与名称绑定，并由颁发者签名。它不是秘密：服务器向任何请求者出示。客户端检查签名、有效期，并核对名称是否"
            "与所访问的一致。",
        ),
        Text(
            "tls.handshake.type 11; subject, issuer, subjectAltName and notAfter are read from the first of "
            "tls.handshake.certificate, which is the sender's own.",
            "依据 tls.handshake.type 11；主体、颁发者、subjectAltName 与 notAfter 取自 tls.handshake.certificate 中的第一个，"
            "即发送方自己的证书。",
        ),
        Text(
            "Whether the client trusts it, the capture shows only by what follows: an alert, or data. In TLS 1.3 the "
            "certificate is encrypted: tls.certificate-hidden.",
            "客户端是否信任它，只能从后续看出：警报或数据。TLS 1.3 的证书是加密的：见 tls.certificate-hidden。",
        ),
    ),
)
KEY_EXCHANGE = Rule(
    "tls.key-exchange",
    "tls",
    "chat",
    53,
    {
        "server": Text(
            "Server Key Exchange: the server's public value for this connection, signed with its certificate's key. Public: "
            "from it and the client's alone nobody can compute the secret.",
            "Server Key Exchange：服务器为本连接给出的公开值，并用证书的私钥签名。它是公开的：仅凭双方的公开值无法算出密钥。",
        ),
        "client": Text(
            "Client Key Exchange: the client's public value. Now both ends can compute the same secret, and the capture cannot.",
            "Client Key Exchange：客户端的公开值。至此双方都能算出同一密钥，而捕获者不能。",
        ),
        "client-rsa": Text(
            "Client Key Exchange: the secret itself, encrypted with the key of the server's certificate. Whoever has the server's "
            "private key can open this capture.",
            "Client Key Exchange：用服务器证书的公钥加密的密钥本身。得到服务器私钥的人即可解密此捕获。",
        ),
    },
    ("RFC 5246 §7.4.3", "RFC 5246 §7.4.7", "RFC 8422 §5.4"),
    Text("The key is sent over the network.", "密钥在网络上传送。"),
    Explanation(
        Text(
            "In Diffie-Hellman each end sends a public value and keeps a private one; from the other's public and its own "
            "private value each computes the same secret. The signature proves that the server's value comes from the "
            "certificate's owner.",
            "在 Diffie-Hellman 中，双方各发送公开值、保留私有值，并由对方的公开值与自己的私有值算出同一密钥。签名证明服务器的公开值"
            "来自证书的主人。",
        ),
        Text(
            "tls.handshake.type 12 of the server, 16 of the client, and the suite that the Server Hello chose: TLS_RSA_… "
            "encrypts the secret, TLS_ECDHE_… and TLS_DHE_… agree on it.",
            "依据服务器的 tls.handshake.type 12、客户端的 16，以及 Server Hello 选定的套件：TLS_RSA_… 直接加密密钥，"
            "TLS_ECDHE_… 与 TLS_DHE_… 则协商密钥。",
        ),
        Text(
            "TLS 1.3 has no such messages: there the hellos carry the public values (extension key_share).",
            "TLS 1.3 没有这些报文：公开值在两个 Hello 中传送（扩展 key_share）。",
        ),
    ),
)
HANDSHAKE = Rule(
    "tls.handshake",
    "tls",
    "chat",
    42,
    {
        "hello-done": Text(
            "Server Hello Done: the server has said all that it has to say in the clear; it is the client's turn.",
            "Server Hello Done：服务器的明文握手报文到此为止，轮到客户端。",
        ),
        "certificate-request": Text(
            "Certificate Request: the server wants the client to prove who it is by a certificate, too.",
            "Certificate Request：服务器要求客户端也用证书证明身份。",
        ),
        "certificate-verify": Text(
            "Certificate Verify: the {who:role} signs the handshake so far, which proves that it has its certificate's private key.",
            "Certificate Verify：{who:role}对此前的握手签名，证明它持有证书的私钥。",
        ),
        "certificate-status": Text(
            "Certificate Status: a recent statement of the issuer that the certificate is not revoked (OCSP), so that the client "
            "need not ask.",
            "Certificate Status：颁发者最近出具的证书未吊销声明（OCSP），客户端不必自己查询。",
        ),
        "hello-request": Text(
            "Hello Request: the server asks the client to begin a new handshake on this connection.",
            "Hello Request：服务器请客户端在本连接上重新握手。",
        ),
    },
    ("RFC 5246 §7.4", "RFC 6066 §8"),
    Text("The messages of the handshake are packets of their own.", "握手的每个报文各占一个分组。"),
    Explanation(
        Text(
            "The handshake consists of messages that each have a purpose; several travel in one record, and several records "
            "in one segment, as it falls.",
            "握手由若干各有用途的报文组成；多个报文可以放在一个记录中，多个记录也可以放在一个报文段中。",
        ),
        Text(
            "tls.handshake.type: 0 Hello Request, 13 Certificate Request, 14 Server Hello Done, 15 Certificate Verify, "
            "22 Certificate Status.",
            "依据 tls.handshake.type：0 为 Hello Request，13 为 Certificate Request，14 为 Server Hello Done，15 为 "
            "Certificate Verify，22 为 Certificate Status。",
        ),
        Text(
            "In TLS 1.3 these messages are encrypted or gone: tls.handshake-hidden.",
            "在 TLS 1.3 中，这些报文被加密或已取消：见 tls.handshake-hidden。",
        ),
    ),
)
CHANGE_CIPHER_SPEC = Rule(
    "tls.change-cipher-spec",
    "tls",
    "chat",
    46,
    {
        "": Text(
            "Change Cipher Spec of the {who:role}: all that it sends from here on is encrypted.",
            "{who:role}的 Change Cipher Spec：此后它发送的一切都是加密的。",
        ),
        "1.3": Text(
            "Change Cipher Spec of the {who:role}: in TLS 1.3 it means nothing; it makes the handshake look like TLS 1.2 to old "
            "middleboxes.",
            "{who:role}的 Change Cipher Spec：在 TLS 1.3 中没有意义，只是让握手在旧的中间设备看来像 TLS 1.2。",
        ),
        "unsure": Text(
            "Change Cipher Spec of the {who:role}: up to TLS 1.2 all that follows of it is encrypted; in TLS 1.3 it would mean "
            "nothing. The capture has not shown the version.",
            "{who:role}的 Change Cipher Spec：在 TLS 1.2 及以前，它此后发送的一切都是加密的；在 TLS 1.3 中则没有意义。"
            "捕获中尚未看到版本。",
        ),
    },
    ("RFC 5246 §7.1", "RFC 8446 §5", "RFC 8446 §D.4"),
    Text("It changes the cipher suite.", "它更换密码套件。"),
    Explanation(
        Text(
            "Up to TLS 1.2 each end says by one byte that it begins to use what the handshake agreed. TLS 1.3 changes keys "
            "at fixed points without saying so, and sends the byte for the sake of middleboxes only.",
            "在 TLS 1.2 及以前，每一端用一个字节表明开始使用协商好的参数。TLS 1.3 在固定的时刻更换密钥而不再说明，"
            "发送该字节仅仅是为了中间设备。",
        ),
        Text(
            "The first tls.record.content_type 20 of each end, and the version that the Server Hello chose.",
            "依据每一端的第一个 tls.record.content_type 20，以及 Server Hello 选定的版本。",
        ),
        Text(
            "The suite was chosen in the Server Hello already: tls.suite.",
            "密码套件在 Server Hello 中就已选定：见 tls.suite。",
        ),
    ),
)
FINISHED = Rule(
    "tls.finished",
    "tls",
    "chat",
    52,
    {
        "": Text(
            "Finished of the {who:role}, by its place: the first encrypted message after Change Cipher Spec. It proves that both "
            "ends saw the same handshake; its content is encrypted.",
            "按位置判断是{who:role}的 Finished：Change Cipher Spec 之后的第一个加密报文。它证明双方看到的握手相同；内容已加密。",
        ),
        "sized": Text(
            "Finished of the {who:role}, by its place, the first encrypted message, and size: 4 + 12 + {added} of encryption = "
            "{length} bytes. It proves that both ends saw the same handshake.",
            "按位置（第一个加密报文）和长度（4 + 12 + 加密附加的 {added} = {length} 字节）判断，是{who:role}的 Finished。"
            "它证明双方看到的握手相同。",
        ),
        "1.3": Text(
            "Finished of the client, by its place and size: 4 + {digest} (the hash) + {added} of encryption = {length} bytes. TLS "
            "1.3 labels it Application Data. The handshake is complete.",
            "按位置和长度（4 + 散列值 {digest} + 加密附加的 {added} = {length} 字节）判断，是客户端的 Finished；TLS 1.3 将其标为 "
            "Application Data。握手至此完成。",
        ),
    },
    ("RFC 5246 §7.4.9", "RFC 8446 §4.4.4", "RFC 5288 §3"),
    Text("“Encrypted Handshake Message” is a kind of message.", "“Encrypted Handshake Message”是一种报文。"),
    Explanation(
        Text(
            "Finished holds a keyed digest of all handshake messages before it. If somebody on the path had changed one, it "
            "would not fit, and the connection would end with an alert.",
            "Finished 含有此前全部握手报文的带密钥摘要。路径上若有人改动过其中之一，摘要就不符，连接以警报结束。",
        ),
        Text(
            "Up to 1.2: the first handshake record (tls.record.content_type 22) of this end after its Change Cipher Spec "
            "(20). In 1.3: the client's first encrypted record after the Server Hello whose tls.record.length is that of a "
            "Finished.",
            "1.2 及以前：该端 Change Cipher Spec（20）之后的第一个握手记录（tls.record.content_type 22）。1.3：Server Hello 之后"
            "客户端第一个长度（tls.record.length）与 Finished 相符的加密记录。",
        ),
        Text(
            "In TLS 1.3 a record of the same size could be early data; only the session's keys would show it.",
            "在 TLS 1.3 中，同样长度的记录也可能是提前发送的数据；只有会话密钥能够说明。",
        ),
    ),
)
HANDSHAKE_HIDDEN = Rule(
    "tls.handshake-hidden",
    "tls",
    "chat",
    51,
    {
        "server": Text(
            "{count:record} labelled Application Data ({size} bytes), but no data: before the client's Finished they are the rest of "
            "the server's handshake (extensions, certificate unless resumed, Finished), which TLS 1.3 encrypts.",
            "{count} 个记录标为 Application Data（共 {size} 字节），其实不是数据：在客户端 Finished 之前，它们是服务器握手的其余部分"
            "（扩展、非恢复会话时的证书、Finished），TLS 1.3 对其加密。",
        ),
        "server-finished": Text(
            "{count:record} labelled Application Data ({size} bytes), but no data: the rest of the server's handshake, which TLS 1.3 "
            "encrypts (extensions, certificate unless resumed); the last, 4 + {digest} + {added} = {length} bytes, is its Finished.",
            "{count} 个记录标为 Application Data（共 {size} 字节），其实不是数据：它们是服务器握手的其余部分（扩展、非恢复会话时的证书），"
            "TLS 1.3 对其加密；最后一个 4 + {digest} + {added} = {length} 字节，是 Finished。",
        ),
        "more": Text(
            "{count:record} more of the server before the client's Finished ({size} bytes): handshake still, or data sent early. TLS "
            "1.3 hides which.",
            "客户端 Finished 之前，服务器又发送 {count} 个记录（{size} 字节）：仍是握手，或是提前发送的数据。TLS 1.3 不显示是哪一种。",
        ),
        "client": Text(
            "{count:record} labelled Application Data ({size} bytes): the client's first since the Server Hello (frame {hello}), so its "
            "Finished is among them, perhaps with a certificate or early data. TLS 1.3 hides which.",
            "{count} 个记录标为 Application Data（共 {size} 字节）：这是 Server Hello（第 {hello} 帧）之后客户端的第一批，其中有 "
            "Finished，可能还有证书或提前发送的数据。TLS 1.3 不显示是哪一种。",
        ),
        "later": Text(
            "An encrypted handshake message after the handshake was finished: the {who:role} negotiates anew, or asks for that. Which "
            "message, encryption hides.",
            "握手完成之后的加密握手报文：{who:role}重新协商，或请求重新协商。具体是哪种报文，加密后无法看到。",
        ),
    },
    ("RFC 8446 §2", "RFC 8446 §5.2", "RFC 5246 §7.4.1.1"),
    Text("Application Data is always data of the application.", "Application Data 总是应用数据。"),
    Explanation(
        Text(
            "TLS 1.3 encrypts all but the two hellos and puts the true type behind the content, encrypted as well. Outside, "
            "each record says Application Data (23).",
            "TLS 1.3 对两个 Hello 以外的一切加密，并把真正的类型放在内容之后一并加密。从外部看，每个记录都是 Application Data（23）。",
        ),
        Text(
            "Records of type 23 (tls.record.opaque_type) between the Server Hello and the client's Finished; up to 1.2 a "
            "record of type 22 after the Finished of its sender.",
            "依据 Server Hello 与客户端 Finished 之间类型为 23 的记录（tls.record.opaque_type）；在 1.2 及以前，依据发送方 "
            "Finished 之后类型为 22 的记录。",
        ),
        Text(
            "A server may send data right after its own Finished, before the client's: rare, and not to be told apart "
            "without the session's keys (SSLKEYLOGFILE).",
            "服务器也可以在自己的 Finished 之后、客户端 Finished 之前就发送数据：这很少见，没有会话密钥（SSLKEYLOGFILE）无法区分。",
        ),
    ),
)
SESSION_TICKET = Rule(
    "tls.session-ticket",
    "tls",
    "chat",
    48,
    {
        "": Text(
            "New Session Ticket: with it the client may resume this session within {lifetime:duration}, without certificate and key "
            "exchange.",
            "New Session Ticket：客户端可在 {lifetime:duration} 内凭它恢复会话，不再需要证书和密钥交换。",
        ),
        "untimed": Text(
            "New Session Ticket: with it the client may resume this session later, without certificate and key exchange.",
            "New Session Ticket：客户端以后可凭它恢复会话，不再需要证书和密钥交换。",
        ),
        "perhaps": Text(
            "Perhaps a session ticket: the server's first encrypted record after the client's Finished (frame {finished}), "
            "{length} bytes. TLS 1.3 hides the type, so it could be data as well.",
            "可能是会话票据：客户端 Finished（第 {finished} 帧）之后服务器的第一个加密记录，{length} 字节。TLS 1.3 隐藏类型，"
            "因此也可能是数据。",
        ),
        "perhaps-again": Text(
            "Perhaps a second session ticket: as long as the record before ({length} bytes), and servers like to send two. It could be data as "
            "well.",
            "可能是第二个会话票据：与前一个记录等长（{length} 字节），而服务器常发送两个。也可能是数据。",
        ),
    },
    ("RFC 5077 §3.3", "RFC 8446 §4.6.1"),
    Text("The ticket opens the session that it came in.", "凭票据可以解密当前会话。"),
    Explanation(
        Text(
            "The server packs what it needs to resume the session into a ticket that only it can read, and lets the client "
            "keep it. The client shows it in its next Client Hello.",
            "服务器把恢复会话所需的信息装入只有它自己能读的票据，交给客户端保存；客户端在下一个 Client Hello 中出示。",
        ),
        Text(
            "Up to 1.2: tls.handshake.type 4, in the clear; the lifetime is tls.handshake.session_ticket_lifetime_hint. In "
            "1.3 it is encrypted; servers send it right after the client's Finished.",
            "1.2 及以前：明文的 tls.handshake.type 4，有效期为 tls.handshake.session_ticket_lifetime_hint。1.3 中它是加密的；"
            "服务器通常在收到客户端 Finished 之后立即发送。",
        ),
        Text(
            "In TLS 1.3 the application's first answer looks the same when it is small. Only the session's keys would tell.",
            "在 TLS 1.3 中，应用程序较短的第一个响应看起来相同，只有会话密钥能够区分。",
        ),
    ),
)
APPLICATION_DATA = Rule(
    "tls.application-data",
    "tls",
    "chat",
    36,
    {
        "": Text(
            "Application Data of the {who:role}: {size} bytes encrypted, {plain} of them data, {added} a record added by encryption. "
            "Who talks to whom, when and how much the capture shows; what, it cannot.",
            "{who:role}的 Application Data：加密后 {size} 字节，其中数据 {plain} 字节，每个记录因加密增加 {added} 字节。"
            "捕获能显示谁与谁通信、何时、多少，但看不到内容。",
        ),
        "again": Text(
            "Application Data of the {who:role}: {size} bytes encrypted, {plain} of them data.",
            "{who:role}的 Application Data：加密后 {size} 字节，其中数据 {plain} 字节。",
        ),
        "1.3": Text(
            "Application Data of the {who:role}: {size} bytes encrypted, at most {plain} of content, as encryption and the hidden type add "
            "{added} to each record. Tickets and alerts look alike; what it says, the capture cannot show.",
            "{who:role}的 Application Data：加密后 {size} 字节，内容最多 {plain} 字节，因为加密与隐藏的类型使每个记录增加 {added} 字节。"
            "票据和警报看起来相同；捕获看不到内容。",
        ),
        "1.3-again": Text(
            "Application Data of the {who:role}: {size} bytes encrypted, at most {plain} of content.",
            "{who:role}的 Application Data：加密后 {size} 字节，内容最多 {plain} 字节。",
        ),
        "unsized": Text(
            "Application Data of the {who:role}: {size} bytes encrypted. How many of them are data depends on the cipher; what they say, "
            "the capture cannot show.",
            "{who:role}的 Application Data：加密后 {size} 字节。其中多少是数据取决于密码套件；捕获看不到内容。",
        ),
        "unsized-again": Text(
            "Application Data of the {who:role}: {size} bytes encrypted.",
            "{who:role}的 Application Data：加密后 {size} 字节。",
        ),
        "early": Text(
            "Early data of the client: {size} bytes encrypted, sent before any answer to the Client Hello (frame {hello}) with a key of an "
            "earlier session (0-RTT).",
            "客户端的早期数据：加密后 {size} 字节，在收到对 Client Hello（第 {hello} 帧）的应答之前就用先前会话的密钥发送（0-RTT）。",
        ),
    },
    ("RFC 5246 §6.2.3", "RFC 8446 §5.2", "RFC 8446 §2.3"),
    Text("Encrypted traffic shows nothing.", "加密的流量什么也看不出。"),
    Explanation(
        Text(
            "A record is encrypted and authenticated as a whole. Its size and time stay visible, and the size of the data "
            "with it but for what the cipher adds.",
            "记录作为整体加密并认证。它的长度和时间仍然可见；扣除密码附加的字节，即可知数据的长度。",
        ),
        Text(
            "tls.record.length of the records of type 23. AES-GCM and AES-CCM add 8 + 16 bytes to each in TLS 1.2, "
            "ChaCha20-Poly1305 16, every suite of TLS 1.3 but one 1 + 16 (padding aside).",
            "依据类型 23 的各记录的 tls.record.length。在 TLS 1.2 中，AES-GCM 与 AES-CCM 每个记录增加 8 + 16 字节，"
            "ChaCha20-Poly1305 增加 16 字节；在 TLS 1.3 中，除一种套件外都增加 1 + 16 字节（填充另计）。",
        ),
        Text(
            "In TLS 1.3 session tickets, key updates and alerts look like data, and padding may hide the true size. With "
            "the session's keys (SSLKEYLOGFILE) Wireshark decrypts it.",
            "在 TLS 1.3 中，会话票据、密钥更新和警报看起来与数据相同，填充也可能掩盖真实长度。若有会话密钥（SSLKEYLOGFILE），"
            "Wireshark 可以解密。",
        ),
    ),
)


@hookimpl
def labdissect_rules() -> Sequence[Rule]:
    return [
        CERTIFICATE,
        KEY_EXCHANGE,
        HANDSHAKE,
        CHANGE_CIPHER_SPEC,
        FINISHED,
        HANDSHAKE_HIDDEN,
        SESSION_TICKET,
        APPLICATION_DATA,
    ]
