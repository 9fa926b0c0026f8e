"""Job cv_fit: each fit a process and a transaction of its own, equal in every mode."""

from cross_validations import COX, survival_table


def test_fits_are_rows_of_finite_figures(cv):
    cv.prepare(survival_table())
    batch, result = cv.fit({"cox_ph": COX})
    assert (result["fitted"], result["failed"]) == (3, [])
    rows = cv.rows(batch)
    print(rows)
    assert [row[:3] for row in rows] == [("cox_ph", fold, "complete") for fold in (1, 2, 3)]
    assert all(0.5 < row[3] < 1 and 0 < row[4] < 0.25 and 0.5 < row[5] < 1 for row in rows)
    assert cv.committed(batch) == [f"cox_ph/fold {fold}" for fold in (1, 2, 3)]
