"""Consent: rows in, the same rows without personal data and with what is held against each out, counted. Licences, opt-outs, contacts.

    protected = protect(table)                       # the defaults: mask contacts, drop annotator columns, heed opt-outs
    protected.allowed, protected.counts              # the rows against which nothing is held; what was done, by reason

`policy.py` says what can be chosen, `plan.py` finds the columns, the tables in `data/` say what each name and word means.
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.filtering.consent.attribution import Credits as Credits
    from hf_regional.filtering.consent.attribution import attribute as attribute
    from hf_regional.filtering.consent.attribution import credits_of as credits_of
    from hf_regional.filtering.consent.counts import ConsentCounts as ConsentCounts
    from hf_regional.filtering.consent.judged import Judged as Judged
    from hf_regional.filtering.consent.licence_reading import read_licence as read_licence
    from hf_regional.filtering.consent.licence_rules import LicencesRead as LicencesRead
    from hf_regional.filtering.consent.licence_rules import judge_licences as judge_licences
    from hf_regional.filtering.consent.plan import ConsentPlan as ConsentPlan
    from hf_regional.filtering.consent.plan import plan_consent as plan_consent
    from hf_regional.filtering.consent.policy import ConsentPolicy as ConsentPolicy
    from hf_regional.filtering.consent.policy import LicencePolicy as LicencePolicy
    from hf_regional.filtering.consent.policy import OptOutPolicy as OptOutPolicy
    from hf_regional.filtering.consent.policy import PersonalPolicy as PersonalPolicy
    from hf_regional.filtering.consent.protecting import Protected as Protected
    from hf_regional.filtering.consent.protecting import hide_personal as hide_personal
    from hf_regional.filtering.consent.protecting import judge_consent as judge_consent
    from hf_regional.filtering.consent.protecting import protect as protect

_HOMES = {
    "ConsentCounts": "hf_regional.filtering.consent.counts",
    "ConsentPlan": "hf_regional.filtering.consent.plan",
    "ConsentPolicy": "hf_regional.filtering.consent.policy",
    "Credits": "hf_regional.filtering.consent.attribution",
    "Judged": "hf_regional.filtering.consent.judged",
    "LicencePolicy": "hf_regional.filtering.consent.policy",
    "LicencesRead": "hf_regional.filtering.consent.licence_rules",
    "OptOutPolicy": "hf_regional.filtering.consent.policy",
    "PersonalPolicy": "hf_regional.filtering.consent.policy",
    "Protected": "hf_regional.filtering.consent.protecting",
    "attribute": "hf_regional.filtering.consent.attribution",
    "credits_of": "hf_regional.filtering.consent.attribution",
    "hide_personal": "hf_regional.filtering.consent.protecting",
    "judge_consent": "hf_regional.filtering.consent.protecting",
    "judge_licences": "hf_regional.filtering.consent.licence_rules",
    "plan_consent": "hf_regional.filtering.consent.plan",
    "protect": "hf_regional.filtering.consent.protecting",
    "read_licence": "hf_regional.filtering.consent.licence_reading",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)
