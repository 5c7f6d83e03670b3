"""The tree of faults. Expected outcomes (busy, no input, no match) are values, never exceptions.

IvrError
+-- ConfigError       a configuration value is missing or not allowed
+-- SetupError        something that has to be installed or built is not there
+-- AudioError        audio in a form the pipeline does not take (rate, channels, damage)
+-- SipError          the signalling or media side failed
+-- AsrError          speech recognition failed
+-- NluError          intent recognition failed or took too long
+-- SynthesisError    no synthesizer could speak a text
+-- StoreError        the database failed
+-- ReviewError       a trainer's decision cannot be taken; the sentence is for the trainer
+-- ServiceError      the back office failed; `retryable` says whether a second try may help
"""


class IvrError(Exception):
    """A fault with a short machine-readable `code` and a sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ConfigError(IvrError):
    """A configuration value that cannot be used: names the key, the value and what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__("config", f"{key} = {value!r} is not allowed: {allowed}")
        self.key = key
        self.value = value
        self.allowed = allowed


class SetupError(IvrError):
    """Something that has to be installed or built first is missing; the message says how."""


class AudioError(IvrError):
    """Audio in a form the pipeline does not take."""


class SipError(IvrError):
    """The signalling or media side failed."""


class AsrError(IvrError):
    """Speech recognition failed."""


class NluError(IvrError):
    """Intent recognition failed or took too long."""


class SynthesisError(IvrError):
    """No synthesizer could speak a text."""


class StoreError(IvrError):
    """The database failed."""


class ReviewError(IvrError):
    """A trainer's decision that cannot be taken; `message` is told to the trainer."""


class ServiceError(IvrError):
    """The back office failed."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(code, message)
        self.retryable = retryable
