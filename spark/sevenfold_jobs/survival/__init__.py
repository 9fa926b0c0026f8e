"""Survival analysis: curves, Cox likelihoods, models and their scores. NumPy in, NumPy out.

Times are float64 of any unit, above 0; events are bool (True: the event was seen). A risk is higher where
the event is expected sooner: the log-risk of a proportional-hazards model, or minus the location of an
accelerated failure time model.
"""
