/* SPDX-License-Identifier: Apache-2.0
 *
 * Words that the daemon says, and sentences that hazardctl says, in Chinese. What must stay true: a
 * sentence takes the same values in the same order in both languages; what is in no table is shown as
 * it is. --json is never translated.
 */
#include "ctl.h"

struct pair {
    const char *en, *zh;
};

/* Values of members. */
static const struct pair words[] = {
    {"red", "红"},
    {"orange", "橙"},
    {"yellow", "黄"},
    {"blue", "蓝"},
    {"normal", "正常"},
    {"unack", "未确认"},
    {"ack", "已确认"},
    {"rtnun", "已恢复未确认"},
    {"shelved", "已搁置"},
    {"suppressed", "已抑制"},
    {"oos", "停用"},
    {"latched", "已锁定"},
    {"raise", "发生"},
    {"escalate", "升级"},
    {"deescalate", "降级"},
    {"clear", "恢复"},
    {"realarm", "再报警"},
    {"shelve", "搁置"},
    {"unshelve", "取消搁置"},
    {"suppress", "抑制"},
    {"unsuppress", "取消抑制"},
    {"return", "恢复使用"},
    {"reset", "复位"},
    {"remove", "移除"},
    {"dispose", "处置"},
    {"resync", "重新同步"},
    {"stale", "失联"},
    {"invalid", "无效"},
    {"unobserved", "未监视"},
    {"unconfirmed", "未确认值"},
    {"clock", "时标不准"},
    {"never", "从未收到"},
    {"gateway", "网关"},
    {"system", "系统"},
    {"limit", "限值"},
    {"connected", "已连接"},
    {"lost", "断开"},
    {"paused", "暂停读取"},
    {"watching", "监视中"},
    {"stopping", "正在停止"},
    {"live", "正式"},
    {"trial", "试行"},
    {"drill", "演练"},
    {"good", "良好"},
    {"bad", "不良"},
    {"uncertain", "不确定"},
    {"whole", "全部"},
    {"park", "园区"},
    {"enterprise", "企业"},
    {"hazard", "重大危险源"},
    {"broken", "报文损坏"},
    {"wrong-type", "类型不符"},
    {"missing", "缺少字段"},
    {"not-finite", "不是有限数"},
    {"bad-stamp", "时标有误"},
    {"too-deep", "嵌套过深"},
    {"too-many", "读数过多"},
    {"too-long", "文字过长"},
    {"duplicate-key", "键重复"},
    {"bad-text", "文字编码有误"},
    {"unknown-topic", "未知主题"},
    {"unknown-point", "未登记测点"},
    {"unknown-gateway", "未登记网关"},
    {"oversize", "报文过大"},
    {"qos2", "QoS 2"},
    {"empty", "没有读数"},
    {"text-limit", "文字值过多"},
    {"future", "时标超前"},
    {"reading", "读数"},
    {"gap", "未监视时段"},
    {"down", "停机"},
    {"suspended", "系统挂起"},
    {"loop-late", "未及时运行"},
    {"feed-lost", "数据源断开"},
    {"feed-unread", "数据源未读"},
    {"retained", "保留消息"},
    {"historic", "补传"},
    {"yes", "是"},
    {"no", "否"},
};

static const char *in_chinese(const struct pair *pairs, size_t count, const char *en)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].en, en) == 0)
            return pairs[i].zh;
    return en;
}

const char *ctl_in_words(const char *word)
{
    return ctl_chinese() ? in_chinese(words, sizeof(words) / sizeof(words[0]), word) : word;
}
