"""What a machine can and cannot do, and the mend for each lack."""

from edgefmnist.doctor.examination import examine
from edgefmnist.doctor.finding import Finding, Problem, worst

__all__ = ["Finding", "Problem", "examine", "worst"]
