"""Horizons that were asked for and lie where nothing can be scored: said, so that nobody looks for them."""

from collections.abc import Sequence

from sevenfold_jobs.cv_prepare.writing import FoldRow


def unscored(asked: Sequence[float], folds: Sequence[FoldRow]) -> list[str]:
    """A sentence for each horizon that some fold does not score, with the times that all of them do."""
    said = []
    for horizon in sorted(set(asked)):
        without = [fold for fold in folds if horizon not in fold.detail["horizons"]]
        if without:
            first = max(fold.detail["grid"][0] for fold in folds)
            last = min(fold.detail["tau"] for fold in folds)
            said.append(
                f"Horizon {horizon:g} lies outside of what {len(without)} of {len(folds)} folds can score: "
                f"it has no Brier score and no AUC there. All folds score {first:g} to {last:g}."
            )
    return said
