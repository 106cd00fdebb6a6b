"""A Hugging Face Hub on this machine, for tests: see README.md beside."""

from local_hub.faults import Fault, FaultRule
from local_hub.hub import LocalHub, Served
from local_hub.redirecting import redirected

__all__ = ["Fault", "FaultRule", "LocalHub", "Served", "redirected"]
