"""Characters of Japanese names that are written in more than one form, and the form each is looked up by.

Unicode keeps these forms apart under NFC and NFKC, so a search folds them by table; nothing stored is ever changed by
it. Version 2026-12. Whoever changes a table raises `FORM` in `services/members/store/keys.py`, so that what is stored
beside the names is made anew.
"""

import functools

# The forms in parentheses in the table of characters for common use (常用漢字表, Cabinet Notice No. 2 of 30 November
# 2010): modern form, then the form of the Kangxi dictionary. Those that NFKC unifies already are left out, and 斎 (齋)
# stands under 斉 below.
_COMMON_USE = (
    "亜亞悪惡圧壓囲圍医醫為爲壱壹隠隱栄榮営營衛衞駅驛円圓塩鹽縁緣艶艷応應欧歐殴毆桜櫻奥奧横橫温溫穏穩仮假"
    "価價画畫会會絵繪壊壞懐懷概槪拡擴殻殼覚覺学學岳嶽楽樂渇渴缶罐巻卷陥陷勧勸寛寬関關歓歡観觀気氣帰歸偽僞"
    "戯戲犠犧旧舊拠據挙擧虚虛峡峽挟挾狭狹郷鄕暁曉区區駆驅勲勳薫薰径徑茎莖恵惠掲揭渓溪経經蛍螢軽輕継繼鶏鷄"
    "芸藝撃擊欠缺研硏県縣倹儉剣劍険險圏圈検檢献獻権權顕顯験驗厳嚴広廣効效恒恆黄黃鉱鑛号號国國黒黑砕碎済濟"
    "剤劑雑雜参參桟棧蚕蠶惨慘賛贊残殘糸絲歯齒児兒辞辭湿濕実實写寫釈釋寿壽収收従從渋澁獣獸縦縱粛肅処處緒緖"
    "叙敍尚尙将將称稱渉涉焼燒証證奨奬条條状狀乗乘浄淨剰剩畳疊縄繩壌壤嬢孃譲讓醸釀触觸嘱囑真眞寝寢慎愼尽盡"
    "図圖粋粹酔醉穂穗随隨髄髓枢樞数數瀬瀨声聲青靑斉齊清淸静靜税稅窃竊摂攝説說絶絕専專浅淺戦戰践踐銭錢潜潛"
    "繊纖禅禪双雙壮壯争爭荘莊捜搜挿插巣巢曽曾装裝総總騒騷増增蔵藏臓臟即卽属屬続續堕墮対對体體帯帶滞滯台臺"
    "滝瀧択擇沢澤担擔単單胆膽団團断斷弾彈遅遲痴癡虫蟲昼晝鋳鑄庁廳徴徵聴聽勅敕鎮鎭逓遞鉄鐵点點転轉伝傳灯燈"
    "当當党黨盗盜稲稻闘鬭徳德独獨読讀届屆弐貳悩惱脳腦覇霸拝拜廃廢売賣麦麥発發髪髮抜拔晩晚蛮蠻秘祕浜濱瓶甁"
    "払拂仏佛併倂並竝餅餠辺邊変變弁辨弁瓣弁辯歩步宝寶豊豐褒襃翻飜毎每万萬満滿麺麵黙默弥彌訳譯薬藥与與予豫"
    "余餘誉譽揺搖様樣謡謠来來頼賴乱亂覧覽竜龍両兩猟獵緑綠涙淚塁壘礼禮励勵戻戾霊靈齢齡暦曆歴歷恋戀錬鍊炉爐"
    "労勞郎郞楼樓録錄湾灣"
)
# The Family Register Act's enforcement regulations, appended table 2 (人名用漢字): pairs among its part one, and forms
# of its part two that the table above does not have.
_REGISTER = "園薗駆駈島嶋杯盃富冨峰峯野埜涼凉亘亙凛凜尭堯巌巖晃晄桧檜槙槇祢禰祷禱禄祿穣穰萌萠遥遙痩瘦"
# What family registers and passports hold beyond that, as variants in Unicode's Unihan database (kZVariant,
# kSemanticVariant, kSpecializedSemanticVariant, kCompatibilityVariant of Unicode 14.0) or in MJ character information.
# 斎 and 斉 are two characters, but one name is written with either, and who looks for さいとう rarely knows which.
_NAMES = (
    "斉斎斉齋高髙崎﨑崎嵜崎碕崎㟢辺邉浜濵島嶌島㠀吉𠮷桑桒柳栁柳桺館舘淵渕旗籏柏栢枡桝籠篭壺壷竈竃鶴靏鶴靍"
    "鶴鸖欅﨔昇曻昂昻沖冲況况決决減减準凖卒卆厩廐厩廏呉吳国囯国圀姫姬密宻宝寳彦彥徳悳戸戶教敎学斈松枩杉杦"
    "歳歲氷冰熙煕珍珎瑶瑤略畧皐皋年秊秋秌秋穐奇竒翠翆聡聰船舩蒋蔣芦蘆村邨達逹釜釡刀釖鉄銕鉄鉃鋭銳間閒関闗"
    "顔顏飲飮騨驒穎頴雁鴈亀龜剣劔剣劒剣剱剣釼叱𠮟橋𣘺橋槗土𡈽土圡丈𠀋儘侭宜冝宮宫喜㐂脇𦚰蘇蘓寿夀藪薮蠟蝋"
    "鷗鴎麴麹萊莱頸頚礪砺鰺鯵頰頬剝剥塡填摑掴軀躯諫諌闊濶悦悅産產巽巺嶺岭侯矦"
)


@functools.cache
def forms() -> dict[int, str]:
    """For `str.translate`: the code point of a form → the form it is looked up by."""
    pairs = _COMMON_USE + _REGISTER + _NAMES
    return {ord(form): known for known, form in zip(pairs[::2], pairs[1::2], strict=True)}
