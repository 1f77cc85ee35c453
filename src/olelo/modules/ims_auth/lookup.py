"""Which card a claim is about: the local authentication centre's answer to "who is this?"."""

from __future__ import annotations

from olelo.auc import Store, Subscriber
from olelo.auc.errors import NotFound
from olelo.auc.numbering import home_domain
from olelo.modules.ims_auth.identity import Claim, looks_like_imsi, msisdn_of
from olelo.modules.ims_auth.subject import ACTIVE, Subject


def locate(store: Store, claim: Claim, check_impu: bool) -> Subject | None:
    """The card that a claim is about; None if it is about none of ours. Reads the database.

    The private identity decides. Where it names no card of ours, the public one does: it belongs to a card, and
    whoever asks for it with another private identity is to be refused and not sent to some other way of
    authentication.
    """
    private = _by_imsi(store, claim.impi.partition("@")[0])
    if private is not None and not _domain_fits(private, claim.impi.partition("@")[2], claim.realm):
        private = None
    card = private or _by_imsi(store, claim.user) or _by_msisdn(store, claim.user)
    if card is None or (private is None and not _domain_fits(card, claim.domain, claim.realm)):
        return None  # in another domain, the same digits may be somebody else
    explicit = claim.credentials is not None and claim.impi != claim.impu.partition(":")[2]
    matches = not check_impu or _impu_fits(card, claim)
    if private is None and explicit and check_impu:
        matches = False  # somebody else's user name
    return Subject(card.imsi, home_domain(card.mcc, card.mnc), card.msisdn or "", card.state, card.batch, matches)


def _by_imsi(store: Store, user: str) -> Subscriber | None:
    if not looks_like_imsi(user):
        return None
    try:
        return store.subscriber(user)
    except NotFound:
        return None


def _by_msisdn(store: Store, user: str) -> Subscriber | None:
    """The card of a telephone number. Several cards may share one: then the only active one, else none of them."""
    digits = msisdn_of(user)
    found = store.subscribers_by_msisdn(digits) if digits is not None else []
    if len(found) > 1:
        found = [card for card in found if card.state == ACTIVE]
    return found[0] if len(found) == 1 else None


def _domain_fits(card: Subscriber, domain: str, realm: str) -> bool:
    return domain.lower() in ("", home_domain(card.mcc, card.mnc), realm.lower())


def _impu_fits(card: Subscriber, claim: Claim) -> bool:
    """Whether the public identity is the card's: its IMSI or number, in its home network's domain or the realm."""
    if claim.anonymous:
        return True
    if claim.user != card.imsi and (not card.msisdn or msisdn_of(claim.user) != card.msisdn):
        return False
    return _domain_fits(card, claim.domain, claim.realm)
