"""Every page that somebody lands on: looked at by axe, wide and narrow, without a word of the console."""

import pytest

pytestmark = pytest.mark.e2e
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
NARROW = {"width": 375, "height": 780}
WIDE = {"width": 1280, "height": 860}
MEMBERS = {
    "chenxi.worker2": ["/staff/queue/", "/staff/funds/", "case", "fund"],
    "tongzhou.approver": ["/staff/queue/", "case"],
    "kangning.payer": ["/staff/payments/"],
    "tongzhou.payer": ["/staff/payments/recoveries/", "/staff/payments/recoveries/?tab=all"],
    "reviewer": ["/identity/", "/identity/second/", "/identity/decided/", "/identity/precision/"],
    "chenxi.manager": ["/staff/funds/", "fund", "/staff/audit/"],
    "chenxi.admin": ["/organisation/members/", "/organisation/clients/"],
    "qinhuangdao.clerk": ["/desk/pushes/", "/desk/pushes/?state=quarantined", "push", "/desk/invitations/"],
    "anxin.clerk": ["/desk/pushes/"],
    "hospital.clerk": ["/desk/pushes/"],
    "operator.auditor": ["/identity/", "/staff/audit/", "/organisation/health/"],
    "regulator": ["/staff/audit/", "/identity/precision/"],
    "two.houses": ["/staff/queue/"],
}


def look(visitor, name):
    """No serious violation, nothing sticking out, at both widths; the pictures are kept."""
    found = []
    for size in (WIDE, NARROW):
        visitor.page.set_viewport_size(size)
        visitor.shot(name)
        visitor.fits()
        response = axe.Axe().run(visitor.page).response
        found += [
            (violation["id"], [node["target"] for node in violation["nodes"]][:3])
            for violation in response["violations"]
            if violation["impact"] in {"serious", "critical"}
        ]
    return found


def address(jieli, word, first):
    if word.startswith("/"):
        return word
    code = first.split(".")[0]
    if word == "push":
        ((pk,),) = jieli.sql(
            "SELECT r.id FROM intake_record r JOIN organisation o ON o.id = r.sender_id"
            " WHERE o.code = %s AND r.state = 'quarantined' LIMIT 1",
            f"{code}-yb",
        )
        return f"/desk/pushes/{pk}/"
    table = "aid_case" if word == "case" else "fund"
    ((pk,),) = jieli.sql(
        f"SELECT t.id FROM {table} t JOIN organisation o ON o.id = t.organisation_id"
        " WHERE o.code = %s ORDER BY t.id DESC LIMIT 1",
        code,
    )
    return f"/staff/{'cases' if word == 'case' else 'funds'}/{pk}/"


@pytest.mark.parametrize("first", MEMBERS)
def test_a_members_pages_are_accessible_wide_and_narrow(jieli, staff, first):
    visitor = staff(first)
    violations = {}
    for number, word in enumerate(["home", *MEMBERS[first]]):
        if word != "home":
            answer = visitor.go(address(jieli, word, first))
            if answer.status in {403, 404}:
                continue
        found = look(visitor, f"{number}-{word.strip('/').replace('/', '-').split('?')[0]}")
        if found:
            violations[word] = found
    assert not violations


def test_pages_for_everybody_are_accessible(jieli, visit):
    visitor = visit("public")
    violations = {}
    for path in ("/", "/help/", "/sign-in/", "/accounts/login/", "/no-such-page/", "/api/v1/docs/"):
        visitor.go(path)
        if path == "/api/v1/docs/":
            visitor.page.get_by_role("button", name="Authorize").wait_for()
            visitor.shot("docs")
            continue
        found = look(visitor, path.strip("/").replace("/", "-") or "start")
        if found:
            violations[path] = found
    assert not violations
