"""Gradient boosting by LightGBM: a fold binned once, any number of parameter sets fitted from the bins.

`bin_fold` writes a fold into a folder, `fit_set` fits one set of parameters from that folder and scores it,
`refit` fits the chosen one on all rows, `predictor` reads its text again. Nothing here knows a database.
"""

from sevenfold_jobs.boosting.binning import bin_fold
from sevenfold_jobs.boosting.cost import estimate_mb
from sevenfold_jobs.boosting.fitting import fit_set, predictor, refit
from sevenfold_jobs.boosting.parameters import check

__all__ = ["bin_fold", "check", "estimate_mb", "fit_set", "predictor", "refit"]
