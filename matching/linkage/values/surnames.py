"""Chinese surnames of one character: the hundred families' names and what registers know beside them.

Only for telling a name from other words where a name is expected; how common a surname is stands in ``defaults``.
"""

from .characters import COMPOUND_SURNAMES

SINGLE = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊"
    "纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单"
    "杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴"
    "甘钭厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩"
    "桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆"
    "师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖闫付代丘阎萧朴区覃佟仝冼苟占詹岳帅缑亢况"
    "有琴商牟佘佴伯赏墨哈谯笪年爱阳佟言福沐邸撖禤操揭渠郇谌么降初矫仉杲户修由亓来宛盘官粟蹇栗敬信鹿迟原战延苑雒但肇铁线"
)
#: Those that are everyday words too: a name only where somebody is said to be called so.
ALSO_WORDS = frozenset(
    "于和从时全连经万向应成能平安常后都便由因当别让双那满有越多同过但家生老明年爱来降初信原战线国空公相东通水元花云方红"
    "山谷车井家广终居步须却阴怀暴危强计支干包言福修户官但占帅有操况益高白温冷关党文师乐利富花松秋伊充容古易养游商敬延"
    "阳由盘权简别劳索印宿封牧贝明伏舒麻路左右诸解查单区应经房管凌盛雷"
)
FAMILIES = SINGLE | frozenset(COMPOUND_SURNAMES)
