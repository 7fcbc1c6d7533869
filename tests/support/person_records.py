"""Person records as people and machines really write them, for hypothesis."""

from datetime import date

from hypothesis import strategies as st

from matching.linkage.records import PersonRecord

names = st.one_of(
    st.none(),
    st.sampled_from(
        ["张三丰", "張三豐", "张三", "张*", "张*丰", "张某某", "小张", "张女士", "章叁峰", "李四", "Zhang Sanfeng",
         "Sanfeng ZHANG", "Maria Smith", "smith maria", "", "😀", "张😀", "x", "1380013800", "长" * 500]
    ),
    st.text(max_size=40),
)  # fmt: skip
numbers = st.one_of(
    st.none(),
    st.sampled_from(
        ["11010519491231002X", "110105491231002", "1101**********002X", "110105194912310021", "11010519491213002X",
         "430102198001010014", "", "无", "*", "9" * 500]
    ),
    st.text(max_size=20),
)  # fmt: skip
texts = st.one_of(
    st.none(),
    st.sampled_from(["北京协和医院", "协和医院", "肺癌", "C34", "右肺恶性肿瘤", "", "😀" * 200]),
    st.text(max_size=30),
)
records = st.builds(
    PersonRecord,
    name=names,
    id_number=numbers,
    birth_date=st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2030, 1, 1))),
    birth_year=st.one_of(st.none(), st.integers(0, 9999)),
    sex=st.sampled_from([None, "M", "F"]),
    phone=st.one_of(
        st.none(), st.sampled_from(["13800138000", "+8613800138000", "1380013800", "张三", ""]), st.text()
    ),
    area=st.one_of(
        st.none(), st.sampled_from(["110105", "110100", "430102", "北京市", "0"]), st.text(max_size=8)
    ),
    address=texts,
    hospital=texts,
    disease=texts,
)
