"""Diseases as coded, diagnosed and told: one group for synonyms, one chapter of ICD-10 for the rest."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from .normalise import text

#: group: (ICD-10 chapter, names that mean it). Longer names are tried first. Sources: ICD-10 GB/T 14396,
#: the titles of 国家医保疾病诊断分类与代码, and the everyday names that appeals for help use.
GROUPS: dict[str, tuple[str, str]] = {
    "leukaemia_all": ("C", "急性淋巴细胞白血病 急性淋巴细胞性白血病 急淋 ALL c91.0 急性淋巴白血病"),
    "leukaemia_aml": ("C", "急性髓系白血病 急性髓细胞白血病 急性粒细胞白血病 急性早幼粒细胞白血病 急髓 AML c92.0 M3白血病"),
    "leukaemia_cml": ("C", "慢性粒细胞白血病 慢性髓系白血病 慢粒 CML c92.1"),
    "leukaemia_cll": ("C", "慢性淋巴细胞白血病 慢性淋巴白血病 慢淋 CLL c91.1"),
    "leukaemia_acute": ("C", "急性白血病 c95.0"),
    "leukaemia": ("C", "白血病 血癌 c91 c92 c93 c94 c95"),
    "lymphoma": ("C", "淋巴瘤 淋巴癌 霍奇金 非霍奇金 c81 c82 c83 c84 c85"),
    "myeloma": ("C", "多发性骨髓瘤 骨髓瘤 c90"),
    "lung_mass": ("C", "肺占位 肺部占位 肺占位性病变"),
    "liver_mass": ("C", "肝占位 肝脏占位 肝占位性病变"),
    "brain_mass": ("C", "颅内占位 脑占位 颅内肿瘤 颅内占位性病变"),
    "lung_cancer": ("C", "肺癌 肺恶性肿瘤 肺腺癌 肺鳞癌 支气管恶性肿瘤 支气管肺癌 小细胞肺癌 肺部肿瘤 肺部恶性肿瘤 c34"),
    "liver_cancer": ("C", "肝癌 肝恶性肿瘤 肝细胞癌 原发性肝癌 肝细胞肝癌 肝脏恶性肿瘤 肝内胆管癌 c22"),
    "stomach_cancer": ("C", "胃癌 胃恶性肿瘤 胃腺癌 贲门癌 c16"),
    "oesophagus_cancer": ("C", "食管癌 食道癌 食管恶性肿瘤 c15"),
    "colorectal_cancer": ("C", "结肠癌 直肠癌 结直肠癌 肠癌 大肠癌 结肠恶性肿瘤 直肠恶性肿瘤 c18 c19 c20"),
    "breast_cancer": ("C", "乳腺癌 乳癌 乳腺恶性肿瘤 乳房恶性肿瘤 c50"),
    "cervix_cancer": ("C", "宫颈癌 子宫颈癌 宫颈恶性肿瘤 子宫颈恶性肿瘤 c53"),
    "uterus_cancer": ("C", "子宫内膜癌 子宫内膜恶性肿瘤 子宫癌 c54"),
    "ovary_cancer": ("C", "卵巢癌 卵巢恶性肿瘤 c56"),
    "pancreas_cancer": ("C", "胰腺癌 胰腺恶性肿瘤 c25"),
    "nasopharynx_cancer": ("C", "鼻咽癌 鼻咽恶性肿瘤 c11"),
    "thyroid_cancer": ("C", "甲状腺癌 甲状腺恶性肿瘤 c73"),
    "prostate_cancer": ("C", "前列腺癌 前列腺恶性肿瘤 c61"),
    "bladder_cancer": ("C", "膀胱癌 膀胱恶性肿瘤 c67"),
    "kidney_cancer": ("C", "肾癌 肾恶性肿瘤 肾细胞癌 c64"),
    "wilms": ("C", "肾母细胞瘤 威尔姆斯瘤"),
    "brain_tumour": ("C", "脑癌 脑肿瘤 脑瘤 脑恶性肿瘤 c71"),
    "glioma": ("C", "胶质瘤 胶质母细胞瘤 脑胶质瘤"),
    "medulloblastoma": ("C", "髓母细胞瘤"),
    "bone_cancer": ("C", "骨癌 骨肉瘤 骨恶性肿瘤 尤文肉瘤 c40 c41"),
    "neuroblastoma": ("C", "神经母细胞瘤 c74"),
    "retinoblastoma": ("C", "视网膜母细胞瘤 c69"),
    "gallbladder_cancer": ("C", "胆囊癌 胆管癌 胆囊恶性肿瘤 c23 c24"),
    "laryngeal_cancer": ("C", "喉癌 喉恶性肿瘤 c32"),
    "metastasis": ("C", "骨转移 肺转移 肝转移 脑转移 淋巴结转移 转移癌 转移性肿瘤 继发性恶性肿瘤 c77 c78 c79"),
    "cancer": ("C", "癌症 恶性肿瘤 肿瘤 癌 z51.0 z51.1 z54.1 z54.2 z08"),
    "aplastic_anaemia": ("D", "再生障碍性贫血 再障 再生障碍贫血 d60 d61"),
    "mds": ("D", "骨髓增生异常综合征 骨髓增生异常 MDS d46"),
    "thalassaemia": ("D", "地中海贫血 地贫 海洋性贫血 d56"),
    "haemophilia": ("D", "血友病 d66 d67"),
    "anaemia": ("D", "贫血 重度贫血"),
    "hlh": ("D", "噬血细胞综合征 噬血细胞综合症 噬血综合征 d76.1 d76.2 HLH"),
    "itp": ("D", "血小板减少 血小板减少症 血小板减少性紫癜 d69"),
    "uraemia": ("N", "尿毒症 终末期肾病 慢性肾衰竭 慢性肾功能衰竭 肾衰竭 肾功能衰竭 肾衰 慢性肾脏病5期 透析 n18 n19 z49 z99.2"),
    "nephrotic": ("N", "肾病综合征 n04"),
    "nephritis": ("N", "肾炎 肾小球肾炎 n03 n05"),
    "heart_disease": ("I", "心脏病"),
    "cardiomyopathy": ("I", "心肌病 扩张型心肌病 肥厚型心肌病 i42"),
    "valve": ("I", "心脏瓣膜病 风湿性心脏病 风心病 i05 i08"),
    "coronary": ("I", "冠心病 冠状动脉粥样硬化性心脏病 心肌缺血 心绞痛 缺血性心脏病 i20 i25"),
    "infarction": ("I", "心肌梗死 心梗 急性心肌梗死 心肌梗塞 i21 i22"),
    "congenital_heart": ("Q", "先天性心脏病 先心病 先心 室间隔缺损 室缺 房缺 法四 房间隔缺损 法洛四联症 动脉导管未闭 q20 q21 q22 q23 q24 q25"),
    "heart_failure": ("I", "心力衰竭 心衰 心功能衰竭 i50"),
    "cerebral_infarction": ("I", "脑梗死 脑梗 脑梗塞 脑血栓 缺血性脑卒中 i63"),
    "cerebral_haemorrhage": ("I", "脑出血 脑溢血 颅内出血 蛛网膜下腔出血 i60 i61 i62"),
    "stroke": ("I", "脑卒中 中风 脑血管病 脑血管意外 i64"),
    "hypertension": ("I", "高血压 原发性高血压 高血压病 i10"),
    "aortic": ("I", "主动脉夹层 主动脉瘤 i71"),
    "diabetes": ("E", "糖尿病 2型糖尿病 1型糖尿病 e10 e11 e14"),
    "gaucher": ("E", "戈谢病 e75"),
    "mps": ("E", "粘多糖贮积症 黏多糖贮积症 e76"),
    "pompe": ("E", "庞贝病 糖原累积病 e74"),
    "fabry": ("E", "法布雷病"),
    "sma": ("G", "脊髓性肌萎缩症 脊髓性肌萎缩 SMA g12 g12.0 g12.1"),
    "als": ("G", "渐冻症 渐冻人 肌萎缩侧索硬化 ALS 运动神经元病 运动神经元疾病 g12.2"),
    "dmd": ("G", "杜氏肌营养不良 进行性肌营养不良 肌营养不良 DMD g71"),
    "epilepsy": ("G", "癫痫 羊癫疯 g40"),
    "parkinson": ("G", "帕金森病 帕金森 g20"),
    "cerebral_palsy": ("G", "脑瘫 脑性瘫痪 g80"),
    "ms": ("G", "多发性硬化 g35"),
    "encephalitis": ("G", "脑炎 病毒性脑炎 自身免疫性脑炎 脑膜炎 g03 g04"),
    "guillain": ("G", "吉兰-巴雷综合征 格林巴利 吉兰巴雷综合征 g61"),
    "liver_disease": ("K", "肝病 k76"),
    "cirrhosis": ("K", "肝硬化 k74"),
    "liver_failure": ("K", "肝衰竭 肝功能衰竭 k72"),
    "pancreatitis": ("K", "胰腺炎 急性胰腺炎 重症胰腺炎 k85"),
    "biliary_atresia": ("Q", "胆道闭锁 q44"),
    "crohn": ("K", "克罗恩病 炎症性肠病 溃疡性结肠炎 k50 k51"),
    "gi_bleeding": ("K", "消化道出血 上消化道出血 k92"),
    "appendicitis": ("K", "阑尾炎 急性阑尾炎 k35"),
    "gallstone": ("K", "胆结石 胆囊结石 胆囊炎 k80 k81"),
    "pneumonia": ("J", "肺炎 支气管肺炎 重症肺炎 肺部感染 j12 j15 j18"),
    "covid": ("J", "新冠 新冠肺炎 新冠病毒 新型冠状病毒感染 新型冠状病毒肺炎 COVID u07.1 u07.2"),
    "copd": ("J", "慢性阻塞性肺疾病 慢阻肺 COPD 肺气肿 慢性支气管炎 j44"),
    "respiratory_failure": ("J", "呼吸衰竭 j96"),
    "pulmonary_fibrosis": ("J", "肺纤维化 间质性肺炎 尘肺 尘肺病 矽肺 j60 j62 j84"),
    "tuberculosis": ("A", "肺结核 结核病 结核 a15 a16"),
    "sepsis": ("A", "败血症 脓毒症 a41"),
    "hepatitis_b": ("A", "乙肝 慢性乙型肝炎 乙型肝炎 b18"),
    "hiv": ("A", "艾滋病 HIV b20 b24"),
    "kawasaki": ("M", "川崎病 川崎综合征 皮肤黏膜淋巴结综合征 m30.3"),
    "purpura": ("D", "过敏性紫癜 紫癜性肾炎 d69.0"),
    "sle": ("M", "系统性红斑狼疮 红斑狼疮 狼疮 m32"),
    "rheumatoid": ("M", "类风湿性关节炎 类风湿 类风湿关节炎 m05 m06"),
    "ankylosing": ("M", "强直性脊柱炎 强直性脊椎炎 强直 m45"),
    "femoral_head": ("M", "股骨头坏死 m87"),
    "disc": ("M", "腰椎间盘突出 腰椎间盘突出症 m51"),
    "fracture": ("S", "骨折 粉碎性骨折 s02 s12 s22 s32 s42 s52 s62 s72 s82 s92 t02 t08 t10 t12"),
    "head_injury": ("S", "颅脑损伤 脑外伤 重型颅脑损伤 脑挫裂伤 s06"),
    "spinal_injury": ("S", "脊髓损伤 截瘫 高位截瘫"),
    "burn": ("S", "烧伤 烫伤 大面积烧伤"),
    "traffic": ("S", "车祸 交通事故 多发伤 坠楼 高处坠落"),
    "preterm": ("P", "早产儿 早产 新生儿窒息 p07"),
    "schizophrenia": ("F", "精神分裂症 精神分裂 f20"),
    "depression": ("F", "抑郁症 f32 f33"),
    "cataract": ("H", "白内障 h25 h26"),
    "glaucoma": ("H", "青光眼 h40"),
    "deafness": ("EAR", "耳聋 听力障碍 神经性耳聋 感音神经性聋 h90 h91"),
    "lupus_nephritis": ("M", "狼疮性肾炎"),
}  # fmt: skip

#: What is a kind of what: who is told of leukaemia may have any. Cancer, of which most are kinds, says too little.
WIDER: dict[str, str] = {
    "leukaemia_all": "leukaemia_acute", "leukaemia_aml": "leukaemia_acute", "leukaemia_acute": "leukaemia",
    "leukaemia_cml": "leukaemia", "leukaemia_cll": "leukaemia", "lung_mass": "lung_cancer", "liver_mass": "liver_cancer",
    "brain_mass": "brain_tumour", "glioma": "brain_tumour", "medulloblastoma": "brain_tumour", "wilms": "kidney_cancer",
    "aplastic_anaemia": "anaemia", "thalassaemia": "anaemia", "purpura": "itp", "coronary": "heart_disease",
    "infarction": "coronary", "congenital_heart": "heart_disease", "heart_failure": "heart_disease",
    "cardiomyopathy": "heart_disease", "valve": "heart_disease", "cerebral_infarction": "stroke",
    "cerebral_haemorrhage": "stroke", "cirrhosis": "liver_disease", "liver_failure": "liver_disease",
    "hepatitis_b": "liver_disease", "lupus_nephritis": "sle",
}  # fmt: skip
_ICD = re.compile(r"^([A-Z])(\d{2})(?:\.?\s?(\w{1,4}))?")
_CHAPTERS = {"B": "A", "T": "S", "V": "S", "W": "S", "X": "S", "Y": "S"}
_HINTS = (
    ("癌", "C"), ("瘤", "C"), ("白血病", "C"), ("贫血", "D"), ("血", "D"), ("肾", "N"), ("尿", "N"), ("心", "I"),
    ("脑", "I"), ("动脉", "I"), ("肝", "K"), ("胃", "K"), ("肠", "K"), ("胆", "K"), ("胰", "K"), ("肺", "J"),
    ("呼吸", "J"), ("骨折", "S"), ("伤", "S"), ("骨", "M"), ("关节", "M"), ("先天", "Q"), ("神经", "G"), ("肌", "G"),
    ("糖尿", "E"), ("甲状腺", "E"), ("代谢", "E"), ("精神", "F"), ("眼", "H"), ("耳", "EAR"), ("孕", "O"), ("产", "O"),
    ("皮肤", "L"), ("感染", "A"),
)  # fmt: skip


#: 肺CA, 乳腺Ca, 肝MT: how doctors write cancer.
_CANCER = re.compile("(?<=[\u4e00-\u9fff])(?:CA|MT)(?![A-Z])")


@dataclass(frozen=True, slots=True)
class Disease:
    """A disease made comparable: its group ('' where unknown), its ICD-10 chapter letter, its plain text.

    All three are empty where no illness is told: for what treats any (Z51.8), for a symptom's code, for words like 患者.
    """

    group: str
    chapter: str
    plain: str


#: Groups that are told of beside the illness itself: 肺癌骨转移 is lung cancer.
_BESIDE = ("metastasis", "cancer")
#: Codes that name no illness: symptoms, and why somebody came (Z51.1, chemotherapy, and dialysis do name one).
_SILENT = frozenset("RZ")
_TREATED = re.compile("化疗|放疗|靶向治疗|免疫治疗")


def _terms() -> tuple[list[tuple[str, str, str]], dict[str, tuple[str, str]]]:
    names: list[tuple[str, str, str]] = []
    codes: dict[str, tuple[str, str]] = {}
    for group, (chapter, words) in GROUPS.items():
        for word in words.split():
            if re.fullmatch(r"[a-z]\d\d(\.\d)?", word):
                codes[word.upper()] = (group, chapter)
            else:
                names.append((word.upper(), group, chapter))
    names.sort(key=lambda item: (item[1] in _BESIDE, -len(item[0])))
    return names, codes


_NAMES, _CODES = _terms()
_DROP = re.compile(
    r"[\s,，。;；、()（）\[\]【】:：.\-|/\\*]|(?:晚期|早期|中期|末期|术后|化疗|放疗|综合治疗|维持性|伴|转移|复发|"
    r"恶化|疑似|待查|左侧|右侧|双侧|[ⅠⅡⅢⅣI]+期|患者|疾病)"
)


@cache
def wider_groups(group: str) -> tuple[str, ...]:
    """The groups of which a group is a kind, the nearest first (at most two): 急性淋巴细胞白血病 → 急性白血病, 白血病."""
    out = []
    while group in WIDER:
        group = WIDER[group]
        out.append(group)
    return tuple(out)


def family(found: Disease) -> str:
    """What a disease is called with all of its kinds, for keys: its widest group, else its plain text."""
    return (found.group, *wider_groups(found.group))[-1] or found.plain


def told(name: str, code: str) -> str:
    """Of an illness's name and its ICD-10 code the one that says more, the name where both say as much: C34.900
    beside no name, beside one that nobody knows (见诊断书) or that is any cancer's."""
    return code if code and _says(classify(code)) > _says(classify(name)) else name


def _says(found: Disease) -> int:
    if found.group:
        return 2 if found.group in _BESIDE else 3
    return 1 if found.chapter else 0


@lru_cache(maxsize=4096)
def classify(raw: str | None) -> Disease:
    """The group and chapter of an ICD-10 code, a diagnosis, or a disease named in a sentence."""
    value = _CANCER.sub("癌", text(raw).upper())
    if not value:
        return Disease("", "", "")
    icd = _ICD.match(value)
    if icd:
        letter, number, more = icd.groups()
        key = f"{letter}{number}"
        fine = f"{key}.{more[0]}" if more else ""
        hit = _CODES.get(fine) or _CODES.get(key)
        if hit:
            return Disease(hit[0], hit[1], key)
        if letter in _SILENT:
            return Disease("", "", "")
        chapter = (
            "C" if letter == "D" and number < "50" else "EAR" if letter == "H" and number >= "60" else letter
        )
        return Disease("", _CHAPTERS.get(chapter, chapter), key)
    plain = _DROP.sub("", value)
    best: tuple[int, str, str] | None = None
    for name, group, chapter in _NAMES:
        if name in value or name in plain:
            best = (len(name), group, chapter)
            break
    if best:
        return Disease(best[1], best[2], plain)
    for hint, chapter in _HINTS:
        if hint in plain:
            return Disease("", chapter, plain)
    if not plain and _TREATED.search(value):
        return Disease("cancer", "C", plain)  # 化疗, 放化疗: whoever is treated so has cancer
    return Disease("", "", plain)
