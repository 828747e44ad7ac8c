"""Text for the benchmark: believable notes of an engineering company, mostly Chinese, words by Zipf's law.

Common words stand in a third of all texts, and thousands of proper names in only a few, as in real archives: a search
that is fast for one of them need not be fast for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

_TOPICS = (
    "压力 客户 流程 数据 质量 设备 测试 样品 供应商 温度 焊接 图纸 现场 报告 传感器 方案 培训 合同 成本 交付 "
    "密封 阀门 校准 软件 接口 物料 订单 检验 仓库 生产线 夹具 模具 涂层 电机 控制器 泵站 管道 振动 噪声 能耗 "
    "安全 备件 维修 安装 调试 需求 评审 计划 预算 发票 回款 投标 竞品 渠道 门店 售后 投诉 退货 包装 物流 "
    "认证 标准 专利 算法 模型 日志 网络 服务器 数据库 权限 账号 备份 升级 版本 文档 会议 面试 新人 考勤 差旅 "
    "采购 招标 库存 盘点 工艺 参数 扭矩 流量 液位 电压 电流 信号 线缆 接头 轴承 齿轮 叶轮 滤芯 润滑 防腐"
).split()
_PLACES = (
    "苏州工厂 研发中心 客户现场 三号车间 装配线 总装车间 实验室 华南仓库 成都办事处 试验台 海外项目 "
    "年度大修 夜班交接 新品导入 小批试产 出厂检验 月度例会 项目复盘 供应商审核 招投标阶段 "
    "冬季施工 雨季巡检 远程支持 首件确认 旧线改造 系统切换 数据迁移 售前交流 合同谈判 试点门店"
).split()
_TROUBLES = (
    "读数漂移 密封失效 交期延误 数据不一致 反复返工 沟通断层 温升过高 参数丢失 接口超时 图纸版本混乱 "
    "漏检 来料不良 泄漏 异响 卡滞 误报警 库存对不上 权限过大 需求变更 预算超支 备件缺货 标签贴错 "
    "线缆老化 焊缝开裂 涂层脱落 扭矩不足 信号干扰 校准过期 文档缺失 新人上手慢 回款拖延 投诉升级 "
    "重复录入 审批太慢 供电不稳 绝缘下降 过滤器堵塞 轴承磨损 软件崩溃 备份失败"
).split()
_ACTIONS = (
    "把检查表缩减到十二项 在下班前做一次交叉复核 先用小样验证再放大 把责任人写进流程图 统一了命名规则 "
    "每周固定半小时复盘 和供应商一起做了失效分析 把旧参数导出并存档 给关键工位加了防错 重新画了接线图 "
    "将阈值从百分之五调到百分之三 请质量部提前介入 做了两轮盲测 换成双人确认 把常见问题写成一页纸 "
    "在系统里加了提醒 把样品寄给第三方检测 先冻结需求再排期 拆成三个小版本上线 建立了备件最低库存 "
    "把录像剪成三分钟的教程 用扫码代替手写 安排老师傅带教两周 增加了出厂前的振动试验 按批次做了追溯 "
    "与客户共享同一份台账 把会议纪要当天发出 在合同里写清验收条件 逐台核对铭牌 改用低温固化的配方"
).split()
_RESULTS = (
    "返工率下降了四成 客户当月没有再投诉 平均处理时间从三天缩短到半天 交付提前了一周 一次合格率到了九十八 "
    "新人两周就能独立上岗 库存周转快了一倍 能耗降低了百分之七 现场再没有出现同样的问题 审批少了三个环节 "
    "成本每台省下八十元 报告可以自动生成 数据终于对得上了 夜班也能自己处理 供应商主动改进了工艺 "
    "项目顺利通过验收 备件费用减半 大家愿意把经验写下来 停机时间少了六小时 续约谈得很顺利"
).split()
_TEMPLATES = (
    "在{place}遇到{trouble}时,我们{action},{result}。",
    "{topic}的问题往往不在{topic2},而在{topic3}:上一次{trouble}就是这样发现的。",
    "关于{topic},{name}项目的经验是:{action}。",
    "如果{topic}与{topic2}同时异常,先看{topic3},再决定是否停机。",
    "{name}的同事建议{action},试行一个月后{result}。",
    "这份记录写给以后做{topic}的人:不要等到{trouble}才去找{topic2}的责任人。",
    "{place}的{topic}由{name}负责,遇到{trouble}请当天反馈。",
    "我们对比了{name}与{name2}两家的{topic},最后因为{topic2}选了前者。",
    "第一步确认{topic},第二步记录{topic2},第三步{action}。",
    "复盘发现,{trouble}有一半来自{topic}交接不清;{action}之后,{result}。",
    "客户问得最多的是{topic}和{topic2},建议把答案放在{topic3}的首页。",
    "注意:{topic}调整后必须重新确认{topic2},否则容易{trouble}。",
    "{name}现场的{topic}数据说明,{topic2}每提高一档,{topic3}会跟着变化。",
    "当时没有选择更贵的方案,是因为{topic}的余量足够,而且{action}更快。",
    "以{topic}为例,{place}的做法是{action}。",
    "型号{code}的{topic}需要单独处理,其余按通用{topic2}执行。",
)
_TITLES = (
    "{place}{trouble}的处理经过",
    "{topic}与{topic2}:{name}项目复盘",
    "如何避免{trouble}",
    "{topic}操作规程({code})",
    "{name}客户的声音:{topic}",
    "为什么我们改了{topic}的做法",
    "新人手册:{topic}入门",
    "{topic}{topic2}对比与选择",
    "{place}的{topic}经验",
    "{name}{topic}故障案例",
)
_EN_TOPICS = (
    "pressure sensor calibration supplier quality drawing release training contract delivery seal valve software "
    "interface inspection warehouse fixture coating motor controller pipeline vibration noise energy safety spare "
    "maintenance installation requirement review budget invoice tender packaging logistics certificate patent "
    "algorithm network database permission backup upgrade onboarding travel purchase inventory torque flow voltage"
).split()
_EN_TEMPLATES = (
    "When the {topic} of {name} drifted, we checked the {topic2} first and fixed the {topic3} within a day.",
    "The {topic} team in Suzhou now repeats every {topic2} test before the {topic3} leaves the building.",
    "Ask {name} about the {topic}; the old {topic2} notes for {code} are out of date.",
    "Our customer cares about {topic} more than about {topic2}, so the {topic3} plan comes second.",
    "Write down the {topic} values, compare them with the {topic2}, and only then touch the {topic3}.",
    "A shorter {topic} checklist cut rework by a third and made {topic2} reviews bearable.",
)
_EN_TITLES = (
    "Lessons from the {topic} project at {name}",
    "{topic} and {topic2}: what we would do again",
    "How to prepare a {topic} review",
    "Onboarding: {topic} in one page",
    "{name}: {topic} failure case {code}",
)
_NAME_PARTS = "远航泰和中科鑫源恒达宏图瑞丰嘉禾明德天成永安华信东晨海川星原博雅凯云锦程卓越昌盛立新博远汇通金石"
_EN_NAME_PARTS = ("Nor Wes Hal Ber Kas Tor Lin Mar Sol Ver", "field burg mark strom dorf haven wick berg stad ton")
_COMMENTS = (
    "我们组也遇到过{trouble},后来{action}。",
    "请问{topic}的数据能共享一份吗?",
    "补充一点:{topic2}最好同时记录。",
    "照着做了,{result},谢谢分享!",
    "{name}项目可以直接用这个办法。",
    "{topic}这一段建议配一张图。",
    "赞同,尤其是关于{topic}的部分。",
    "这个结论在{place}也成立吗?",
)


_NAMES = [a + b for a in _NAME_PARTS for b in _NAME_PARTS if a != b]
VOCABULARY = [*(word for word in _TOPICS if len(word) == 2), *_NAMES]
"""Words of two characters: some in every fifth text, some in one of ten thousand."""


class Zipf(Generic[T]):
    """Draws from a sequence, its n-th entry about 1/n as often as its first."""

    def __init__(self, entries: Sequence[T], flatness: float = 4) -> None:
        self.entries = entries
        self.cumulated = list(accumulate(1 / (rank + flatness) for rank in range(len(entries))))

    def draw(self, random: Random, k: int) -> list[T]:
        """`k` entries, independently."""
        return random.choices(self.entries, cum_weights=self.cumulated, k=k)


class Writer:
    """Writes sentences, titles and comments, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        names = list(_NAMES)
        english = [a + b for a in _EN_NAME_PARTS[0].split() for b in _EN_NAME_PARTS[1].split()]
        self.random.shuffle(names)
        self._topics, self._places, self._troubles = Zipf(_TOPICS), Zipf(_PLACES), Zipf(_TROUBLES)
        self._actions, self._results = Zipf(_ACTIONS, 12), Zipf(_RESULTS, 12)
        self._names = {"zh": Zipf(names, 40), "en": Zipf(english, 10)}
        self._english_topics = Zipf(_EN_TOPICS)

    def _fill(self, template: str, language: str) -> str:
        random = self.random
        topics = (self._topics if language == "zh" else self._english_topics).draw(random, 3)
        name, other = self._names[language].draw(random, 2)
        return template.format(
            topic=topics[0],
            topic2=topics[1],
            topic3=topics[2],
            name=name,
            name2=other,
            place=self._places.draw(random, 1)[0],
            trouble=self._troubles.draw(random, 1)[0],
            action=self._actions.draw(random, 1)[0],
            result=self._results.draw(random, 1)[0],
            code=f"{random.choice('ABCDEFGHKP')}{random.choice('KPSTV')}-{random.randint(100, 9999)}",
        )

    def sentence(self, language: str = "zh") -> str:
        """One sentence."""
        return self._fill(self.random.choice(_TEMPLATES if language == "zh" else _EN_TEMPLATES), language)

    def paragraph(self, language: str = "zh") -> str:
        """Two to four sentences."""
        gap = "" if language == "zh" else " "
        return gap.join(self.sentence(language) for _ in range(self.random.randint(2, 4)))

    def title(self, language: str = "zh") -> str:
        """A title."""
        text = self._fill(self.random.choice(_TITLES if language == "zh" else _EN_TITLES), language)
        return text if language == "zh" else text[0].upper() + text[1:]

    def comment(self) -> str:
        """What a colleague says to it."""
        return self._fill(self.random.choice(_COMMENTS), "zh")


@dataclass(frozen=True)
class Pool:
    """Ready pieces of one language, to be combined into documents."""

    language: str
    titles: list[str]
    sentences: list[str]
    paragraphs: list[str]


def pools(writer: Writer, paragraphs: int) -> dict[str, Pool]:
    """Pieces for both languages; English is spoken less."""
    made = {}
    for language, amount in (("zh", paragraphs), ("en", paragraphs // 10)):
        made[language] = Pool(
            language,
            [writer.title(language) for _ in range(amount)],
            [writer.sentence(language) for _ in range(amount // 2)],
            [writer.paragraph(language) for _ in range(amount)],
        )
    return made
