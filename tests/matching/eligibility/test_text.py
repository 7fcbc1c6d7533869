"""Sentences of the engine stay translatable without the engine knowing Django."""

import pickle

from matching.eligibility.text import join, mark

WORDS = {"还没有%(what)s": "%(what)s missing", "户口簿": "Household register", "身份证": "ID card"}


def gettext(msgid):
    return WORDS.get(msgid, msgid)


def test_a_sentence_is_plain_chinese_and_translates_with_its_parts():
    sentence = mark("还没有%(what)s", what=join([mark("户口簿"), mark("身份证")]))
    assert sentence == "还没有户口簿、身份证"
    assert sentence.translated(gettext) == "Household register、ID card missing"


def test_a_percent_sign_in_a_sentence_without_parameters_is_itself():
    assert mark("给 85%") == "给 85%"
    assert mark("给 85%").translated(gettext) == "给 85%"


def test_a_sentence_survives_pickling():
    sentence = mark("还没有%(what)s", what="户口簿")
    again = pickle.loads(pickle.dumps(sentence))
    assert (again, again.msgid, again.params) == (sentence, sentence.msgid, {"what": "户口簿"})
