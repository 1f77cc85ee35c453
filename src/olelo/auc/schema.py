"""Tables of the authentication centre.

`auc` has one row per subscription (IMSI); its two sealed columns hold the secrets, all others are plain. The
ledger `auc_range` is only ever added to: a number once given to a card is not given again, even after the card
is retired (an MSISDN may be, if the operator says so). `auc_event` is the log of what people did, exports above all.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

VERSION = 1

metadata = MetaData()

# One row. `turn` is written by every change of the ledger, which puts such changes one after the other.
meta = Table(
    "auc_meta",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
)

batches = Table(
    "auc_batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("algorithm", String(255), nullable=False),  # profile text
    Column("mcc", String(3), nullable=False),
    Column("mnc", String(3), nullable=False),  # its length is the declared one
    Column("op_mode", String(16), nullable=False),  # per-card, random-opc, common, imported
    Column("source", String(64), nullable=False),
    Column("count", Integer, nullable=False),
    Column("status", String(8), nullable=False),  # making, ready
    Column("created", BigInteger, nullable=False),  # seconds since 1970
)

ranges = Table(
    "auc_range",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", Integer, ForeignKey("auc_batch.id"), nullable=False),
    Column("kind", String(6), nullable=False),  # imsi, iccid, msisdn
    Column("length", SmallInteger, nullable=False),  # digits of first and of last
    Column("first", String(20), nullable=False),
    Column("last", String(20), nullable=False),
    Index("auc_range_look", "kind", "length", "first", unique=True),
)

cards = Table(
    "auc",
    metadata,
    Column("imsi", String(15), primary_key=True),
    Column("iccid", String(20), unique=True),
    Column("msisdn", String(15), index=True),
    Column("batch_id", Integer, ForeignKey("auc_batch.id"), nullable=False),
    Column("state", String(9), nullable=False),
    Column("kek_id", String(8), nullable=False),
    Column("sealed_keys", LargeBinary(255), nullable=False),
    Column("sealed_codes", LargeBinary),
    Column("amf", Integer, nullable=False),
    Column("sqn", BigInteger, nullable=False),
    Column("ind", Integer, nullable=False),
    Column("ind_length", SmallInteger, nullable=False),
    Column("floor_seq", BigInteger, nullable=False),
    Column("floor_at", BigInteger),
    Column("changed", BigInteger, nullable=False),  # seconds since 1970
    # A batch is browsed by ascending IMSI, in pages; without this each page would read all cards before it.
    Index("auc_batch_look", "batch_id", "imsi"),
    sqlite_with_rowid=False,
)

# Counters of cards whose keys a routing script brings (module ims_auth, ims_auth_data_set); no keys.
scripted = Table(
    "auc_scripted",
    metadata,
    Column("identity", String(255), primary_key=True),
    Column("sqn", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "auc_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),  # seconds since 1970
    Column("who", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("batch", String(64)),
    Column("imsi", String(15), index=True),
    Column("detail", Text, nullable=False),
)
