"""Noise model of the three sources; where its rates come from stands in docs/reference/corpus.md."""

from random import Random

from devstack.synthetic import noise
from devstack.synthetic.homophones import READING_OF
from devstack.synthetic.people import SyntheticPerson

# An application typed by the person on a phone; the form checks the number's length and check digit.
ONLINE = noise.NoiseRates(
    homophone=0.03, accent=0.006, traditional=0.003, name_dropped=0.003, name_swapped=0.002, id_missing=0.07,
    id_slip=0.008, id_transposed=0.004, id_old=0.004, id_masked=0.0, birth_slip=0.01, day_month=0.004,
    lunar=0.05, year_only=0.004, birth_missing=0.06, sex_wrong=0.004, sex_missing=0.05, phone_missing=0.02,
    phone_changed=0.16, phone_slip=0.008, area_elsewhere=0.12, address_missing=0.15,
)  # fmt: skip
# An application on paper, typed by somebody else from handwriting, later, without checks.
PAPER = noise.NoiseRates(
    homophone=0.055, accent=0.012, traditional=0.01, name_dropped=0.008, name_swapped=0.006, id_missing=0.16,
    id_slip=0.05, id_transposed=0.025, id_old=0.05, id_masked=0.05, birth_slip=0.03, day_month=0.02,
    lunar=0.10,    year_only=0.05, birth_missing=0.12, sex_wrong=0.012, sex_missing=0.12, phone_missing=0.15,
    phone_changed=0.22, phone_slip=0.03, area_elsewhere=0.15, address_missing=0.25,
)  # fmt: skip

MASKS = (("stars", 42), ("star", 14), ("middle", 16), ("moumou", 14), ("mou", 9), ("last", 5))

# How people write a disease: by ICD-10 code of the insurer's record.
DISEASE_WORDS: dict[str, tuple[str, ...]] = {
    "C91.0": ("白血病", "急性白血病", "急淋", "急性淋巴细胞白血病", "血癌", "ALL高危"),
    "C92.0": ("白血病", "急性白血病", "急性髓系白血病", "急髓", "M5白血病", "血癌"),
    "C92.1": ("慢粒", "慢性粒细胞白血病", "白血病", "慢性白血病"),
    "D61.9": ("再障", "再生障碍性贫血", "重型再障", "重度贫血"),
    "Q21.0": ("先心病", "先天性心脏病", "室缺", "室间隔缺损", "心脏有洞"),
    "Q21.3": ("先心病", "先天性心脏病", "法洛四联症", "法四", "复杂先心病"),
    "C50.9": ("乳腺癌", "乳癌", "乳腺恶性肿瘤", "乳腺癌晚期"),
    "C34.9": ("肺癌", "肺部恶性肿瘤", "肺腺癌", "肺癌晚期", "肺癌脑转移"),
    "C22.0": ("肝癌", "肝细胞癌", "肝癌晚期", "肝恶性肿瘤"),
    "C18.9": ("肠癌", "结肠癌", "直肠癌", "结肠恶性肿瘤"),
    "C53.9": ("宫颈癌", "子宫颈癌", "宫颈恶性肿瘤"),
    "N18.6": ("尿毒症", "肾衰竭", "慢性肾衰竭尿毒症期", "肾衰", "终末期肾病"),
    "I63.9": ("脑梗", "脑梗死", "中风", "脑卒中", "脑梗塞"),
    "I21.9": ("心梗", "急性心梗", "急性心肌梗死", "心肌梗塞"),
    "I25.1": ("冠心病", "心脏病", "冠状动脉粥样硬化"),
    "E11.9": ("糖尿病", "2型糖尿病", "糖尿病并发症"),
    "M32.9": ("红斑狼疮", "系统性红斑狼疮", "狼疮", "狼疮肾炎"),
    "S72.0": ("股骨颈骨折", "骨折", "髋部骨折", "大腿骨折"),
    "J18.9": ("肺炎", "重症肺炎", "肺部感染"),
    "K80.1": ("胆结石", "胆囊炎", "胆囊结石"),
    "G80.9": ("脑瘫", "脑性瘫痪", "小儿脑瘫"),
    "E75.2": ("戈谢病", "罕见病", "高雪氏病"),
    "D66": ("血友病", "血友病A", "甲型血友病"),
}
AREA_WORDS: dict[str, tuple[str, ...]] = {
    "4301": ("湖南长沙", "长沙", "湖南省长沙市", "长沙市"),
    "1303": ("河北秦皇岛", "秦皇岛", "河北省秦皇岛市", "秦皇岛市"),
}


def name_as_others_call_it(person: SyntheticPerson, name: str, rng: Random) -> tuple[str, str]:
    """(name, what was done): now and then a nickname, title, Latin letters or loose spaces."""
    roll = rng.random()
    if roll < 0.003:
        return ("小" if person.birth_date.year > 1975 else "老") + person.surname, "nickname"
    if roll < 0.006:
        return person.surname + ("先生" if person.sex == "1" else "女士"), "title"
    if roll < 0.010 and all(c in READING_OF for c in name):
        syllables = [READING_OF[c][0] for c in name]
        cut = len(person.surname)
        surname, given = "".join(syllables[:cut]).title(), "".join(syllables[cut:]).title()
        return (f"{surname} {given}" if rng.random() < 0.5 else f"{given} {surname}"), "latin"
    if roll < 0.018 and len(name) == 2:
        return f"{name[0]}　{name[1]}", "spaced"
    if roll < 0.024:
        return f" {name} ", "spaced"
    return name, ""


def hospital_as_typed(name: str, aliases: tuple[str, ...], rng: Random, formal: float) -> str:
    """The registered name with probability `formal`, else one of its everyday names."""
    return name if rng.random() < formal or not aliases else rng.choice(aliases)


def disease_as_typed(code: str, registered: str, rng: Random, formal: float) -> str:
    """The registered disease name with probability `formal`, else one of people's words for it."""
    return registered if rng.random() < formal else rng.choice(DISEASE_WORDS[code])


def mask(person: SyntheticPerson, rng: Random) -> tuple[str, str]:
    """(masked name, style) as designated platforms print it."""
    style = rng.choices([s for s, _ in MASKS], [w for _, w in MASKS])[0]
    return noise.mask_name(person.surname, person.given_name, style), style
