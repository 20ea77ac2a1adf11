/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be measured and where, with plausible numbers. Gas: levels 1 and 2 of GB/T 50493-2019
 * (combustible 25 and 50 %LEL; oxygen 19.5 and 23.5 %VOL; toxic one and two times the exposure limit
 * of GBZ 2.1-2019). Levels and pressures are what designs of such vessels have, no standard's numbers.
 * What must stay true: `calm` lies within the limits, so that a city where nothing happens has no alarm.
 */
#include "city.h"

#include <math.h>

#define TANK(what, low_low, low, high, high_high, calm_least, calm_most)                           \
    {                                                                                              \
        "LT", "level", "tank", "%", what, 0, 100, {low_low, low, high, high_high}, calm_least,     \
            calm_most, 1                                                                           \
    }
#define PRESSURE(what, most, high, high_high, calm_least, calm_most)                               \
    {                                                                                              \
        "PT", "pressure", "vessel", "MPa", what, 0, most, {NAN, NAN, high, high_high}, calm_least, \
            calm_most, 3                                                                           \
    }
#define TEMPERATURE(what, least, most, high, high_high, calm_least, calm_most)                     \
    {                                                                                              \
        "TT", "temperature", "vessel", "℃", what, least, most, {NAN, NAN, high, high_high},        \
            calm_least, calm_most, 1                                                               \
    }
#define TOXIC(what, most, high, calm_most)                                                         \
    {                                                                                              \
        "GT", "gas", "toxic", "mg/m3", what, 0, most, {NAN, NAN, high, 2 * (high)}, 0, calm_most,  \
            2                                                                                      \
    }
#define OXYGEN(what)                                                                               \
    {                                                                                              \
        "GO", "gas", "oxygen", "%VOL", what, 0, 30, {NAN, 19.5, 23.5, NAN}, 20.5, 21.2, 1          \
    }
#define COMBUSTIBLE(what)                                                                          \
    {                                                                                              \
        "GC", "gas", "combustible", "%LEL", what, 0, 100, {NAN, NAN, 25, 50}, 0, 6, 1              \
    }

const struct city_measure city_ammonia_level = TANK("液位", 10, 15, 85, 90, 45, 78);
const struct city_measure city_chlorine_gas = TOXIC("氯气探测器", 10, 1, 0.2);

static const struct city_measure ammonia_pressure = PRESSURE("压力", 2.5, 1.55, 1.7, 0.75, 1.2);
static const struct city_measure ammonia_temperature = TEMPERATURE("温度", -40, 80, 40, 45, 12, 30);
static const struct city_measure ammonia_gas = TOXIC("氨气探测器", 200, 20, 4);

static const struct city_measure cold_level = TANK("液位", 8, 12, 70, 80, 30, 55);
static const struct city_measure cold_pressure = PRESSURE("压力", 1.6, 0.4, 0.6, 0.04, 0.14);
static const struct city_measure cold_temperature = TEMPERATURE("温度", -60, 40, -10, 0, -36, -28);

static const struct city_measure synthesis_pressure = PRESSURE("压力", 25, 16, 17.5, 12.5, 14.8);
static const struct city_measure synthesis_temperature =
    TEMPERATURE("床层温度", 0, 600, 510, 525, 440, 495);
static const struct city_measure oxygen_gas = OXYGEN("氧气探测器");
static const struct city_measure hydrogen_gas = COMBUSTIBLE("氢气探测器");

static const struct city_measure chlorine_level = TANK("液位", 5, 10, 75, 80, 35, 68);
static const struct city_measure chlorine_pressure = PRESSURE("压力", 1.6, 1.0, 1.1, 0.45, 0.8);
static const struct city_measure chlorine_temperature = TEMPERATURE("温度", -40, 60, 35, 40, 5, 28);
static const struct city_measure cell_temperature = TEMPERATURE("槽温", 0, 120, 90, 95, 80, 87);
static const struct city_measure cell_pressure =
    PRESSURE("氯气总管压力", 0.1, 0.03, 0.04, 0.012, 0.022);

static const struct city_measure lpg_level = TANK("液位", 10, 15, 85, 90, 40, 77);
static const struct city_measure lpg_pressure = PRESSURE("压力", 2.5, 1.5, 1.6, 0.5, 1.1);
static const struct city_measure lpg_temperature = TEMPERATURE("温度", -40, 80, 40, 48, 10, 32);
static const struct city_measure lpg_gas = COMBUSTIBLE("可燃气体探测器");

static const struct city_measure oil_level = TANK("液位", 8, 12, 85, 92, 30, 78);
static const struct city_measure oil_temperature = TEMPERATURE("温度", -20, 80, 40, 45, 15, 32);
static const struct city_measure methanol_gas = COMBUSTIBLE("甲醇蒸气探测器");
static const struct city_measure benzene_gas = TOXIC("苯蒸气探测器", 50, 3, 0.6);
static const struct city_measure benzene_lel = COMBUSTIBLE("可燃气体探测器");

static const struct city_measure reactor_temperature =
    TEMPERATURE("温度", 0, 250, 165, 180, 120, 150);
static const struct city_measure reactor_pressure = PRESSURE("压力", 6, 4.2, 4.6, 2.6, 3.6);
static const struct city_measure reformer_temperature =
    TEMPERATURE("出口温度", 0, 1200, 960, 990, 880, 930);
static const struct city_measure reformer_pressure = PRESSURE("压力", 5, 3.4, 3.7, 2.2, 3.0);
static const struct city_measure monoxide_gas = TOXIC("一氧化碳探测器", 200, 20, 5);
static const struct city_measure sulphide_gas = TOXIC("硫化氢探测器", 100, 10, 2);

#define AMMONIA    "7664-41-7"
#define CHLORINE   "7782-50-5"
#define HYDROGEN   "1333-74-0"
#define OXYGEN_GAS "7782-44-7"
#define LPG        "68476-85-7"
#define METHANOL   "67-56-1"
#define BENZENE    "71-43-2"
#define MONOXIDE   "630-08-0"
#define SULPHIDE   "7783-06-4"

static const struct city_unit ammonia_tanks = {
    "TF",
    "液氨罐区",
    "tank-farm",
    1,
    {{"液氨球罐", AMMONIA, 4, {&city_ammonia_level, &ammonia_pressure, &ammonia_temperature}},
     {"", AMMONIA, 4, {&ammonia_gas}}}};
static const struct city_unit ammonia_plant = {
    "AP",
    "合成氨装置",
    "process",
    2,
    {{"合成塔", AMMONIA, 2, {&synthesis_temperature, &synthesis_pressure}},
     {"", AMMONIA, 3, {&ammonia_gas}},
     {"", HYDROGEN, 3, {&hydrogen_gas}},
     {"空分间", OXYGEN_GAS, 1, {&oxygen_gas}}}};
static const struct city_unit chlorine_store = {
    "CL",
    "液氯库",
    "store",
    1,
    {{"液氯储槽", CHLORINE, 2, {&chlorine_level, &chlorine_pressure, &chlorine_temperature}},
     {"", CHLORINE, 4, {&city_chlorine_gas}}}};
static const struct city_unit cell_house = {
    "EL",
    "电解装置",
    "process",
    3,
    {{"电解槽", CHLORINE, 4, {&cell_temperature, &cell_pressure}},
     {"", CHLORINE, 2, {&city_chlorine_gas}},
     {"", HYDROGEN, 2, {&hydrogen_gas}}}};
static const struct city_unit lpg_spheres = {
    "LP",
    "液化石油气球罐区",
    "tank-farm",
    2,
    {{"液化气球罐", LPG, 3, {&lpg_level, &lpg_pressure, &lpg_temperature}},
     {"", LPG, 4, {&lpg_gas}}}};
static const struct city_unit methanol_tanks = {
    "MT",
    "甲醇罐区",
    "tank-farm",
    4,
    {{"甲醇储罐", METHANOL, 3, {&oil_level, &oil_temperature}},
     {"", METHANOL, 3, {&methanol_gas}}}};
static const struct city_unit benzene_tanks = {
    "BZ",
    "苯罐区",
    "tank-farm",
    3,
    {{"苯储罐", BENZENE, 3, {&oil_level, &oil_temperature}},
     {"", BENZENE, 2, {&benzene_gas}},
     {"", BENZENE, 2, {&benzene_lel}}}};
static const struct city_unit hydrogenation = {
    "HY",
    "加氢装置",
    "process",
    2,
    {{"加氢反应器", HYDROGEN, 3, {&reactor_temperature, &reactor_pressure}},
     {"", HYDROGEN, 3, {&hydrogen_gas}},
     {"", SULPHIDE, 2, {&sulphide_gas}}}};
static const struct city_unit methanol_plant = {
    "MP",
    "甲醇合成装置",
    "process",
    3,
    {{"转化炉", METHANOL, 2, {&reformer_temperature, &reformer_pressure}},
     {"", MONOXIDE, 3, {&monoxide_gas}},
     {"", HYDROGEN, 2, {&hydrogen_gas}}}};
static const struct city_unit cold_store = {
    "CS",
    "涉氨制冷机房",
    "store",
    4,
    {{"低压循环桶", AMMONIA, 1, {&cold_level, &cold_pressure, &cold_temperature}},
     {"", AMMONIA, 3, {&ammonia_gas}}}};

const struct city_trade city_trades[CITY_TRADES] = {
    [CITY_FERTILIZER] = {"化肥有限公司", 14, {&ammonia_tanks, &ammonia_plant}},
    [CITY_CHLORALKALI] = {"氯碱化工有限公司", 12, {&chlorine_store, &cell_house}},
    [CITY_STORAGE] = {"石化储运有限公司", 14, {&lpg_spheres, &methanol_tanks, &benzene_tanks}},
    [CITY_FINE] = {"精细化工股份有限公司", 26, {&hydrogenation, &benzene_tanks}},
    [CITY_METHANOL] = {"甲醇化工有限公司", 8, {&methanol_plant, &methanol_tanks}},
    [CITY_LPG] = {"燃气有限公司", 10, {&lpg_spheres}},
    [CITY_COLD] = {"冷链食品有限公司", 8, {&cold_store}},
    [CITY_WATER] = {"水务有限公司", 8, {&chlorine_store}},
};
