"""Language models as judges of two texts: agrees, contradicts, cannot tell, with a reason and a quote of each.

Belongs here: what a judge is asked, what of its answer is believed, what it may cost, and what several judges say.
Does not belong here: which pairs are judged (experiments), and verdicts of models that run here (contradiction).
What a judge reads was written by strangers, and what it answers is no more to be trusted: both are data.
"""
