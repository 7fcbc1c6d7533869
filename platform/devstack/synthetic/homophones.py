"""Characters of Chinese names by Mandarin reading (Pinyin without tone, then tone and its characters).

One line a syllable: `wei 2维 3伟玮炜 4卫魏`. Surnames stand under the reading they have as a surname (单 shan,
仇 qiu, 解 xie, 曾 zeng, 查 zha, 翟 zhai, 区 ou, 覃 qin, 缪 miao, 朴 piao). Used to make typing errors: whoever
types with a Pinyin keyboard picks the wrong character of the same syllable.
"""

READINGS = """
ai 4爱
an 1安
ang 2昂
ao 4奥
bai 2白 3柏百
bang 1邦
bao 1包 2薄 3宝保 4鲍
bei 3北 4贝蓓
ben 1犇
bi 4毕碧
bian 1边
bin 1斌彬滨
bing 1兵冰 3炳秉
bo 1波 2博伯
bu 3卜 4步
cai 2才材 3彩 4蔡
can 4灿
cang 1苍
cao 2曹
ce 4策
chai 2柴
chang 1昌 2常长 4畅
chao 1超 2朝
che 1车
chen 1琛 2陈宸辰晨沉尘
cheng 2程成承诚
chi 2迟池驰
chong 1翀 2崇
chu 1初 3褚楚
chuan 1川 2传
chun 1春 2淳纯
ci 2慈
cong 1聪
cui 1崔 4翠
da 2达 4大
dai 4戴
dan 1丹 4旦
dao 4道
de 2德得
deng 1登 4邓
di 2頔迪
dian 3典 4殿
ding 1丁 4定
dong 1东冬 3董 4栋
dou 4窦
du 4杜度
duan 1端 4段
dun 1敦
e 2娥
en 1恩
er 3尔
fa 1发
fan 2樊凡 4范
fang 1方芳 2房
fei 1飞 4费
fen 1芬
feng 1丰峰枫锋 2冯逢 4凤奉
fu 2福伏 3甫 4傅付富副复
gan 1甘 4干
gang 1刚钢 3岗港
gao 1高 4郜
ge 1歌 2葛革格 3盖
gen 1根
geng 1耕 3耿
gong 1龚公功
gu 3谷 4顾
guan 1关官冠观 3管
guang 1光 3广
gui 4桂贵
guo 1郭 2国 3果
hai 3海
han 2韩涵含寒 4汉瀚
hang 2航珩
hao 2豪 3郝 4浩昊皓
he 2何禾合和荷河 4贺翯鹤
heng 2恒衡
hong 2洪红宏弘鸿
hou 2侯 4厚候
hu 2胡狐
hua 1花 2华
huai 2怀
huan 1欢 4焕
huang 2黄皇
hui 1辉 4慧惠会
huo 4霍
ji 1基 2吉及 3纪 4季
jia 1佳嘉家 3贾甲
jian 1坚 4建剑
jiang 1姜江 3蒋
jiao 1焦娇姣
jie 2杰洁㛃
jin 1金津 3锦瑾 4靳进晋
jing 1荆晶京精 3景 4静境敬靖婧
jiu 3九
ju 1居 2菊 4聚
juan 1娟
jun 1军君钧均 4俊峻珺骏
kai 3凯恺
kang 1康 4亢
ke 1柯科 3可
kong 3孔
kou 4寇
kuang 4邝
kun 1堃坤昆
la 4腊
lai 4赖
lan 2兰岚蓝澜
lang 3朗
le 4乐
lei 2雷 3磊蕾
li 2黎 3李 4厉丽立莉利力励俐
lian 2莲连廉 4练
liang 2梁良 4亮
liao 4廖料
lin 2林霖琳
ling 2凌玲灵 3岭 4令
liu 2刘 3柳
long 2龙隆
lu 2卢芦 3鲁 4陆路逯璐露
luan 2孪
lun 2伦
luo 2罗 4洛
lv 3吕
ma 2麻 3马
mai 4麦
man 4曼
mao 2毛 4茂
mei 2梅 3美 4妹
meng 2萌 4孟梦
mi 3米 4密
miao 2苗 3淼 4缪妙
min 2民旻 3闵敏
ming 2明茗鸣铭
mo 4莫墨沫
mou 2牟
mu 4慕木沐
na 4娜
nai 4佴
nan 2楠南
ni 1妮 2倪
nie 4聂乜
ning 2宁
niu 2牛
nong 2农
nuo 4诺
ou 1欧区
pan 1潘攀 4盼
pang 2庞逄
pei 2裴培 4沛佩
peng 2彭鹏朋
piao 1飘 2朴 3瞟 4票
ping 2平萍坪
pu 2璞
qi 2齐亓琪奇其祺琦 3启
qian 1千谦 2钱前乾 4倩
qiang 2强
qiao 2乔桥 3巧
qin 2秦覃琴芹勤
qing 1清青 2晴 4庆
qiong 2琼
qiu 1邱秋丘 2仇求裘
qu 1曲屈 2璩瞿
quan 2权泉全
qun 2群
ran 2然 3冉
ren 2仁 4任
rong 2容荣蓉融
ru 2茹如儒
ruan 3阮
rui 4芮睿瑞
run 4润
ruo 4若
sen 1森
sha 1莎
shan 1山珊 4单善
shang 4上尚
shao 4邵召绍少
she 2佘
shen 1申深甡 2神 3沈
sheng 1生昇升声 4盛圣胜
shi 1施诗师 2石时实 3史 4世士仕
shu 1舒淑书 4树
shuai 4帅
shuang 1双
shui 3水
shun 4顺
shuo 4硕
si 1司思斯
song 1松 4宋颂
su 1苏 4素
sui 2隋 4岁
sun 1孙
tai 4太泰
tan 2谭檀
tang 1汤 2唐
tao 1涛滔 2陶桃
teng 2滕腾
tian 1天添 2田甜
tie 3铁
ting 2婷廷亭庭
tong 1通 2童仝桐彤同
tu 2涂徒
wan 3琬 4万
wang 1汪 2王 4旺望
wei 1危威微薇 2韦维 3隗伟玮炜纬苇 4魏卫位尉为未蔚谓
wen 1温 2文闻雯
weng 1翁
wu 2吴 3武伍舞
xi 1郗熙曦汐晞希西溪 2席 3喜
xia 2霞 4夏
xian 1先仙 2贤 3冼显 4宪
xiang 1香 2祥翔 4向项
xiao 1萧骁消 3小晓 4肖校笑孝效啸
xie 2谐 4谢解
xin 1辛新鑫欣馨心昕
xing 1星兴 2邢行 4幸
xiong 2熊雄
xiu 4秀
xu 2徐 3许 4旭绪续
xuan 1轩萱煊翾宣 2璇
xue 1薛 2学 3雪
xun 1勋 4训
ya 3雅 4亚
yan 2闫颜严阎妍延言岩 3䶮龑 4晏艳燕焱彦
yang 2杨阳洋 4样
yao 2姚瑶垚遥 4耀
ye 3野 4叶烨业
yi 1一依祎 2怡宜仪 3苡 4易奕亦懿艺义逸亿忆毅意益
yin 1殷音 2银 3尹
ying 1英瑛 2莹盈 3颖影 4映
yong 3永勇咏
you 2尤游 3友有 4佑
yu 2于余俞虞 3宇雨语予 4玉煜彧钰育誉
yuan 1渊 2袁元援源园原圆缘员 3远 4媛苑院
yue 4岳悦月玥越
yun 1赟贇 2云芸 4韫运韵
zai 4载
zan 3昝 4赞
ze 2泽则
zeng 1曾
zha 1查扎 2闸
zhai 2翟
zhan 1詹 3展
zhang 1张章彰
zhao 1昭 4赵兆照
zhe 2哲喆
zhen 1甄珍贞真 4振镇震
zheng 1征 4郑正政
zhi 1知芝 2植 3芷 4志智治致
zhong 1钟忠中 4仲
zhou 1周舟洲
zhu 1朱诸珠 2竹 4祝柱
zhuang 1庄
zhuo 2卓
zi 3紫梓 4自 5子
zong 1宗
zou 1邹
zu 3祖
zuo 3左 4祚
"""

# characters -> (syllable, tone)
READING_OF: dict[str, tuple[str, str]] = {}
# syllable -> characters
SOUNDS_LIKE: dict[str, str] = {}
for _line in READINGS.split("\n"):
    if _line:
        _syllable, *_tones = _line.split(" ")
        SOUNDS_LIKE[_syllable] = "".join(tone[1:] for tone in _tones)
        for _tone in _tones:
            READING_OF.update(dict.fromkeys(_tone[1:], (_syllable, _tone[0])))


def sound(name: str) -> tuple[str, ...]:
    """The syllables of a name without tones; a character outside the table stands for itself."""
    return tuple(READING_OF.get(character, (character, ""))[0] for character in name)
