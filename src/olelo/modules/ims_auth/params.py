"""The parameters of ims_auth: Kamailio's, and those that tie it to the authentication centre of `olelo sim`."""

from __future__ import annotations

import ipaddress

from olelo.core.module import Module, param


def _positive(value: int) -> None:
    if value < 1:
        raise ValueError("must be at least 1")


def _not_negative(value: int) -> None:
    if value < 0:
        raise ValueError("cannot be negative")


def _networks(value: str) -> None:
    networks_of(value)


def networks_of(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Addresses and networks, separated by commas. Raises ValueError."""
    return [ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


class ImsAuthParams(Module):
    """Digest AKA (RFC 3310, RFC 4169): phones that authenticate with their SIM, against the keys of `olelo sim`.

    Kamailio asks a HSS by Diameter; here the authentication centre is in the same program and nothing is asked over
    the network. What speaks of Diameter is accepted without effect. See docs/sim-registration.md.
    """

    name = "ims_auth"
    needs = ("tm",)
    statistics = {
        "challenges": "Challenges sent.",
        "authenticated": "Right answers.",
        "wrong_answers": "Wrong answers, a plain MD5 one among them.",
        "mac_failures": "Phones whose SIM did not recognise our keys (an empty answer without AUTS).",
        "resyncs": "Sequence numbers set by AUTS.",
        "auts_refused": "AUTS whose MAC-S was wrong, or that could not be read.",
        "stale_nonces": "Answers to a nonce that is not held: expired, used, or never sent.",
        "unknown_cards": "Challenges refused because no card has that identity.",
        "refused_cards": "Challenges refused because the card is not active, or the public identity is not its own.",
        "repeated_challenges": "Challenges sent again because the card had max_challenges unanswered.",
        "too_many": "Challenges refused because the card, or the database, had too much to do.",
        "mar_timeouts": "Requests that gave up waiting for the database; Kamailio's for Diameter.",
        "mar_avg_response_time": "Milliseconds that the database takes to answer, on average.",
        "mar_replies_received": "Answers of the database.",
        "mar_replies_response_time": "Milliseconds of them all.",
    }

    # --- the authentication centre: our own ---
    auc_db = param(
        "",
        "Database of `olelo sim`: an SQLite file or an SQLAlchemy URL. Empty: OLELO_AUC_DB, else /var/lib/olelo/auc.db.",
    )
    auc_kek_file = param("", "File of its key-encryption keys. Empty: as `olelo sim` looks for them.")
    trusted_pcscf = param(
        "",
        "Addresses or networks of P-CSCFs that get ck and ik in challenges; nobody else does.",
        check=_networks,
        repeat=True,
    )
    max_challenges = param(
        64, "Unanswered challenges that one card may have; then the newest is sent again.", check=_positive
    )
    max_held = param(100_000, "Unanswered challenges of all cards; then the oldest is forgotten.", check=_positive)
    check_impu = param(1, "0: any public identity may be registered with a card. 1: only its IMSI and its number.")

    # --- Kamailio's, with effect ---
    auth_vector_timeout = param(60, "Seconds that a challenge waits for its answer.", check=_positive)
    auth_used_vector_timeout = param(
        3600, "Seconds that a nonce may go on being used, where max_nonce_reuse lets it.", check=_positive
    )
    max_nonce_reuse = param(0, "How often a nonce may be used again, its nc counting up.", check=_not_negative)
    add_authinfo_hdr = param(1, "1: Authentication-Info in the answer to a REGISTER, with rspauth. 0: none.")
    registration_default_algorithm = param(
        "AKAv1-MD5", "Where the script names none: AKAv1-MD5, AKAv2-MD5, or HSS-Selected, which is the former here."
    )
    registration_qop = param("auth,auth-int", "qop offered for REGISTER; empty: none.")
    invite_qop = param("auth", "qop offered for INVITE; empty: none.")
    ignore_failed_auth = param(0, "1: take every answer for right. For load tests without SIMs only.")
    av_check_only_impu = param(0, "1: the public identity, or its user part, may stand as user name in the answer.")
    av_mode = param(0, "1: use the keys of ims_auth_data_set() where the script has given some.")

    # --- Kamailio's, without effect ---
    name_ = param("", "Name of the S-CSCF towards the HSS.", noop=True, names=("name",))
    auth_data_hash_size = param(1024, "Size of a hash table.", noop=True)
    auth_data_timeout = param(60, "Seconds that an empty entry of that table is kept.", noop=True)
    av_request_at_once = param(1, "Vectors asked for at once: each challenge has one of its own here.", noop=True)
    av_request_at_sync = param(1, "The same for resynchronisation.", noop=True)
    cxdx_forced_peer = param("", "Diameter peer to ask.", noop=True)
    cxdx_dest_realm = param("ims.smilecoms.com", "Realm of Diameter requests.", noop=True)
    cxdx_dest_host = param("", "Host of Diameter requests.", noop=True)

    def init(self) -> None:
        self.trusted = [network for text in self.values("trusted_pcscf") for network in networks_of(text)]

    def is_trusted(self, ip: str) -> bool:
        """Whether the previous hop is a P-CSCF that may have ck and ik."""
        return bool(self.trusted) and any(ipaddress.ip_address(ip) in network for network in self.trusted)
