"""A family's number in a browser that it never used: asked, turned away, let in, known, removed; keys and centres."""

import re

import pytest

from devstack.demo import cast

pytestmark = pytest.mark.e2e
PHONE = {"width": 375, "height": 780}


def code(visitor):
    """Phone and code, without the minute that two messages to one phone have to be apart."""
    visitor.jieli.sql("DELETE FROM one_time_code RETURNING 1")
    visitor.go("/sign-in/")
    visitor.page.fill("input[name=phone]", cast.MOTHER_PHONE)
    visitor.press("发验证码")
    visitor.page.fill("input[name=code]", re.search(r"验证码 (\d{6})", visitor.page.inner_text("body"))[1])
    visitor.press("登录")


def answer(visitor, tail, day):
    visitor.page.fill("input[name=tail]", tail)
    visitor.page.fill("input[name=birth_date]", day)
    visitor.press("登录", exact=True)


def test_a_recycled_number_opens_nothing_and_the_family_goes_on(jieli, visit):
    family = visit("device-family", PHONE)
    code(family)
    family.sees("再核对一下", "演示环境可以这样填")
    family.fits()
    family.shot("asked")
    said = family.page.inner_text("body")
    tail, day = re.search(r"后四位 (\S{4})，出生日期 (\d{8})", said).groups()
    family.press("登录", exact=True)
    family.sees("请填身份证号的后四位", "请填出生日期")
    family.shot("empty")
    answer(family, tail, day)
    family.sees("我的申请")
    family.press("登录过的设备")
    family.sees("这一台", "在一台新设备上登录")
    family.fits()
    family.shot("devices")

    stranger = visit("device-stranger", PHONE, java_script_enabled=False)
    code(stranger)
    for left in (4, 3, 2, 1):
        answer(stranger, "0000", day)
        stranger.sees(f"还可以试 {left} 次")
    stranger.shot("wrong")
    answer(stranger, "0000", day)
    stranger.sees("试错太多次了", "400-")
    stranger.shot("locked")
    assert "/sign-in/" in stranger.go("/my/").url

    family.go("/my/")
    family.press("退出登录")
    code(family)
    family.sees("我的申请")
    family.go("/sign-in/devices/")
    family.sees("没答对，没让进")
    family.shot("told")
    family.press("移除这一台，退出登录")
    assert "/sign-in/" in family.go("/my/").url
    code(family)
    family.sees("试错太多次了")


def test_the_same_pages_on_a_desk(visit):
    desk = visit("device-desk")
    code(desk)
    desk.fits()
    desk.shot("locked-or-asked")


def test_an_insurers_administrator_changes_a_key_and_the_operator_the_centres(staff):
    chief = staff("changsha.admin")
    chief.press("接口密钥")
    chief.shot("keys")
    chief.press("改权限、换密钥、停用")
    chief.fits()
    chief.shot("key")
    chief.press("换密钥")
    chief.sees("请现在就把密钥存进您的系统")
    chief.shot("secret")
    operator = staff("operator.admin")
    operator.press("经办机构")
    operator.sees("长沙医保", "湖南省长沙市")
    operator.fits()
    operator.shot("centres")
    operator.page.get_by_role("link", name="改", exact=True).first.click()
    operator.page.fill("textarea[name=codes]", "430199\n437700")
    operator.press("保存")
    operator.sees("这些不是经办机构的代码：437700")
    operator.shot("wrong")
    operator.page.fill("textarea[name=codes]", "430199\n430100")
    operator.press("保存")
    operator.sees("存好了")
    operator.fits()
    operator.shot("centre")
