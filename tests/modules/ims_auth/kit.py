"""A server with cards on the fake network, and phones with SIMs."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import update

from auc.kit import FIRST_IMSI, NOW, RING, Dice, plan
from olelo.auc import schema
from olelo.auc.batch import make_batch
from olelo.auc.cards import Cards, Selection
from olelo.auc.centre import AuthenticationCentre
from olelo.auc.keyfile import create_key_file
from olelo.auc.numbering import msisdn_range
from olelo.auc.seal import CardKeys, seal_keys
from olelo.auc.secret import Secret
from olelo.auc.store import Store
from olelo.auc.usim import Usim
from olelo.testing import Bed, Peer
from olelo.testing.sim_phone import Habits, SimPhone

HOME = "ims.mnc001.mcc001.3gppnetwork.org"
IMPI = f"{FIRST_IMSI}@{HOME}"
SECOND = "001010000000002"
NUMBER = "685700001"

CONFIG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "ims_auth.so"
modparam("ims_auth", "auc_db", "{db}")
modparam("ims_auth", "auc_kek_file", "{kek}")
{params}
request_route {{
{top}
    if (method=="ACK") {{ t_check_trans(); exit; }}
    if (method=="REGISTER") {{
        if (!ims_www_authenticate("{home}")) {{
            $var(code) = $rc;
            xlog("code $var(code)\\n");
            switch ($var(code)) {{
            case -2: case -3:
                t_newtran(); t_reply("403", "Authentication Failed"); exit;
            case -9:
                ims_www_resync_auth("RESYNCED", "{home}"); exit;
            default:
                ims_www_challenge("CHALLENGED", "{home}"{algorithm}); exit;
            }}
        }}
        xlog("code $rc\\n");
        save("location");
        exit;
    }}
    if (!ims_proxy_authenticate("{home}")) {{
        $var(code) = $rc;
        xlog("code $var(code)\\n");
        if ($var(code) == -9) {{ ims_www_resync_auth("RESYNCED", "{home}"); exit; }}
        ims_proxy_challenge("CHALLENGED", "{home}"{algorithm}); exit;
    }}
    xlog("code $rc\\n");
    sl_send_reply("200", "OK");
}}
route[CHALLENGED] {{ xlog("maa $avp(maa_return_code)\\n"); {challenged} }}
route[RESYNCED] {{ xlog("resync $avp(maa_return_code)\\n"); {resynced} }}
"""


@cache
def _stocked(algorithm: str) -> bytes:
    """The file of a database with five active cards; made once, because each commit waits for the disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "auc.db"
        store = Store.open(str(path))
        batch = plan(msisdns=msisdn_range(NUMBER, 5), algorithm=algorithm)
        make_batch(store, RING, batch, now=NOW, who="test", random=Dice())
        store.close()
        return path.read_bytes()


class Place:
    """A database of five active cards (the first with a number), their ring in a file, and servers over them."""

    def __init__(self, folder: Path, algorithm: str = "milenage") -> None:
        self.db = folder / "auc.db"
        self.kek = folder / "kek"
        create_key_file(self.kek, RING.text())
        self.db.write_bytes(_stocked(algorithm))
        self.store = Store.open(str(self.db))
        self._centre = AuthenticationCentre(self.store, RING)
        self._phones = 0
        self.beds: list[Bed] = []

    def bed(
        self,
        *params: str,
        top: str = "",
        algorithm: str = "",
        challenged: str = "exit;",
        resynced: str = "exit;",
        config: str = CONFIG,
    ) -> Bed:
        for old in self.beds:
            old.engine.modules["ims_auth"].stop()
        lines = "\n".join(f'modparam("ims_auth", {each})' for each in params)
        made = Bed(
            config.format(
                db=self.db, kek=self.kek, params=lines, top=top, home=HOME,
                algorithm=f', "{algorithm}"' if algorithm else "", challenged=challenged, resynced=resynced,
            )
        )  # fmt: skip
        self.beds.append(made)
        return made

    def usim(self, imsi: str = FIRST_IMSI, **options: object) -> Usim:
        return Usim(self._centre.functions(self._centre.subscriber(imsi)), **options)  # type: ignore[arg-type]

    def close(self) -> None:
        for bed in self.beds:
            bed.engine.modules["ims_auth"].stop()
        self.store.close()

    def phone(
        self,
        peer: Peer,
        imsi: str = FIRST_IMSI,
        *,
        usim: Usim | None = None,
        habits: Habits | None = None,
        **options: str,
    ) -> SimPhone:
        """A phone on a peer's address, with its own card unless one is given."""
        self._phones += 1
        return SimPhone(
            usim or self.usim(imsi), imsi, "001", "01", contact=f"sip:{imsi}@{peer.hostport}", habits=habits,
            seed=f"phone{self._phones}", **options,
        )  # fmt: skip

    def sqn(self, imsi: str = FIRST_IMSI) -> int:
        return self.store.subscriber(imsi).counter.sqn

    def set_keys(self, k: bytes, opc: bytes, imsi: str = FIRST_IMSI) -> None:
        """Give a card other keys."""
        card = self.store.subscriber(imsi)
        sealed = seal_keys(RING, card.binding, CardKeys(Secret(k), Secret(opc)), Dice("seal"))
        with self.store.engine.begin() as connection:
            connection.execute(update(schema.cards).where(schema.cards.c.imsi == imsi).values(sealed_keys=sealed))

    def set_state(self, state: str, imsi: str = FIRST_IMSI) -> None:
        Cards(self.store).set_state(Selection(imsis=(imsi,)), state, now=NOW, who="test")


def exchange(peer: Peer, request: bytes) -> bytes:
    """Send and take the final answer."""
    peer.send(request)
    assert peer.inbox, "no answer\n" + "\n".join([*peer.bed.story(), *peer.bed.log])
    packet = peer.inbox.pop(0)
    assert not peer.inbox
    return packet.data


def register(phone: SimPhone, peer: Peer, expires: int = 3600) -> int:
    return phone.run(lambda request: exchange(peer, request), expires)


def codes(bed: Bed, word: str = "code") -> list[str]:
    """What the script logged after a word."""
    mark = f"<script>: {word} "
    return [line.removeprefix(mark) for line in bed.log if line.startswith(mark)]


def stat(bed: Bed, name: str) -> int:
    value = bed.engine.stats.get("ims_auth", name)
    assert value is not None
    return value
