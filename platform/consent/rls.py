"""The consent condition as SQL, for the policies of every room that holds personal data."""

from __future__ import annotations


def live(table: str, column: str, category: str, match: str = "application_id") -> str:
    """True when the organisation that asks holds a live consent of this category for the row.

    column: the row's column; match: the consent's column it must equal (application_id or need_id).
    """
    return (
        "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM consent c"
        f" WHERE c.{match} = {table}.{column} AND c.organisation_id = (SELECT app_org())"
        " AND c.decision AND c.withdrawn_at IS NULL AND c.valid_until > now()"
        f" AND '{category}' = ANY (c.categories))"
    )


def represents(table: str, column: str = "person_id") -> str:
    """True when the patient account that asks speaks for the row's person."""
    return (
        "EXISTS (SELECT 1 FROM representation r"
        f" WHERE r.person_id = {table}.{column} AND r.account_id = (SELECT app_account()) AND r.revoked_at IS NULL)"
    )
