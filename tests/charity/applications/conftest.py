from __future__ import annotations

import sys
from pathlib import Path

import pytest

import factories as make

sys.path.insert(0, str(Path(__file__).parent))
import application_kit as kit


@pytest.fixture
def acc(db):
    return make.account()


@pytest.fixture
def phone(acc):
    return kit.browser(acc)


@pytest.fixture
def charity(db):
    return make.organisation("charity")


@pytest.fixture
def fund(charity):
    return make.fund(charity)
