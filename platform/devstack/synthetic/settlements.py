# ruff: noqa: S311
"""Bills after statutory insurance that add up to the fen.

A settlement is computed as an insurer would: what the catalogue excludes, what is over the price limit, first
self-pay of class B items, then deductible, basic fund, supplements, major-illness insurance and medical
assistance on what is left. All sums are integers of fen inside and `Decimal` yuan with two places outside; the
four identities hold exactly:

I1 total = funds + person + hospital; I2 funds = the sum of the layers; I3 person = account + cash and the
account includes the mutual-aid part; I4 total = excluded + over limit + first self-pay + within scope.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from devstack.synthetic.people import Population, SyntheticPerson
from devstack.synthetic.places import CITIES, HOSPITALS, Hospital

_CITY = {city.code: city for city in CITIES}


@dataclass(frozen=True)
class Disease:
    """One disease as the generator knows it.

    weight: how often it leads to bills here; ages: (from, to) years; days: mean length of stay; yuan: median
    inpatient bill; spread: sigma of the log-normal; excluded: mean share outside the catalogue; chronic: a
    chronic outpatient series (med_type 14), its median bill; sex: "" both, "1" or "2".
    """

    code: str
    name: str
    speciality: str
    weight: int
    ages: tuple[int, int]
    days: int
    yuan: int
    spread: float
    excluded: float
    chronic: int = 0
    sex: str = ""


DISEASES: tuple[Disease, ...] = (
    Disease("C91.0", "急性淋巴细胞白血病", "blood", 6, (1, 30), 24, 62000, 0.7, 0.14, 2600),
    Disease("C92.0", "急性髓系白血病", "blood", 5, (12, 80), 26, 78000, 0.7, 0.15, 3100),
    Disease("C92.1", "慢性粒细胞白血病", "blood", 3, (20, 80), 9, 16000, 0.5, 0.10, 7800),
    Disease("D61.9", "再生障碍性贫血", "blood", 3, (5, 70), 16, 31000, 0.7, 0.12, 2900),
    Disease("Q21.0", "室间隔缺损", "child", 5, (0, 14), 13, 46000, 0.4, 0.10),
    Disease("Q21.3", "法洛四联症", "child", 3, (0, 12), 19, 82000, 0.4, 0.12),
    Disease("C50.9", "乳腺恶性肿瘤", "cancer", 9, (28, 80), 11, 27000, 0.6, 0.12, 4200, "2"),
    Disease("C34.9", "支气管和肺恶性肿瘤", "cancer", 12, (35, 90), 13, 29000, 0.7, 0.15, 6100),
    Disease("C22.0", "肝细胞癌", "cancer", 6, (35, 85), 12, 34000, 0.7, 0.15, 5200),
    Disease("C18.9", "结肠恶性肿瘤", "cancer", 6, (35, 88), 14, 41000, 0.5, 0.13, 3900),
    Disease("C53.9", "宫颈恶性肿瘤", "cancer", 4, (28, 80), 14, 31000, 0.5, 0.11, 0, "2"),
    Disease("N18.6", "终末期肾病（尿毒症）", "kidney", 12, (18, 88), 12, 18000, 0.6, 0.07, 1050),
    Disease("I63.9", "脑梗死", "general", 18, (45, 95), 11, 14500, 0.5, 0.07, 420),
    Disease("I21.9", "急性心肌梗死", "heart", 9, (38, 92), 9, 46000, 0.4, 0.10, 380),
    Disease("I25.1", "冠状动脉粥样硬化性心脏病", "heart", 12, (45, 92), 8, 21000, 0.6, 0.08, 360),
    Disease("E11.9", "2型糖尿病", "general", 14, (35, 90), 9, 8200, 0.4, 0.05, 310),
    Disease("M32.9", "系统性红斑狼疮", "general", 4, (14, 65), 12, 15800, 0.6, 0.09, 980, "2"),
    Disease("S72.0", "股骨颈骨折", "general", 6, (55, 96), 15, 43000, 0.4, 0.12),
    Disease("J18.9", "肺炎", "general", 20, (0, 95), 8, 6200, 0.5, 0.05),
    Disease("K80.1", "胆囊结石伴胆囊炎", "general", 10, (22, 88), 7, 14200, 0.4, 0.06),
    Disease("G80.9", "脑性瘫痪", "child", 2, (1, 16), 28, 17500, 0.4, 0.12),
    Disease("E75.2", "戈谢病", "child", 1, (1, 30), 6, 9800, 0.4, 0.08, 68000),
    Disease("D66", "遗传性因子Ⅷ缺乏（血友病A）", "blood", 2, (1, 55), 7, 19500, 0.7, 0.08, 6400, "1"),
)

PAY_FIELDS = (
    ("basic", "hifp_pay"), ("civil_servant", "cvlserv_pay"), ("enterprise", "hifes_pay"),
    ("catastrophic", "hifmi_pay"), ("large_amount", "hifob_pay"), ("other_supplement", "hifdm_pay"),
    ("assistance", "maf_pay"), ("other", "oth_pay"),
)  # fmt: skip
_INSUTYPE_NAMES = {"310": "职工基本医疗保险", "390": "城乡居民基本医疗保险"}
_MED_TYPE_NAMES = {"2101": "普通住院", "14": "门诊慢特病", "28": "日间手术"}


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


@dataclass(frozen=True)
class SyntheticSettlement:
    """One bill. Amounts are `Decimal` yuan with two places; `pays` has the eight layers by canonical name."""

    person: SyntheticPerson
    setl_id: str
    mdtrt_id: str
    msgid: str
    medins_setl_id: str
    hospital: Hospital
    disease: Disease
    med_type: str
    insutype: str
    issuing_centre: str
    insured_area: str
    admitted_on: date
    discharged_on: date
    settled_at: datetime
    total_fee: Decimal
    fund_paid: Decimal
    person_paid: Decimal
    hospital_borne: Decimal
    account_paid: Decimal
    account_mutual_paid: Decimal
    cash_paid: Decimal
    own_expense: Decimal
    over_limit: Decimal
    first_self_pay: Decimal
    in_scope: Decimal
    deductible: Decimal
    pays: dict[str, Decimal] = field(default_factory=dict)

    def as_canonical(self) -> dict[str, object]:
        """The canonical settlement; amounts and dates as strings, naive times are Asia/Shanghai."""
        return {
            "setl_id": self.setl_id,
            "issuing_centre": self.issuing_centre,
            "insured_area": self.insured_area,
            "msgid": self.msgid,
            "kind": "settlement",
            "insutype": self.insutype,
            "med_type": self.med_type,
            "hospital_code": self.hospital.code,
            "hospital_name": self.hospital.name,
            "admitted_on": self.admitted_on.isoformat(),
            "discharged_on": self.discharged_on.isoformat(),
            "settled_at": self.settled_at.isoformat(sep=" "),
            "disease_code": self.disease.code,
            "disease_name": self.disease.name,
            "total_fee": str(self.total_fee),
            "fund_paid": str(self.fund_paid),
            "person_paid": str(self.person_paid),
            "hospital_borne": str(self.hospital_borne),
            "account_paid": str(self.account_paid),
            "account_mutual_paid": str(self.account_mutual_paid),
            "cash_paid": str(self.cash_paid),
            "own_expense": str(self.own_expense),
            "over_limit": str(self.over_limit),
            "first_self_pay": str(self.first_self_pay),
            "in_scope": str(self.in_scope),
            "deductible": str(self.deductible),
            "pays": {name: str(amount) for name, amount in self.pays.items()},
            "person": self.person.as_canonical(),
        }

    def _common(self) -> dict[str, object]:
        person = self.person
        return {
            "setl_id": self.setl_id,
            "mdtrt_id": self.mdtrt_id,
            "medins_setl_id": self.medins_setl_id,
            "psn_no": person.psn_no,
            "psn_name": person.name,
            "psn_cert_type": "01",
            "certno": person.id_number,
            "gend": person.sex,
            "brdy": person.birth_date.isoformat(),
            "naty": "01",
            "insutype": self.insutype,
            "psn_type": person.psn_type,
            "mdtrt_cert_type": "02",
            "fixmedins_code": self.hospital.code,
            "fixmedins_name": self.hospital.name,
            "hosp_lv": str(self.hospital.level),
            "med_type": self.med_type,
            "begndate": self.admitted_on.isoformat(),
            "enddate": self.discharged_on.isoformat(),
            "setl_time": self.settled_at.isoformat(sep=" "),
            "clr_optins": self.issuing_centre,
            "clr_way": "1",
            "clr_type": "11" if self.med_type == "14" else "21",
            "cvlserv_flag": "1" if self.pays["civil_servant"] else "0",
            "dise_codg": self.disease.code,
            "dise_name": self.disease.name,
            "medfee_sumamt": str(self.total_fee),
            "fulamt_ownpay_amt": str(self.own_expense),
            "overlmt_selfpay": str(self.over_limit),
            "preselfpay_amt": str(self.first_self_pay),
            "act_pay_dedc": str(self.deductible),
            "fund_pay_sumamt": str(self.fund_paid),
            "acct_pay": str(self.account_paid),
            **{key: str(self.pays[name]) for name, key in PAY_FIELDS if name != "other"},
        }

    def as_setlinfo(self) -> dict[str, object]:
        """The hospital interface's `setlinfo` (transactions 2207/2304, query 5203)."""
        return self._common() | {
            "insuplc_admdvs": self.insured_area,
            "inscp_scp_amt": str(self.in_scope),
            "oth_pay": str(self.pays["other"]),
            "psn_part_amt": str(self.person_paid),
            "psn_cash_pay": str(self.cash_paid),
            "acct_mulaid_pay": str(self.account_mutual_paid),
            "hosp_part_amt": str(self.hospital_borne),
            "age": self.person.age_on(self.admitted_on),
            "psn_idet_type": self.person.hardship,
            "balc": "0.00",
        }

    def as_setl_d(self) -> dict[str, object]:
        """A row of the insurer's own settlement table (SETL_D)."""
        return self._common() | {
            "insu_admdvs": self.insured_area,
            "inscp_amt": str(self.in_scope),
            "othfund_pay": str(self.pays["other"]),
            "psn_pay": str(self.person_paid),
            "cash_payamt": str(self.cash_paid),
            "acct_mulaid_pay": str(self.account_mutual_paid),
            "ownpay_hosp_part": str(self.hospital_borne),
            "hi_agre_sumfee": str(self.total_fee),
            "gend_name": "男" if self.person.sex == "1" else "女",
            "insutype_name": _INSUTYPE_NAMES[self.insutype],
            "med_type_name": _MED_TYPE_NAMES[self.med_type],
            "mdtrt_cert_no": self.person.id_number,
            "setl_type": "2",
            "setl_type_name": "联网结算",
            "refd_setl_flag": "0",
            "refd_setl_flag_name": "否",
            "dise_no": self.disease.code,
            "emp_name": None,
        }

    def as_message(self) -> dict[str, object]:
        """The whole answer of the hospital interface around `as_setlinfo` (what a hospital's system forwards)."""
        return {
            "infno": "2304" if self.med_type != "14" else "2207",
            "msgid": self.msgid,
            "mdtrtarea_admvs": self.hospital.code[1:7],
            "insuplc_admdvs": self.insured_area,
            "recer_sys_code": "99",
            "infver": "V1.0",
            "opter": "01",
            "opter_name": "结算窗口",
            "inf_time": self.settled_at.isoformat(sep=" "),
            "fixmedins_code": self.hospital.code,
            "signtype": "SM2",
            "infcode": 0,
            "inf_refmsgid": self.msgid,
            "err_msg": None,
            "output": {"setlinfo": self.as_setlinfo(), "setldetail": []},
        }


def settlements(
    population: Population, n: int, seed: int, *, until: date | None = None, years: int = 2
) -> Iterator[SyntheticSettlement]:
    """Yield `n` bills of patients drawn from the population, in the order in which the patients were drawn.

    until: last possible day of settlement (default the population's `as_of`); years: how far back episodes
    begin. Ids are unique within one (population seed, seed). Raises ValueError for an empty population.
    """
    if n and not population.people:
        raise ValueError("no people to send to hospital")
    rng = Random(f"settlements-{population.seed}-{seed}")
    until = until or population.as_of
    serial = 0
    while serial < n:
        person = rng.choice(population.people)
        disease = _draw_disease(person, rng, until)
        if disease is None:
            continue
        hospital = _draw_hospital(person, disease, rng)
        # What a year has already cost within the policy scope (fen): caps and thresholds count per year.
        burden: dict[int, int] = {}
        for med_type, admitted, stay in _episodes(disease, rng, until, years, person):
            serial += 1
            yield _bill(person, disease, hospital, med_type, admitted, stay, serial, seed, rng, burden)
            if serial >= n:
                return


def _draw_disease(person: SyntheticPerson, rng: Random, until: date) -> Disease | None:
    age = person.age_on(until)
    if rng.random() > (0.3 if age < 40 else 0.6 if age < 60 else 1.0):
        return None
    fits = [d for d in DISEASES if d.ages[0] <= age <= d.ages[1] and d.sex in ("", person.sex)]
    return rng.choices(fits, [d.weight for d in fits])[0] if fits else None


def _draw_hospital(person: SyntheticPerson, disease: Disease, rng: Random) -> Hospital:
    here = [h for h in HOSPITALS[person.city] if disease.speciality in h.specialities]
    if not here:
        here = [h for h in HOSPITALS[person.city] if "general" in h.specialities]
    near = [h for h in here if h.code[1:7] == person.area]
    return rng.choice(near) if near and rng.random() < 0.4 else rng.choice(here)


def _episodes(
    disease: Disease, rng: Random, until: date, years: int, person: SyntheticPerson
) -> list[tuple[str, date, int]]:
    """(med_type, admitted, days) of one patient's illness, in order, none after `until` or before birth."""
    start = until - timedelta(days=rng.randint(20, 365 * years))
    start = max(start, person.birth_date + timedelta(days=2))
    found: list[tuple[str, date, int]] = []
    stays = (
        rng.choices((1, 2, 3, 4, 6), (45, 25, 15, 10, 5))[0] if disease.weight and disease.yuan > 15000 else 1
    )
    day = start
    for _ in range(stays):
        days = max(1, round(rng.gauss(disease.days, disease.days / 4)))
        found.append(("28" if days <= 1 else "2101", day, days))
        day += timedelta(days=days + rng.randint(12, 60))
    if disease.chronic and rng.random() < 0.6:
        day = start + timedelta(days=rng.randint(10, 40))
        for _ in range(rng.randint(2, 8)):
            found.append(("14", day, 0))
            day += timedelta(days=rng.randint(20, 40))
    found = [e for e in found if e[1] + timedelta(days=e[2]) <= until]
    return sorted(found, key=lambda e: e[1])


def _bill(
    person: SyntheticPerson, disease: Disease, hospital: Hospital, med_type: str, admitted: date, stay: int,
    serial: int, seed: int, rng: Random, burden: dict[int, int],
) -> SyntheticSettlement:  # fmt: skip
    median = disease.chronic if med_type == "14" else disease.yuan
    total = max(1200, round(100 * median * rng.lognormvariate(0.0, disease.spread)))
    part = _layers(total, person, disease, hospital, med_type, admitted.year, rng, burden)
    discharged = admitted + timedelta(days=stay)
    settled = datetime.combine(discharged, time(8)) + timedelta(seconds=rng.randint(0, 9 * 3600))
    stamp = f"{settled:%Y%m%d%H%M%S}"
    city = _CITY[person.city]
    return SyntheticSettlement(
        person=person,
        setl_id=f"{city.code}{seed % 1000:03d}{serial:09d}",
        mdtrt_id=f"{city.code}{seed % 1000:03d}{serial + 500_000_000:09d}",
        msgid=f"{hospital.code}{stamp}{serial % 10000:04d}",
        medins_setl_id=f"{hospital.code}{stamp}{serial % 10000:04d}",
        hospital=hospital, disease=disease, med_type=med_type, insutype=person.insutype,
        issuing_centre=city.centre, insured_area=person.area, admitted_on=admitted, discharged_on=discharged,
        settled_at=settled,
        pays={name: _yuan(part[name]) for name, _ in PAY_FIELDS},
        **{
            name: _yuan(part[name])
            for name in (
                "total_fee", "fund_paid", "person_paid", "hospital_borne", "account_paid", "account_mutual_paid",
                "cash_paid", "own_expense", "over_limit", "first_self_pay", "in_scope", "deductible",
            )
        },
    )  # fmt: skip


def _layers(
    total: int, person: SyntheticPerson, disease: Disease, hospital: Hospital, med_type: str, year: int,
    rng: Random, burden: dict[int, int],
) -> dict[str, int]:  # fmt: skip
    """Split one bill (fen) into its layers. The ratios are of the size that both cities' rules have."""
    employee = person.insutype == "310"
    outpatient = med_type == "14"
    own = round(total * min(0.6, max(0.0, rng.gauss(disease.excluded, disease.excluded / 2))))
    over = round(total * 0.01 * rng.random()) if rng.random() < 0.3 else 0
    first = round(total * rng.uniform(0.01, 0.08))
    scope = total - own - over - first
    standard = 0 if outpatient else {1: 200, 2: 500, 3: 1000}[hospital.level] * 100
    deductible = min(scope, standard if year not in burden else standard // 2)
    rest = scope - deductible
    ratio = {1: 0.90, 2: 0.82, 3: 0.65}[hospital.level] + (0.12 if employee else 0.0)
    ratio = min(0.95, ratio if not outpatient else (0.8 if employee else 0.65))
    cap = 15_000_000 if employee else 12_000_000
    basic = min(round(rest * ratio), cap)
    pays = dict.fromkeys((name for name, _ in PAY_FIELDS), 0)
    pays["basic"] = basic
    left = scope - basic
    if employee and rest * ratio > cap:
        pays["large_amount"] = min(left, round((rest - cap / ratio) * 0.85))
        left -= pays["large_amount"]
    if employee and person.index % 17 == 0:
        pays["civil_servant"] = round(left * 0.5)
        left -= pays["civil_servant"]
    elif employee and person.index % 23 == 0:
        pays["enterprise"] = round(left * 0.3)
        left -= pays["enterprise"]
    before = burden.get(year, 0)
    threshold = 750_000 if person.hardship else 1_500_000
    above = max(0, before + left - threshold) - max(0, before - threshold)
    burden[year] = before + left
    if not employee:
        pays["catastrophic"] = min(left, round(above * (0.65 if person.hardship else 0.60)))
        left -= pays["catastrophic"]
    if person.hardship:
        pays["assistance"] = round(left * {"2304": 1.0, "2303": 0.7}.get(person.hardship, 0.55))
        left -= pays["assistance"]
    if rng.random() < 0.02:
        pays["other_supplement"] = min(left, round(total * 0.01))
        left -= pays["other_supplement"]
    fund = sum(pays.values())
    hospital_borne = round((own + over) * 0.2) if rng.random() < 0.01 else 0
    part = total - fund - hospital_borne
    account = min(part, rng.randint(0, 400_000)) if employee and rng.random() < 0.7 else 0
    mutual = round(account * rng.random() * 0.5) if account and rng.random() < 0.1 else 0
    return pays | {
        "total_fee": total, "fund_paid": fund, "person_paid": part, "hospital_borne": hospital_borne,
        "account_paid": account, "account_mutual_paid": mutual, "cash_paid": part - account,
        "own_expense": own, "over_limit": over, "first_self_pay": first, "in_scope": scope,
        "deductible": deductible,
    }  # fmt: skip


def identities(settlement: SyntheticSettlement) -> dict[str, Decimal]:
    """What each of I1–I4 is off by (yuan); all zero for a generated bill."""
    s = settlement
    return {
        "I1": s.total_fee - s.fund_paid - s.person_paid - s.hospital_borne,
        "I2": s.fund_paid - sum(s.pays.values(), Decimal(0)),
        "I3": s.person_paid - s.account_paid - s.cash_paid,
        "I4": s.total_fee - s.own_expense - s.over_limit - s.first_self_pay - s.in_scope,
    }
