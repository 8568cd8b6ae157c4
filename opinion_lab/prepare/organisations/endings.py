"""Whom or what complaints name: businesses and estates, by how their names end."""

from __future__ import annotations

import polars as pl

BUSINESSES = (
    "超市|商店|商行|便利店|药店|药房|饭店|餐厅|餐馆|酒楼|火锅|烧烤|奶茶|酒店|宾馆|健身房|健身|美容|门诊|诊所|医院|学校|"
    "中学|小学|幼儿园|加油站|文具店|水果店|眼镜店?|蛋糕店?|面包店|理发店|美发店?|小吃店?|早餐店|面馆|粉馆|饭馆|小馆|茶馆|"
    "影楼|母婴店?|手机城|家电城|车行|修理厂|洗车店|养生馆|酒吧|网吧|茶楼|培训班|培训学校|驾校|干洗店|宠物店|菜馆|菜市场|专柜|"
    "(?:托管|培训|健身|美容|托育|早教|体检|洗浴|月子)中心|[足洗]浴城|家具城|建材城|美食城|购物城"
)
# of shops of other kinds the four characters before the end are name and trade: 老张渔具店
SHOPS = r"[\p{L}\p{N}--某]{4}(?:店|馆|坊|铺)"
NO_SHOPS = (
    "[这那一几两多]家|[门网小本该分总开到进哪]店|实体店|旗舰店|直营店|加盟店|专卖店|商店|酒店|图书馆|博物馆|体育馆|展览馆|宾馆|"
    "商铺|门面|店铺"
)
# what a company does and its form; the same one is written with and without
COMPANY = (
    "(?:商务|贸易|科技|物业|餐饮|管理|服务|文化|传播|咨询|投资|实业|装饰|汽车|教育|电子|网络|信息|技术|食品|药业|医药|房地产|置业|建设|建筑|"
    "工程|销售|连锁|发展|旅游|运输|物流|保险|金融)*(?:集团)?(?:股份)?(?:有限)?(?:责任)?公司"
)

PLACES = "市场|商场|广场|大厦|小区|花园|花苑|家园|公寓|新村|国际城|名城|华府|帝景|府|苑|城|店"
GENERIC = (  # 楼下超市, 这家公司: what stands before the end names nobody
    "^(?:小区|我们|你们|他们|这家|那家|这个|那个|一家|几家|两家|多家|本地|当地|县里|县城|市里|城里|镇上|村里|附近|周边|楼下|楼上|门口|旁边|对面|隔壁|"
    "网上|大型|正规|连锁|有限|责任|股份|上述|涉事|被投诉|.?[该这那本某此各贵]|所有|很多|许多|其他|别的|去|在|到|于)"
)
# two characters before such an end tell one name from another, however much more of it is written out
BEFORE = r"[\p{L}\p{N}--某]{2}"  # 某超市 names nobody

#: What complaints about one business are about: one shop's scales and its fees are two matters.
MATTERS = {
    "food": "食物|食品|食堂|食材|用餐|餐后|就餐|午餐|晚餐|早餐|吃|喝|中毒|呕吐|腹泻|拉肚子|腹痛|肚子痛|变质|过期|保质期"
    "|异物|发霉|霉变|生虫|有虫|虫子|头发|留样|饭菜|后厨|不熟|馊",
    "price": "标价|价格|收费|结账|涨价|多收|乱收|宰客|天价|加价",
    "measure": "缺斤|短斤|少两|短两|电子秤|计量|称重|不足秤|加油|油枪|油表",
    "advert": "广告|宣传|包治|疗效|夸大",
    "prepaid": "会员|充值|办卡|预付|储值|课时|年卡|停业|关门|跑路|闭店|失联|退卡|退费",
    "quality": "质量|退换|退货|换货|假货|假冒|三无|维修|三包|保修|损坏",
    "device": "电梯|锅炉|气瓶|游乐设施|特种设备",
    "nuisance": "噪音|噪声|扰民|油烟|异味|垃圾|污水|占道",
}


def businesses(said: pl.Series) -> pl.Series:
    """The businesses that each folded text names, as lists."""
    named = said.str.extract_all(f"{BEFORE}(?:{BUSINESSES}|{COMPANY})")
    shops = said.str.extract_all(SHOPS).list.eval(
        pl.element().filter(~pl.element().str.contains(f"{NO_SHOPS}|(?:{BUSINESSES})$"))
    )
    named = named.list.concat(shops)
    named = named.list.eval(pl.element().str.replace(f"{COMPANY}$", "公司"))
    return named.list.eval(pl.element().filter(~pl.element().str.contains(GENERIC))).list.unique(maintain_order=True)


def differ(one: pl.Series, other: pl.Series) -> pl.Series:
    """Whether of two folded texts each names a business or an estate that the other does not."""
    mine, theirs = (
        said.str.extract_all(f"{BEFORE}(?:{BUSINESSES}|{PLACES}|公司)").list.unique() for said in (one, other)
    )
    return (mine.list.set_difference(theirs).list.len() > 0) & (theirs.list.set_difference(mine).list.len() > 0)


def matters(said: pl.Series) -> pl.Series:
    """The matters that each folded text speaks of (of MATTERS), as lists."""
    holds = [
        pl.when(pl.col("said").str.contains(words)).then(pl.lit(key)).otherwise(None) for key, words in MATTERS.items()
    ]
    return said.to_frame("said").select(pl.concat_list(holds).list.drop_nulls()).to_series()
