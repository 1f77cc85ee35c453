"""Digest authentication: what auth and auth_db make of credentials, right ones and all kinds of others."""

from __future__ import annotations

import re
from hashlib import md5, sha256

from differential.peers import Peer
from differential.play import Scene, case
from differential.sip import Message

Extra = list[tuple[str, str]]


def do(what: str, flags: int = 0, challenge: int = 0, realm: str = "") -> Extra:
    lines = [("X-Do", what), ("X-Flags", str(flags)), ("X-Challenge", str(challenge))]
    return lines + ([("X-Realm", realm)] if realm else [])


def asked(reply: Message) -> dict[str, str]:
    """The parameters of a challenge."""
    value = reply.get("WWW-Authenticate") or reply.get("Proxy-Authenticate")
    return {name: plain or text for name, text, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^",\s]+))', value)}


def credentials(
    challenge: dict[str, str], user: str, password: str, method: str, uri: str, /, count: int = 1, **changes: str | None
) -> str:
    """The value of an Authorization header; changes are written instead of what belongs there, None leaves it out."""
    algorithm = sha256 if challenge.get("algorithm") == "SHA-256" else md5

    def hashed(text: str) -> str:
        return algorithm(text.encode("latin-1")).hexdigest()

    realm, nonce, qop = challenge["realm"], challenge["nonce"], challenge.get("qop", "")
    ha1, ha2 = hashed(f"{user}:{realm}:{password}"), hashed(f"{method}:{uri}")
    params: dict[str, str | None] = {"username": user, "realm": realm, "nonce": nonce, "uri": uri}
    if qop == "auth-int":
        ha2 = hashed(f"{method}:{uri}:{hashed('')}")
    if qop:
        params |= {"qop": qop, "nc": f"{count:08x}", "cnonce": "c0ffee"}
        params["response"] = hashed(f"{ha1}:{nonce}:{count:08x}:c0ffee:{qop}:{ha2}")
    else:
        params["response"] = hashed(f"{ha1}:{nonce}:{ha2}")
    if "algorithm" in challenge:
        params["algorithm"] = challenge["algorithm"]
    params |= changes
    plain = ("algorithm", "qop", "nc")
    return "Digest " + ", ".join(
        f"{name}={value}" if name in plain else f'{name}="{value}"'
        for name, value in params.items()
        if value is not None
    )


class Login:
    """One phone that answers challenges; every try is compared."""

    def __init__(self, scene: Scene, how: Extra, name: str = "alice", method: str = "REGISTER", uri: str = "") -> None:
        self.phone: Peer = scene.parties.get("phone") or scene.party("phone")
        self.phone.user = name
        self.how = how
        self.method = method
        self.uri = uri or "sip:pbx"
        self.count = 0

    def send(self, *extra: tuple[str, str], to: str = "") -> Message:
        self.count += 1
        message = self.phone.make(
            self.method, to or f"sip:{self.phone.user}@pbx", [*self.how, *extra], cseq=self.count, uri=self.uri
        )
        self.phone.send(message.with_header("From", f"<sip:{self.phone.user}@pbx>;tag=phone-from-tag"))
        return message

    def challenge(self) -> dict[str, str]:
        self.send()
        return asked(self.phone.expect(401 if self.method == "REGISTER" else 407))

    def answer(
        self, challenge: dict[str, str], user: str, password: str, status: int, /, count: int = 1, **changes: str | None
    ) -> None:
        value = credentials(challenge, user, password, self.method, self.uri, count, **changes)
        header = "Authorization" if self.method == "REGISTER" else "Proxy-Authorization"
        self.send((header, value))
        self.phone.expect(status)

    def tries(self, user: str, password: str, status: int, **changes: str | None) -> None:
        self.answer(self.challenge(), user, password, status, **changes)


# --- passwords, users, realms -------------------------------------------------------------------------------------

USERS = {
    "right": ("alice", "secret", 200),
    "wrong_password": ("alice", "wrong", 401),
    "unknown_user": ("nobody", "secret", 401),
    "with_domain": ("alice@pbx", "secret", 200),
    "with_other_domain": ("alice@other", "secret", 401),
    "with_colon_in_password": ("bob", "pa:ss word", 200),
    "with_quote": ("o'neill", "secret", 200),
    "with_injection": ("' OR '1'='1", "secret", 401),
    "with_comment": ("alice'--", "secret", 401),
    "with_wildcard": ("al%", "secret", 401),
    "with_utf8": ("j\u00c3\u00b6rg", "g\u00c3\u00bcnter", 200),
    "with_escape": ("a%20b", "secret", 200),
    "in_capitals": ("ALICE", "secret", 401),
}


def _user(name: str, config: str) -> None:
    user, password, status = USERS[name]

    def steps(s: Scene) -> None:
        Login(s, do("check")).tries(user, password, status)

    steps.__name__ = f"{config.replace('-', '_')}_user_{name}"
    case(config)(steps)


for _name in USERS:
    _user(_name, "auth")


@case("auth-once")
def auth_once_right_and_again(s: Scene) -> None:
    login = Login(s, do("check", challenge=1))
    challenge = login.challenge()
    login.answer(challenge, "alice", "secret", 200)
    login.answer(challenge, "alice", "secret", 401, 2)


@case("auth-once")
def auth_once_wrong_password_with_avps(s: Scene) -> None:
    Login(s, do("check")).tries("alice", "wrong", 401)


@case("auth-once")
def auth_once_prefix_of_the_realm(s: Scene) -> None:
    Login(s, do("check", realm="sip.pbx")).tries("alice", "secret", 200)


@case("auth-once")
def auth_once_stateless_reply(s: Scene) -> None:
    login = Login(s, do("stateful"))
    login.challenge()


@case("auth")
def auth_stateful_challenge_again(s: Scene) -> None:
    login = Login(s, do("stateful"))
    message = login.send()
    login.phone.expect(401)
    login.phone.send(message.with_header("From", "<sip:alice@pbx>;tag=phone-from-tag"))
    login.phone.expect(401)


# --- challenges ---------------------------------------------------------------------------------------------------


def _challenge(what: str, flags: int, config: str) -> None:
    def steps(s: Scene) -> None:
        login = Login(s, do(what, challenge=flags), method="OPTIONS")
        login.send()
        login.phone.expect(407 if what == "proxy-challenge" else 401 if what == "www-challenge" else 200)

    steps.__name__ = f"{config.replace('-', '_')}_{what.replace('-', '_')}_{flags}"
    case(config)(steps)


for _what in ("www-challenge", "proxy-challenge", "line"):
    for _flags in (0, 1, 2, 3, 4, 16, 17):
        _challenge(_what, _flags, "auth")
    for _config in ("auth-counted", "auth-once", "auth-bound"):
        _challenge(_what, 1, _config)
_challenge("empty-challenge", 4, "auth")


@case("auth")
def auth_empty_realm_in_a_challenge(s: Scene) -> None:
    login = Login(s, do("empty-challenge"), method="OPTIONS")
    login.send()
    login.phone.expect(500)


@case("auth")
def auth_unasked_methods(s: Scene) -> None:
    for method in ("ACK", "CANCEL", "PRACK"):
        login = Login(s, do("pv-any"), method=method)
        login.send()
        s.wait(0.1)


# --- what is written in credentials ---------------------------------------------------------------------------------

CHANGES: dict[str, tuple[dict[str, str | None], int]] = {
    "other_response": ({"response": "0" * 32}, 401),
    "short_response": ({"response": "0" * 31}, 401),
    "response_in_capitals": ({"response": "ABCDEF" * 5 + "AB"}, 401),
    "empty_response": ({"response": ""}, 401),
    "no_response": ({"response": None}, 401),
    "no_username": ({"username": None}, 401),
    "empty_username": ({"username": ""}, 401),
    "no_uri": ({"uri": None}, 401),
    "empty_uri": ({"uri": ""}, 401),
    "other_uri": ({"uri": "sip:other"}, 401),
    "no_realm": ({"realm": None}, 401),
    "other_realm": ({"realm": "elsewhere"}, 401),
    "realm_in_capitals": ({"realm": "PBX"}, 200),
    "no_nonce": ({"nonce": None}, 401),
    "empty_nonce": ({"nonce": ""}, 401),
    "short_nonce": ({"nonce": "AAAA"}, 401),
    "nonce_of_others": ({"nonce": "A" * 32}, 401),
    "nonce_that_is_no_base64": ({"nonce": "!" * 32}, 401),
    "long_nonce": ({"nonce": "A" * 200}, 401),
    "no_cnonce": ({"cnonce": None}, 401),
    "no_nc": ({"nc": None}, 401),
    "other_nc": ({"nc": "00000009"}, 401),
    "no_qop": ({"qop": None}, 401),
    "qop_auth_int": ({"qop": "auth-int"}, 401),
    "algorithm_md5": ({"algorithm": "MD5"}, 200),
    "algorithm_sess": ({"algorithm": "MD5-sess"}, 200),
    "algorithm_sha": ({"algorithm": "SHA-256"}, 200),
    "an_unknown_parameter": ({"x-more": "yes"}, 200),
    "opaque": ({"opaque": "0123"}, 200),
}


def _change(name: str) -> None:
    changes, status = CHANGES[name]

    def steps(s: Scene) -> None:
        Login(s, do("check", challenge=1)).tries("alice", "secret", status, **changes)

    steps.__name__ = f"auth_credentials_with_{name}"
    case("auth")(steps)


for _name in CHANGES:
    _change(_name)

HEADERS = {
    "nothing": "",
    "no_parameters": "Digest",
    "another_scheme": "Basic QWxhZGRpbjpvcGVu",
    "garbage": "Digest !!!",
    "an_open_quote": 'Digest username="alice',
    "no_quotes": "Digest username=alice, realm=pbx, nonce=x, uri=y, response=z",
}


def _header(name: str) -> None:
    def steps(s: Scene) -> None:
        login = Login(s, do("check"))
        login.send(("Authorization", HEADERS[name]))
        login.phone.expect(401)

    steps.__name__ = f"auth_header_with_{name}"
    case("auth")(steps)


for _name in HEADERS:
    _header(_name)


@case("auth")
def auth_int_without_a_body(s: Scene) -> None:
    login = Login(s, do("check", challenge=2))
    challenge = login.challenge()
    login.send(("Authorization", credentials(challenge, "alice", "secret", "REGISTER", login.uri)))
    login.phone.receive(1)


@case("auth")
def auth_folded_header(s: Scene) -> None:
    login = Login(s, do("check", challenge=1))
    value = credentials(login.challenge(), "alice", "secret", "REGISTER", login.uri).replace(", ", ",\r\n\t")
    login.send(("Authorization", value))
    login.phone.expect(200)


@case("auth")
def auth_two_realms(s: Scene) -> None:
    login = Login(s, do("check"))
    challenge = login.challenge()
    other = credentials(challenge | {"realm": "elsewhere"}, "bob", "x", "REGISTER", login.uri)
    login.send(
        ("Authorization", other), ("Authorization", credentials(challenge, "alice", "secret", "REGISTER", login.uri))
    )
    login.phone.expect(200)


@case("auth")
def auth_another_header_of_the_same_realm(s: Scene) -> None:
    login = Login(s, do("check"))
    challenge = login.challenge()
    right = credentials(challenge, "alice", "secret", "REGISTER", login.uri)
    login.send(
        ("Authorization", credentials(challenge, "alice", "no", "REGISTER", login.uri)), ("Authorization", right)
    )
    login.phone.expect(401)


@case("auth")
def auth_proxy_header_in_a_register(s: Scene) -> None:
    login = Login(s, do("check"))
    value = credentials(login.challenge(), "alice", "secret", "REGISTER", login.uri)
    login.send(("Proxy-Authorization", value))
    login.phone.expect(401)


# --- functions ----------------------------------------------------------------------------------------------------

FUNCTIONS: dict[str, tuple[Extra, str, str, int]] = {
    "www": (do("www"), "REGISTER", "secret", 200),
    "www_wrong": (do("www"), "REGISTER", "wrong", 401),
    "www_other_method": (do("www-method"), "REGISTER", "secret", 401),
    "proxy": (do("proxy"), "MESSAGE", "secret", 200),
    "pv": (do("pv"), "REGISTER", "secret", 200),
    "pv_message": (do("pv"), "MESSAGE", "secret", 200),
    "pv_wrong": (do("pv", flags=0), "REGISTER", "wrong", 401),
    "pv_wrong_with_avp": (do("pv", flags=2), "REGISTER", "wrong", 401),
    "pv_wrong_with_avp_auth": (do("pv", flags=4), "REGISTER", "wrong", 401),
    "pv_wrong_with_avp_auth_int": (do("pv", flags=8), "MESSAGE", "wrong", 407),
    "pv_empty_realm": (do("pv-empty"), "REGISTER", "secret", 401),
}


def _function(name: str) -> None:
    how, method, password, status = FUNCTIONS[name]

    def steps(s: Scene) -> None:
        Login(s, how, method=method, uri="sip:alice@pbx").tries("alice", password, status)

    steps.__name__ = f"auth_function_{name}"
    case("auth")(steps)


for _name in FUNCTIONS:
    _function(_name)


@case("auth")
def auth_has_credentials(s: Scene) -> None:
    login = Login(s, do("has"))
    login.send()
    login.phone.expect(200)
    value = credentials({"realm": "pbx", "nonce": "x"}, "alice", "x", "REGISTER", login.uri)
    for header in ("Authorization", "Proxy-Authorization"):
        login.send((header, value))
        login.phone.expect(200)
        login.send((header, value.replace("pbx", "PBX")))
        login.phone.expect(200)
        login.send((header, value.replace("pbx", "other")))
        login.phone.expect(200)


@case("auth")
def auth_consume_without_authentication(s: Scene) -> None:
    login = Login(s, do("consume"))
    login.send(("Authorization", credentials({"realm": "pbx", "nonce": "x"}, "alice", "x", "REGISTER", login.uri)))
    login.phone.expect(200)


@case("auth")
def auth_relay_without_our_credentials(s: Scene) -> None:
    next_hop = s.party("next")
    login = Login(s, [*do("relay"), ("X-Next", next_hop.contact)], method="MESSAGE", uri="sip:bob@pbx")
    challenge = login.challenge()
    other = credentials({"realm": "next", "nonce": "theirs"}, "alice", "x", "MESSAGE", login.uri)
    own = credentials(challenge, "alice", "secret", "MESSAGE", login.uri)
    login.send(("Proxy-Authorization", other), ("Proxy-Authorization", own), ("Subject", "x"))
    next_hop.reply(next_hop.expect("MESSAGE"), 200)
    login.phone.expect(200)


SUBSCRIBERS = {
    "known": ("sip:alice@pbx", 0),
    "with_domain": ("sip:alice@other", 1),
    "with_unknown_domain": ("sip:alice@nowhere", 1),
    "without_domain": ("sip:alice@nowhere", 0),
    "unknown": ("sip:nobody@pbx", 0),
    "not_loaded": ("sip:alice@pbx", 2),
    "without_user": ("sip:pbx", 0),
    "bad": ("nonsense", 0),
    "tel": ("tel:alice", 0),
}


def _subscriber(name: str) -> None:
    uri, flags = SUBSCRIBERS[name]

    def steps(s: Scene) -> None:
        login = Login(s, [*do("subscriber", flags), ("X-URI", uri)], method="OPTIONS")
        login.send()
        login.phone.expect(200)

    steps.__name__ = f"auth_is_subscriber_{name}"
    case("auth")(steps)


for _name in SUBSCRIBERS:
    _subscriber(_name)

# --- who says so --------------------------------------------------------------------------------------------------

IDENTITIES = {
    "register_of_oneself": ("REGISTER", "alice", "", "", 1, 200),
    "register_of_another": ("REGISTER", "mallory", "", "", 1, 401),
    "register_of_another_unchecked": ("REGISTER", "mallory", "", "", 0, 200),
    "register_for_another": ("REGISTER", "alice", "sip:bob@pbx", "", 1, 401),
    "register_in_another_domain": ("REGISTER", "alice", "sip:alice@other", "", 1, 200),
    "publish_of_oneself": ("PUBLISH", "alice", "", "sip:alice@pbx", 1, 200),
    "publish_for_another": ("PUBLISH", "alice", "", "sip:bob@pbx", 1, 407),
    "publish_in_another_domain": ("PUBLISH", "alice", "", "sip:alice@other", 1, 200),
    "invite_as_oneself": ("MESSAGE", "alice", "sip:bob@pbx", "", 1, 200),
    "message_as_another": ("MESSAGE", "mallory", "sip:bob@pbx", "", 1, 407),
    "message_as_another_forwarded": ("MESSAGE", "mallory", "sip:bob@pbx", "", 3, 200),
    "options_as_another_forwarded": ("OPTIONS", "mallory", "sip:bob@pbx", "", 3, 407),
    "publish_as_another_forwarded": ("PUBLISH", "mallory", "", "sip:mallory@pbx", 3, 407),
}


def _identity(name: str, config: str) -> None:
    method, caller, to, uri, flags, status = IDENTITIES[name]
    if config == "auth-bound" and "domain" in name:
        status = 401 if method == "REGISTER" else 407

    def steps(s: Scene) -> None:
        login = Login(s, do("check", flags), caller, method, uri)
        login.send(to=to)
        challenge = asked(login.phone.expect(401 if method == "REGISTER" else 407))
        value = credentials(challenge, "alice", "secret", method, login.uri)
        login.send(("Authorization" if method == "REGISTER" else "Proxy-Authorization", value), to=to)
        login.phone.expect(status)

    steps.__name__ = f"{config.replace('-', '_')}_{name}"
    case(config)(steps)


for _name in IDENTITIES:
    _identity(_name, "auth")
    if "domain" in _name or "oneself" in _name:
        _identity(_name, "auth-bound")

# --- nonces -------------------------------------------------------------------------------------------------------


@case("auth")
def auth_nonce_again_without_count(s: Scene) -> None:
    login = Login(s, do("check", challenge=1))
    challenge = login.challenge()
    for _ in range(2):
        login.answer(challenge, "alice", "secret", 200)


@case("auth-counted")
def auth_counts_go_up(s: Scene) -> None:
    login = Login(s, do("check", challenge=1))
    challenge = login.challenge()
    for count, status in ((1, 200), (1, 401), (2, 200), (9, 200), (3, 401), (255, 200), (256, 401), (257, 401)):
        login.answer(challenge, "alice", "secret", status, count)


@case("auth-counted")
def auth_count_is_used_up_by_a_wrong_password(s: Scene) -> None:
    login = Login(s, do("check", challenge=1))
    challenge = login.challenge()
    login.answer(challenge, "alice", "wrong", 401)
    login.answer(challenge, "alice", "secret", 401)
    login.answer(challenge, "alice", "secret", 200, 2)


@case("auth-counted")
def auth_count_that_is_no_number(s: Scene) -> None:
    for value in ("0000000g", "1", "", "000000001"):
        Login(s, do("check", challenge=1)).tries("alice", "secret", 401, nc=value)


@case("auth-counted")
def auth_count_in_a_challenge_without_qop(s: Scene) -> None:
    login = Login(s, do("check"))
    challenge = login.challenge()
    for _ in range(2):
        login.answer(challenge, "alice", "secret", 200)


@case("auth-bound")
def auth_bound_to_the_uri(s: Scene) -> None:
    login = Login(s, do("check"))
    challenge = login.challenge()
    login.answer(challenge, "alice", "secret", 200)
    login.uri = "sip:pbx;x=1"
    login.answer(challenge, "alice", "secret", 401)


@case("auth-bound")
def auth_bound_message(s: Scene) -> None:
    login = Login(s, do("check"), method="MESSAGE", uri="sip:bob@pbx")
    challenge = login.challenge()
    login.answer(challenge, "alice", "secret", 200)
    login.uri = "sip:carol@pbx"
    login.answer(challenge, "alice", "secret", 407)


@case("auth-bound")
def auth_bound_nonce_is_cut(s: Scene) -> None:
    login = Login(s, do("check"))
    challenge = login.challenge()
    short = challenge | {"nonce": challenge["nonce"][:32]}
    login.answer(short, "alice", "secret", 401)


@case("auth-bound")
def auth_bound_other_domain_of_the_user(s: Scene) -> None:
    login = Login(s, do("check", realm="other"))
    login.tries("alice", "elsewhere", 200)
    login.tries("alice", "secret", 401)
    login.tries("alice@other", "elsewhere", 200)
    login.tries("bob", "pa:ss word", 401)
