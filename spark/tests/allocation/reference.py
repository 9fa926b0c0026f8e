"""The allocation a second time: in tokens, pair by pair, with Python's HiGHS.

Written from the model's definition and not from the TypeScript that runs in production, which reckons in
dollars and has one variable a pool. Both must find the same optimum of the same problem (`problems.json`).

    python reference.py problems.json        solves every problem and writes what it found beside it
"""

import json
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
    rate = limits["conversionRate"]
    smallest = max(limits["minPositionUsd"], limits["minPositionPct"] * assets)

    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 1e-9)
    model.setOptionValue("mip_feasibility_tolerance", 1e-9)
    model.setOptionValue("primal_feasibility_tolerance", 1e-9)

    objective: list[Any] = []
    bill: list[Any] = []
    wallet: dict[str, list[Any]] = {j: [] for j in symbols}
    spread: list[Any] = []
    in_group: dict[int, list[Any]] = {1: [], 2: [], 3: []}

    for i, pool in enumerate(pools):
        earns = max(0.0, pool["apy"]) / 100 / 365 * limits["horizonDays"]
        cap = min(limits["maxPositionPct"] * assets, limits["maxPoolTvlPct"] * pool["tvl"])
        if pool["tvl"] < limits["poolTvlLimit"]:
            cap = 0.0
        elif value[i] <= cap + CENT:
            cap = max(cap, value[i])
        if not pool["mayGrow"]:
            cap = min(cap, value[i])
        tokens = sorted(set(held[i]) | (set(pool["accepts"]) if pool["mayGrow"] else set()))
        h = model.addBinary()
        final_value: list[Any] = []
        withdrawn_share = model.addVariable(lb=0, ub=1) if value[i] > 0 else None
        withdraws = model.addBinary() if value[i] > 0 else None
        deposited_value = deposits = None
        if pool["mayGrow"] and pool["accepts"] and cap > 0:
            deposited_value = model.addVariable(lb=0, ub=cap)
            deposits = model.addBinary()
            model.addConstr(deposited_value <= cap * deposits)
            model.addConstr(deposited_value >= CENT * deposits)
            bill.append(gas["deposit"] * len(pool["accepts"]) * deposits)
        if withdraws is not None:
            model.addConstr(withdrawn_share <= withdraws)
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
        floor = min(smallest, value[i], cap) if value[i] > 0 else smallest
        model.addConstr(total - cap * h <= 0)
        model.addConstr(total - floor * h >= 0)
        if cap > 0:  # else h is free to be 1 over nothing
            spread.append(h)
        in_group[pool["group"] if pool["group"] in (1, 2) else 3].append((total, value[i]))

    for group, members in in_group.items():
        if members:
            limit = limits["groupMaxPct"][group - 1] * assets
            now = sum(usd for _, usd in members)
            if now <= limit + CENT:
                limit = max(limit, now)
            model.addConstr(sum((total for total, _ in members[1:]), members[0][0]) <= limit)

    fees: list[Any] = []
    for j in symbols:
        for k in symbols:
            if j == k:
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
    if limits["minPools"] > 0:
        short = model.addVariable(lb=0)
        model.addConstr(sum(spread, short) >= limits["minPools"])
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
