"""The allocation a second time: in tokens, pair by pair, with Python's HiGHS.

Written from the model's definition and not from the TypeScript that runs in production, which works in
dollars and has one variable per pool. Both must find the same optimum of the same problem (`problems.json`).

    python reference.py problems.json        solves every problem and writes its solution next to it
"""

import json
import math
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import highspy

CENT = 0.01


def best_objective(problem: dict[str, Any]) -> float | None:
    """The largest objective in dollars, penalty included; None where there is no solution."""
    limits, gas = problem["limits"], problem["gasUsd"]
    price = {token["symbol"]: float(token["price"]) for token in problem["tokens"]}
    idle = {token["symbol"]: float(Decimal(token["idle"])) for token in problem["tokens"]}
    pools = problem["pools"]
    held = [{leg["token"]: float(Decimal(leg["amount"])) for leg in pool["held"]} for pool in pools]
    value = [sum(amount * price[j] for j, amount in legs.items()) for legs in held]
    assets = sum(amount * price[j] for j, amount in idle.items()) + sum(value)
    if assets <= 0:
        return 0.0
    symbols = list(price)
    frozen = {token["symbol"] for token in problem["tokens"] if token.get("frozen", False)}
    rate = limits["conversionRate"]
    smallest = max(limits["minPositionUsd"], limits["minPositionPct"] * assets, CENT)

    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    # With it, one of the problems ends below its optimum at these tolerances.
    model.setOptionValue("presolve", "off")
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 1e-9)
    model.setOptionValue("mip_feasibility_tolerance", 1e-9)
    model.setOptionValue("primal_feasibility_tolerance", 1e-9)

    objective: list[Any] = []
    bill: list[Any] = []
    wallet: dict[str, list[Any]] = {j: [] for j in symbols}
    spread: list[Any] = []
    in_group: dict[int, list[Any]] = {1: [], 2: [], 3: []}
    held_now = 0
    leaving = 0.0
    places_in, staying_in = [0, 0, 0], [0.0, 0.0, 0.0]

    for i, pool in enumerate(pools):
        earns = max(0.0, pool["apy"]) / 100 / 365 * limits["horizonDays"]
        limit = min(limits["maxPositionPct"] * assets, limits["maxPoolTvlPct"] * pool["tvl"])
        if pool["tvl"] < limits["poolTvlLimit"]:
            limit = 0.0
        can_leave = min(value[i], max(0.0, pool.get("holdsUsd", float("inf"))))
        must_leave = pool.get("mustLeave", False) or pool["tvl"] < limits["poolTvlLimit"]
        leaves = must_leave and can_leave >= CENT and can_leave > gas["withdrawal"] * len(held[i])
        # A limit forbids further deposits; what already exceeds it stays.
        cap = value[i] - can_leave if leaves else max(limit, value[i]) if pool["mayGrow"] else value[i]
        may_grow = pool["mayGrow"] and not must_leave and limit - value[i] >= CENT
        pays = earns > 0
        least = gas["deposit"] * len(pool["accepts"]) / earns if pays else 0.0
        tokens = sorted(set(held[i]) | (set(pool["accepts"]) if may_grow else set()))
        h = model.addBinary()
        final_value: list[Any] = []
        withdrawn_share = model.addVariable(lb=0, ub=1) if value[i] > 0 else None
        withdraws = model.addBinary() if value[i] > 0 else None
        deposited_value = deposits = None
        if may_grow and pays and pool["accepts"]:
            deposited_value = model.addVariable(lb=0, ub=limit - value[i])
            deposits = model.addBinary()
            model.addConstr(deposited_value <= (limit - value[i]) * deposits)
            model.addConstr(deposited_value >= max(CENT, least) * deposits)
            bill.append(gas["deposit"] * len(pool["accepts"]) * deposits)
        if withdraws is not None:
            model.addConstr(value[i] * withdrawn_share <= can_leave * withdraws)
            model.addConstr(value[i] * withdrawn_share >= min(CENT, value[i]) * withdraws)
            bill.append(gas["withdrawal"] * len(held[i]) * withdraws)
        for j in tokens:
            x = model.addVariable(lb=0)
            d = model.addVariable(lb=0)
            w = model.addVariable(lb=0)
            a = held[i].get(j, 0.0)
            model.addConstr(x - d + w == a)
            # taken out as a share of what lies there; paid in with equal value
            if a > 0:
                model.addConstr(w - a * withdrawn_share == 0)
            else:
                model.addConstr(w == 0)
            if deposited_value is not None and j in pool["accepts"]:
                model.addConstr(d * price[j] - deposited_value * (1 / len(pool["accepts"])) == 0)
            else:
                model.addConstr(d == 0)
            wallet[j] += [w, -1.0 * d]
            final_value.append(x * price[j])
            objective.append(x * (price[j] * earns))
        if not final_value:
            continue
        total = sum(final_value[1:], final_value[0])
        stays = value[i] - can_leave if can_leave < value[i] else cap
        floor = min(smallest, value[i], stays) if value[i] > 0 else smallest
        model.addConstr(total - cap * h <= 0)
        model.addConstr(total - floor * h >= 0)
        if cap > 0:  # else h is free to be 1 over nothing
            spread.append(h)
        held_now += value[i] > 0 and cap > 0
        leaving += max(0.0, value[i] - cap)
        number = pool["group"] - 1 if pool["group"] in (1, 2) else 2
        staying_in[number] += min(value[i], cap)
        room = limit - value[i] >= max(CENT, least, smallest)
        places_in[number] += value[i] == 0 and deposited_value is not None and room
        in_group[pool["group"] if pool["group"] in (1, 2) else 3].append((total, value[i]))

    for group, members in in_group.items():
        if members:
            now = sum(usd for _, usd in members)
            limit = max(limits["groupMaxPct"][group - 1] * assets, now)
            model.addConstr(sum((total for total, _ in members[1:]), members[0][0]) <= limit)

    fees: list[Any] = []
    for j in symbols:
        for k in symbols:
            if j == k or j in frozen or k in frozen:
                continue
            converted = model.addVariable(lb=0, ub=assets / price[j])
            made = model.addBinary()
            model.addConstr(converted * price[j] - assets * made <= 0)
            model.addConstr(converted * price[j] - CENT * made >= 0)
            wallet[j].append(-1.0 * converted)
            wallet[k].append(converted * (price[j] * (1 - rate) / price[k]))
            fees.append(converted * (price[j] * rate))
            bill.append(gas["conversion"] * made)

    paid: list[Any] = []
    for j in symbols:
        gas_of_token = model.addVariable(lb=0)
        rest = model.addVariable(lb=0)
        wallet[j] += [-1.0 * gas_of_token, -1.0 * rest]
        model.addConstr(sum(wallet[j][1:], wallet[j][0]) == -idle[j])
        paid.append(gas_of_token * price[j])
    if bill:
        model.addConstr(sum(paid[1:], paid[0]) - sum(bill[1:], bill[0]) == 0)
    objective += [-1.0 * cost for cost in bill + fees]
    # Earning positions are never sold just to diversify: only idle money and forced exits open new pools.
    free = sum(amount * price[j] for j, amount in idle.items() if j not in frozen) + leaving
    openable = sum(
        min(places, max(0, math.floor((share * assets - staying) / smallest)))
        for share, places, staying in zip(limits["groupMaxPct"], places_in, staying_in, strict=True)
    )
    wanted = min(limits["minPools"], held_now + min(openable, math.floor(free / smallest)))
    if wanted > 0:
        short = model.addVariable(lb=0)
        model.addConstr(sum(spread, short) >= wanted)
        objective.append(-limits["minPoolsPenaltyPct"] * assets * short)
    if not objective:
        return 0.0
    model.maximize(sum(objective[1:], objective[0]))
    status = model.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    assert status == highspy.HighsModelStatus.kOptimal, status
    return float(model.getInfo().objective_function_value)


def main() -> None:
    path = Path(sys.argv[1])
    cases = json.loads(path.read_text())
    for case in cases:
        case["objectiveUsd"] = best_objective(case["problem"])
    path.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
