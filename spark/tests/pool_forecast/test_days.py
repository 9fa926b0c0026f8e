"""Which days a model may know: cut between days, a day of embargo, the same from whatever day one looks."""

import pytest

from sevenfold_jobs.pool_forecast.days import (
    first_day_learnt_from,
    first_day_needed,
    fold_of_calibration,
    folds_of_shrink,
    folds_of_tvl,
    training_days,
)

DAYS = range(20_000, 20_120)


def test_the_last_row_learnt_from_has_the_newest_known_day_as_its_target():
    first, last = training_days(cutoff=100)
    assert last + 1 == 100
    assert last - first == 179


@pytest.mark.parametrize("folds", [folds_of_shrink, lambda day: folds_of_tvl(day - 200, day)])
def test_no_model_knows_a_value_of_the_days_it_is_tried_on_nor_of_the_day_before(folds):
    for asof in DAYS:
        for fold in folds(asof):
            newest_target = training_days(fold.cutoff)[1] + 1
            assert newest_target == fold.first - 1


def test_the_folds_of_a_day_follow_each_other_up_to_that_day():
    for asof in DAYS:
        folds = folds_of_shrink(asof)
        assert [fold.first for fold in folds[1:]] == [fold.last + 1 for fold in folds[:-1]]
        assert folds[-1].first <= asof <= folds[-1].last
        assert 60 <= asof - folds[0].first < 90


def test_a_finished_block_has_the_same_model_whichever_day_asks():
    block = folds_of_shrink(20_000)[0]
    sharing = [asof for asof in range(20_000, 20_030) if block in folds_of_shrink(asof)]
    assert len(sharing) > 1
    tvl = folds_of_tvl(19_800, 20_050)
    assert set(folds_of_tvl(19_900, 20_010)) <= set(tvl)


def test_widths_are_chosen_on_days_whose_shrink_is_tried_too():
    for asof in DAYS:
        fold = fold_of_calibration(asof)
        assert folds_of_shrink(asof)[0].first <= fold.first <= asof <= fold.last


def test_what_is_read_reaches_back_to_the_first_row_that_any_fold_learns_from():
    for asof in DAYS:
        learnt = first_day_learnt_from(asof)
        assert learnt == min(training_days(fold.cutoff)[0] for fold in folds_of_shrink(asof))
        assert first_day_needed(asof) <= training_days(folds_of_tvl(learnt, asof)[0].cutoff)[0]
        assert first_day_needed(asof) <= training_days(fold_of_calibration(asof).cutoff)[0]
