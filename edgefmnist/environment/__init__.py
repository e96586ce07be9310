"""What machine this is, what state it is in, and whether a measurement on it can be trusted.

Everything is read through one seam, `Source`: a folder in place of ``/``, and how tools are run and
modules imported, so that any machine can be played from files.
"""

from edgefmnist.environment.judging import Judgement, judge
from edgefmnist.environment.reading import Environment, read
from edgefmnist.environment.source import Source
from edgefmnist.environment.watching import Conditions, Watch

__all__ = ["Conditions", "Environment", "Judgement", "Source", "Watch", "judge", "read"]
