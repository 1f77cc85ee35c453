"""Parameters of auth."""

from __future__ import annotations

from olelo.core.module import Module, param
from olelo.sip.digest import is_known


def _qop(text: str) -> None:
    if text not in ("", "auth", "auth-int"):
        raise ValueError(f'must be "auth", "auth-int" or empty, not {text!r}')


def _algorithm(text: str) -> None:
    if text and not (text in ("MD5", "SHA-256") and is_known(text.encode())):
        raise ValueError(f'must be "MD5", "SHA-256" or empty, not {text!r}')


def _avp(text: str) -> None:
    if not text.startswith("$") or len(text) < 2:
        raise ValueError(f"takes an AVP such as $digest_challenge, not {text!r}")


def _positive(value: int) -> None:
    if value < 0:
        raise ValueError(f"must not be negative, and is {value}")


class AuthParams(Module):
    """Digest authentication: challenges, and the checks of what comes back. Where passwords are kept is for other
    modules (auth_db), or for the script (pv_auth_check)."""

    name = "auth"
    needs = ("sl",)

    secret = param(
        "", "Secret that nonces are made with; the same on all servers of a cluster. Empty: a new one each start."
    )
    nonce_expire = param(300, "Seconds that a nonce is good for.", check=_positive)
    nonce_auth_max_drift = param(3, "Seconds that a nonce of another server may come from the future.", check=_positive)
    protect_contacts = param(0, "Contacts in nonces.", noop=True)
    challenge_attr = param("$digest_challenge", "AVP for the challenge line that pv_*_authenticate makes.", check=_avp)
    proxy_challenge_header = param("Proxy-Authenticate", "Name of the header of a proxy challenge.")
    www_challenge_header = param("WWW-Authenticate", "Name of the header of a challenge.")
    qop = param(
        "auth",
        'Quality of protection of challenges that other modules make: "auth", "auth-int"; with it nonce_count.',
        check=_qop,
    )
    auth_checks_register = param(
        0, "Nonces of REGISTER are bound to: 1 Request-URI, 2 Call-ID, 4 From tag, 8 source address."
    )
    auth_checks_no_dlg = param(0, "The same for other requests outside dialogs.")
    auth_checks_in_dlg = param(0, "The same for requests within dialogs.")
    nonce_count = param(0, "1: each nonce count is taken once (needs qop); above 255 a new nonce is asked for.")
    nc_array_size = param(
        1024 * 1024, "Nonces whose count is remembered, rounded down to a power of two.", check=_positive
    )
    nc_array_order = param(0, "The same as a power of two; 0: nc_array_size counts.", check=_positive)
    one_time_nonce = param(0, "1: each nonce is taken once.")
    otn_in_flight_no = param(
        1024 * 1024, "One-time nonces that are remembered, rounded down to a power of two.", check=_positive
    )
    otn_in_flight_order = param(0, "The same as a power of two; 0: otn_in_flight_no counts.", check=_positive)
    nid_pool_no = param(1, "Pools of nonce numbers that are taken, 64 at most.", check=_positive)
    force_stateless_reply = param(0, "1: challenges are sent without a transaction, also where there is one.")
    realm_prefix = param("", "Prefix that is cut off realms.")
    use_domain = param(0, "1: pv_auth_check() compares domains, too.")
    algorithm = param(
        "", 'Digest algorithm: "MD5", "SHA-256"; empty: MD5, and not named in challenges.', check=_algorithm
    )
    add_authinfo_hdr = param(0, "1: Authentication-Info in the answer to a request whose response was right.")
