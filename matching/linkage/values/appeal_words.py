"""The words and patterns by which `extract` reads an appeal. Every repetition is bounded: no text makes them explode."""

import re

from ..defaults import SURNAMES
from . import characters as han
from .surnames import SINGLE

H = "\u4e00-\u9fff"
KIN = {
    "daughter": "女儿 闺女 小女 爱女 囡囡", "son": "儿子 小儿 犬子 爱子",
    "child": "孩子 宝宝 宝贝 小孩 患儿 娃娃 娃 女孩 男孩 女婴 男婴 女童 男童 小女孩 小男孩",
    "father": "父亲 爸爸 老爸 家父 老父亲 爸", "mother": "母亲 妈妈 老妈 家母 老母亲 妈",
    "husband": "丈夫 老公", "wife": "妻子 老婆 媳妇", "spouse": "爱人 老伴", "elder_brother": "哥哥 大哥",
    "younger_brother": "弟弟", "elder_sister": "姐姐 大姐", "younger_sister": "妹妹", "grandfather": "爷爷 祖父 外公 姥爷",
    "grandmother": "奶奶 祖母 外婆 姥姥", "grandson": "孙子 外孙", "granddaughter": "孙女 外孙女",
    "nephew": "侄子 外甥 侄儿", "niece": "侄女 外甥女", "in_law_father": "公公 岳父", "in_law_mother": "婆婆 岳母",
    "uncle": "叔叔 伯伯 舅舅 姑父 姨父 伯父", "aunt": "姑姑 姨妈 舅妈 婶婶 伯母 阿姨", "cousin": "表哥 表弟 表姐 表妹 堂哥 堂弟 堂姐 堂妹",
    "friend": "同学 同事 朋友 战友 工友 邻居 室友 老师", "self": "我叫 我是 本人 我自己", "patient": "患者 病人 病患 求助人 求助者 受助人",
}  # fmt: skip
WHO = {word: who for who, words in KIN.items() for word in words.split()}
KIN_WORD = "|".join(sorted((w for w, who in WHO.items() if who != "self"), key=len, reverse=True))
PERSON = re.compile(
    rf"(?P<word>{KIN_WORD}|我叫|我是|本人|我自己)(?!医院|们|节|科|的主治)"
    rf"|(?P<i>我)(?![{H}]{{0,3}}?(?:{KIN_WORD})|们|家|国|省|市|县|院|科)"
)
CHILDREN = frozenset(["child", "daughter", "son", "grandson", "granddaughter", "nephew", "niece"])
SEXES = {
    "daughter": "F", "mother": "F", "wife": "F", "elder_sister": "F", "younger_sister": "F", "grandmother": "F",
    "granddaughter": "F", "niece": "F", "in_law_mother": "F", "aunt": "F", "son": "M", "father": "M", "husband": "M",
    "elder_brother": "M", "younger_brother": "M", "grandfather": "M", "grandson": "M", "nephew": "M",
    "in_law_father": "M", "uncle": "M",
}  # fmt: skip
#: 是陈雨涵的妈妈: the writer, by her place beside the patient, at the end of what is said.
KIN_ENDS = re.compile(rf"(?:{KIN_WORD})(?=[，。；！？,.!\s（(]|$)")
BREAK = re.compile(r"[，。；！？\n]")
CLAUSE = re.compile(r"[，,。！？!?；;\n]")
STOP = re.compile(r"[。！？!?；;\n]")
ILL = re.compile(
    r"确诊|诊断|查出|查明|检查出|患上|患了|患有|身患|罹患|不幸患|得了|得上|病倒|突发|突然|病情|病重|重病|大病|住院|住进|化疗|放疗"
    r"|手术|移植|抢救|发病|发烧|高烧|晕倒|昏迷|救救|救命|病魔|车祸|烧伤|烫伤|透析|重症|ICU|生病|患病|治疗|患(?![者儿难])"
)
PAST = re.compile(r"去世|过世|离世|病逝|走了|已故|早逝")

TITLE = "女士|先生|小姐|大姐|大哥|阿姨|大妈|大娘|大叔|大爷|大伯|奶奶|爷爷|师傅|老人|同学|小朋友"
FAMILY = "".join(sorted(SINGLE))
COMPOUND = "|".join(sorted(han.COMPOUND_SURNAMES))
COMMON = "".join(sorted({s for s in SURNAMES if len(s) == 1} | set("肖闫傅戴邱单朴仇翟缪解查区")))
AFTER = (
    r"(?=[，。、；！？：,.;!?:（()）\[【\]】\s/|“”\"'’—\-~0-9]|$|今年|现年|年仅|年龄|刚满|才|是|患|因|于|在|被|确诊|查出|突|不幸|身患"
    r"|罹患|从|已|出生|男|女|住|来自|得了|的|需要|一家|家住|正|目前|现在|发生|遭遇)"
)
MASKED = re.compile(
    rf"(?P<name>(?:(?:{COMPOUND})[{H}]?|[{FAMILY}])(?:[*＊×○●☆□■△▲]{{1,3}}[{H}]?|(?<!任)某{{1,3}}(?![种些个年月日天院省市县村医校地区人公方])|某[{H}]))"
    rf"(?![{H}]{{0,4}}(?:医院|公司|学校))"
)
CUE = rf"(?P<cue>我叫|名叫|叫做|叫作|名字叫|名字是|大名|取名|姓名|患者|患儿|病人|求助人|求助者|受助人|被救助人|我是|是|(?:{KIN_WORD})叫?|叫|帮帮|救救|帮助)"
NAMED = re.compile(
    rf"{CUE}[:：\s]{{0,2}}(?P<name>(?:(?:{COMPOUND})[{H}]{{1,2}}?|[{FAMILY}][{H}]{{1,2}}?)){AFTER}"
)
FAMILIAR = re.compile(
    rf"(?P<cue>我叫|名叫|叫|姓名|患者|患儿|病人|求助人|求助者|受助人|救救|帮帮|帮助|^|(?<=[。！？!?；;\n，,：:\s]))[:：\s]{{0,2}}"
    rf"(?P<name>(?:(?:{COMPOUND})|[{COMMON}])(?:{TITLE})|[小老阿](?:(?:{COMPOUND})|[{COMMON}]))"
    rf"(?=[，。、；！？：,.;!?（(\s]|$|今年|现年|年仅|是|患|因|的|被|于|在|确诊|突)"
)
STRONG = frozenset(["我叫", "名叫", "叫做", "叫作", "名字叫", "名字是", "大名", "取名", "姓名", "叫"])
NO_GIVEN = frozenset(
    "年病烧血身时常不了的在是有没被因为就也都还要能去来过把给让对从到说做上下家院治疗患重里着很太及或者个这那我你他她它们岁元"
)
NOT_NAMES = re.compile(
    r"高烧|高血压|高位|白血病|常年|金额|万分|时刻|全身|全家|连续|平时|安徽|安康|江苏|江西|云南|贵州|温州|石家|黄疸|方便|于是|和平|明年|关心"
    r"|程度|危险|严重|石头|车祸|雷达|水平|经常|经过|应该|计划|家属|家里|家人|亲属|白天|都是|曾经|曾患|单亲|单位|单身|解除|解决|查出|区域|任何"
    r"|姓名|农民|工人|教师|医生|司机|学生|老师|大学|高中|初中|小学|独生|普通|唯一|一名|一个|双胞|父母|母亲|父亲|女儿|儿子|爸爸|妈妈|孩子"
    r"|朋友|广东|广西|广州|成都|成年|时候|来自|家庭|大家|好心|爱心|康复|党员|公司|公务|文化|农村|山区|山东|山西|平凡|安静|安全|乐观|强烈|強"
)
#: Who stands before a name that is not the patient's.
OTHERS = re.compile(
    r"(?:发起人|筹款人|收款人|联系人|证明人|经办人|负责人|监护人|记者|医生|大夫|主任|教授|护士|护士长|院长|村主任|书记|志愿者|捐款人|代笔|校长|班主任|社工|主治医师)(?:姓名|叫|是)?[:：\s（(]*$"
)
OTHERS_AFTER = re.compile(
    r"^(?:医生|大夫|主任|教授|护士|院长|老师|书记|校长|记者|基金会|慈善|医院|公司|村|镇|乡|县|[（(](?:医生|主任|记者|发起人|志愿者|联系人|村支书|老师))"
)
PSEUDONYM = re.compile(r"^\s?[（(\[【，,]?\s?(?:均?为?|系)?(?:化名|假名|网名)")
ALL_PSEUDONYMS = re.compile(r"(?:均|都|皆)(?:为|是|系)?化名|姓名.{0,4}(?:已|做了?|作了?)(?:匿名|化名|改)")
RELATIVE = "|".join(
    sorted((w for w, who in WHO.items() if who not in ("self", "patient")), key=len, reverse=True)
)
KIN_OF = re.compile(rf"^的(?:{KIN_WORD})")
IS_KIN = re.compile(rf"^[，,]?(?:是|我是)[^，。；！？\n]{{0,14}}?的?(?:{RELATIVE})(?=[，。；！？,\s（(]|$)")

CN = "零〇一二两三四五六七八九十百"
NUM = rf"(?:\d{{1,3}}|[{CN}]{{1,5}})"
AGE = re.compile(
    rf"(?<![\d.{CN}第])(?P<n>{NUM})(?P<more>\s?个?半)?\s?(?P<unit>周岁|岁)(?P<half>半)?(?:零?{NUM}个多?月)?"
    r"(?!以[上下]|[左右]|多?(?:那年|的?时候?|时|前|开始|起|之前|以前|就|便|生日|读|上学)|孩子都)"
)
AGE_FIELD = re.compile(r"年龄[:：]\s?(?P<n>\d{1,3})(?![\d个.])")
MONTHS = re.compile(
    rf"(?<![\d.{CN}])(?P<n>\d{{1,2}}|[{CN}]{{1,3}})\s?个半?多?月(?:大|的(?:女儿|儿子|孩子|宝宝|女婴|男婴|患儿|婴儿|宝贝))"
    rf"|(?:出生|生下来|降生)(?:才|仅|刚|不到|后)?(?:仅仅)?\s?(?P<days>\d{{1,3}}|[{CN}]{{1,3}})\s?(?:天|个多?月)(?!后|时|就|查|发)"
    rf"|(?:今年|现在|目前|才|刚|年仅|刚满|只有|仅)(?P<now>\d{{1,2}}|[{CN}]{{1,3}})\s?个半?多?月(?=[，。！？,!?；\s]|大|$)"
)
BORN = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d|\d\d)\s?年(?:\s?(?P<m>\d{1,2})\s?月(?:\s?(?P<d>\d{1,2})\s?[日号])?)?(?:份)?\s?(?P<tail>出生|生(?=[，。！？,.!?；、\s)）人]|$)|生人)"
    r"|(?:出生于|生于|出生日期[:：]?|出生年月[:：]?|生日[:：]?)\s?(?P<y2>(?:19|20)\d\d)(?:\s?[年\-./]\s?(?P<m2>\d{1,2})(?:\s?[月\-./]\s?(?P<d2>\d{1,2}))?)?"
)
NOW_AGE = re.compile(r"(?:今年|现年|年仅|刚满|现在|才|只有|年龄[:：]?|仅有|已经|虚岁|[，,、（(\s])[已才刚]?$")

HOUSE = (
    r"(?:妇幼保健(?:计划生育服务中心|院)|妇女儿童(?:医疗|医学)中心|儿童(?:医学|医疗)中心|妇儿(?:中心|医院)|肿瘤(?:防治)?中心|血液病研究所|血研所"
    r"|卫生院|卫生服务中心|医学中心|医疗中心|第?[一二三四五六七八九十]?附属[一二三四五六七]?医?院|附属第?[一二三四五六七]医院|附[一二三四五六]院?|[一二三四五六]附院|附院|中医院|总医院|医院|保健院|疗养院"
    r"|[一二三四五六七八九]院)"
)
#: One of its alternatives may begin there; tells most characters from them at once.
HOUSES = re.compile(
    rf"(?=[妇儿肿血卫医第附一二三四五六七八九十中总保疗]){HOUSE}(?:[{H}]{{1,3}}(?:院区|分院))?"
)
HOUSE_AT_END = re.compile(rf"{HOUSE}(?:[{H}]{{1,3}}(?:院区|分院))?$")
IN_NAME = re.compile(rf"[{H}0-9A-Z·]")
FAMOUS = re.compile(
    r"(?:四川大学)?华西(?!村)|(?:中南大学)?湘雅(?:附?[一二三]院?)?|北京协和|(?:上海)?瑞金|(?:北京)?天坛|(?:北京)?阜外|(?:北京)?安贞|武汉同济|武汉协和|(?:北京)?301"
    r"|(?:省|市|县)人民医院|(?:省|市)(?:儿童|肿瘤|中)医院?"
)
#: The last of these in a run of characters ends what stands before a hospital's name.
LEAD = re.compile(
    r"送到了?|送往|送去|送进|送至|转到了?|转至|转入|转往|转院到?|转去|转诊到?|住进了?|住院于|前往|来到|来了|去了|赶到|赶往|辗转|立即|马上|随即|紧急|先后|分别|目前|现在|正在"
    r"|就诊于?|确诊于?|治疗于?|经过|通过|最终|最后|然后|接着|当地的?|随后|后来|之后|于是|人在|躺在|又|再|在|到|于|至|去|被|由|经|往|(?<![协人仁太])和(?![睦平田])|及|与|的|后|是|叫|来|我们|医生|我|他|她|住|为|了|找|说"
)
NOW_HOSPITAL = re.compile(
    r"目前|现在|正在|如今|至今|现于|现住|现就|眼下|在治|就诊医院[:：]|所在医院|治疗医院|就医医院|医院[:：]$|还在|一直在"
)
MOVED = re.compile(r"转(?:院|至|到|入|往|去|诊)|最终|最后|随后转|又送|再次")
TREATED = re.compile(r"住进|住院|治疗|化疗|手术|抢救|ICU|重症|移植|确诊|病房|放疗|透析")
FUTURE = re.compile(
    r"打算|准备|计划|建议|想去|想到|希望|考虑|联系|将要|即将|听说|毕业|工作|上班|护士|打工|保安|捐|咨询|本想|排队|等床|出生"
)
EARLIER = re.compile(
    r"曾|之前|以前|最初|起初|当初|一开始|先是|先到|先在|首先|先后|误诊|没查出|查不出|条件有限|束手无策|建议转|无法|治不了"
)
GENERIC = frozenset(
    ["医院", "大医院", "小医院", "各大医院", "该医院", "这家医院", "那家医院", "一家医院", "当地医院", "省城医院", "多家医院",
     "几家医院", "上级医院", "三甲医院", "本医院", "某医院", "出院", "住院", "转院", "医学中心", "医疗中心",
     "附近医院", "我们医院", "市里医院", "县里医院", "省里医院", "别的医院", "其他医院", "专科医院", "送医院", "大的医院"]
)  # fmt: skip
NO_ILLNESS = re.compile(
    r"(?:没有|没得|没患|不是|并非|排除|排除了|误诊为?|误以为是?|以为是|以为只是|当成|怀疑|疑似|怀疑是|可能是|预防|防止|是否|会不会是|害怕|担心|捐助|救助|关爱|防治|研究)[^，。；！？\n]{0,4}$"
)
SAID_ILL = re.compile(r"(?:确诊|诊断|查出|患|得了|得上|病名|所患疾病|疾病名称|病情)[^，。；！？\n]{0,12}$")
AREA = re.compile(
    rf"(?:来自|家住|家在|住在|居住在|籍贯[:：]?|户籍(?:地|所在地)?[:：]?|老家在?|家乡在?|生活在|出生在|出生于|我是|一家是|是|家庭住址[:：]?|地址[:：]?|现居)\s?(?P<area>[{H}]{{2,24}})"
)
PERSON_OF = re.compile(rf"(?:^|[，。；！？\n：:\s])(?P<area>[{H}]{{4,18}}?)(?:人|村民|农民)(?=[，。、；\s])")
SAID_SEX = re.compile(
    r"性别[:：]?\s?(?P<a>[男女])|(?<![\u4e00-\u9fff])(?P<b>[男女])(?=[，,、\s/|]|$)|(?P<c>[男女])(?:孩|婴|童|患者|子汉)|(?P<d>女士|先生|小姐|阿姨|大妈|大娘|大爷|大叔)"
)
#: Names beside what people do for an appeal: 发起人：周敏, 李明医生.
TITLED = re.compile(
    rf"(?:发起人|筹款人|收款人|联系人|证明人|经办人|负责人|监护人|记者|医生|大夫|主任|教授|护士长?|院长|书记|志愿者|捐款人|校长|社工|医师)(?:姓名|叫|是)?[:：\s（(]{{0,2}}"
    rf"(?P<name>(?:(?:{COMPOUND})|[{FAMILY}])[{H}]{{1,2}})"
)
