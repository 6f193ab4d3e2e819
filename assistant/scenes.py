"""What a vision-language model is asked of each scene, and which scenes it need not be asked of, as configured."""

from __future__ import annotations

from assistant.config import Config
from pipelines.backends import Captioner, Looker
from pipelines.captioners.options import CaptionOptions
from pipelines.dials import Dials
from pipelines.novelty import Novelty, NoveltyOptions
from pipelines.phrases import Language
from pipelines.reporting import Reports


def reports(config: Config, dials: Dials, language: Language) -> Reports | None:
    """How it is asked, where events are wanted; a model that knows no Chinese is asked in English."""
    if config.events is None:
        return None
    options = config.captioner
    if not isinstance(options, CaptionOptions):
        return Reports(dials, language)
    return Reports(dials, language if options.bilingual else "en", options.prompt)


def novelty(config: Config, captioner: Captioner | None) -> Novelty | None:
    """What knows the scenes of one camera again; only where events are wanted, unless there is a [novelty]."""
    options = config.novelty or (NoveltyOptions() if config.events else None)
    if options is None or not options.familiar or not isinstance(captioner, Looker):
        return None
    return Novelty(options)
