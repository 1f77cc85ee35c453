"""Authentication centre: SIM keys, Milenage and TUAK, vectors, storage.

A registrar needs these names: `AuthenticationCentre` (subscribers, vectors, resynchronisation), `Store` (the
database), `Keyring` (the keys that open the sealed records), and `AucError` with its kinds in
`olelo.auc.errors`. Everything is synchronous; the caller passes `now` in and decides on which thread a database
call runs.
"""

from olelo.auc.centre import AuthenticationCentre
from olelo.auc.errors import AucError
from olelo.auc.keyring import Keyring
from olelo.auc.secret import Secret
from olelo.auc.store import Store, Subscriber
from olelo.auc.vector import Vector, parse_auts

__all__ = ["AucError", "AuthenticationCentre", "Keyring", "Secret", "Store", "Subscriber", "Vector", "parse_auts"]
