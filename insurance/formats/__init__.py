"""Any sender's JSON record, in any dialect, to one canonical `Settlement` (domain.md, "Settlement").

Pure: no database, no request. `decode_body` splits a request into raw records, `read` turns one of them into
`Accepted`, `Refused` or `Quarantined`, `content_hash` tells two contents apart.
"""

from .canonical import (
    Accepted,
    Hardship,
    PersonFields,
    Quarantined,
    ReadResult,
    Reason,
    RecordWarning,
    Refused,
    Settlement,
    content_hash,
    residual_cash,
    residual_in_scope,
    residual_out_of_scope,
    residual_person,
    to_json,
)
from .decode import Body, RawRecord, RequestFault, decode_body
from .messages import message
from .reader import read

__all__ = [
    "Accepted",
    "Body",
    "Hardship",
    "PersonFields",
    "Quarantined",
    "RawRecord",
    "ReadResult",
    "Reason",
    "RecordWarning",
    "Refused",
    "RequestFault",
    "Settlement",
    "content_hash",
    "decode_body",
    "message",
    "read",
    "residual_cash",
    "residual_in_scope",
    "residual_out_of_scope",
    "residual_person",
    "to_json",
]
