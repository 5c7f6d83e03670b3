"""One TOML file plus IVR_* environment variables -> frozen `Settings`.

Environment variables override the file: section and key joined by two underscores, for example
`IVR_SIP__PORT=5080` or `IVR_HANDOFF__OPERATOR=sip:100@pbx`. Lists and tables are written as JSON.
This module is the only reader of the environment.
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator

from ivr.config_queue import CallbackSettings, QueueSettings
from ivr.config_section import Section
from ivr.errors import ConfigError


class SipSettings(Section):
    """[sip] signalling: what is listened to and who is believed."""

    address: str = "0.0.0.0"
    """Interface to listen on, for signalling and audio."""
    port: int = Field(default=5060, ge=0, le=65535)
    """UDP and TCP port; 0 takes a free one."""
    tls_port: int = Field(default=5061, ge=0, le=65535)
    """TLS port (needs Kamailio); 0 switches TLS off."""
    tls_certificate: str = ""
    """PEM file; empty: a self-signed certificate is made."""
    tls_key: str = ""
    public_address: str = "auto"
    """Address callers reach, put into SDP and Contact; 'auto': the machine's own."""
    numbers: tuple[str, ...] = ("0611",)
    """Numbers (user parts) that are answered; the first is the main one, the rest are aliases."""
    codecs: tuple[str, ...] = ("PCMA", "PCMU", "G722")
    """Offered and accepted codecs, best first."""
    srtp: Literal["off", "optional", "required"] = "optional"
    """SDES-SRTP (RFC 4568)."""
    trusted_peers: tuple[str, ...] = ()
    """Addresses or networks whose P-Asserted-Identity is believed, e.g. '10.0.0.0/8'."""
    kamailio: Literal["auto", "off", "required"] = "auto"
    """'auto': used where installed; 'off': one media worker takes the SIP port itself."""
    calls_per_second: int = Field(default=20, ge=1, le=1000)
    """New calls a second let through in total; more get 503."""
    retry_after_s: int = Field(default=10, ge=1, le=3600)
    """Retry-After of 486/503 over the limit."""


class TrunkSettings(Section):
    """[trunk] registration to a SIP trunk; off while `registrar` is empty."""

    registrar: str = ""
    """For example 'sip:trunk.example.net'."""
    user: str = ""
    password: str = ""
    realm: str = "*"
    expires_s: int = Field(default=300, ge=30, le=86400)


class MediaSettings(Section):
    """[media] worker processes that hold the calls' SIP legs and RTP."""

    workers: int = Field(default=4, ge=1, le=256)
    calls_per_worker: int = Field(default=2, ge=1, le=2)
    """Two at most: the user agent has four legs, and each caller may need an operator leg."""
    rtp_port: int = Field(default=20000, ge=1024, le=65000)
    """First RTP port; each worker takes 40 from here on."""
    rtp_timeout_s: float = Field(default=10.0, ge=1.0, le=600.0)
    """A caller without RTP for this long is taken for dead."""
    standstill_s: float = Field(default=15.0, ge=0.0, le=600.0)
    """Callers are kept so long while the call core stands still; who talks to a person goes on."""
    max_call_s: float = Field(default=1800.0, ge=10.0, le=86400.0)
    """Longest time with the bot; waiting for an operator and talking with one do not count."""


class SpeechSettings(Section):
    """[speech] hearing: voice activity, endpointing, recognition."""

    model: str = ""
    """Vosk model folder; empty: an official model in models/, else the graph in force in
    `speech.graphs`, else the bundled models/ru-0611."""
    graphs: str = "models/asr"
    """Graphs built from own texts; its file `current` names the one in force."""
    question_graphs: bool = True
    """Hear the answer to a yes-or-no question with a graph of its own, where the model in use has
    one."""
    vad_aggressiveness: int = Field(default=2, ge=0, le=3)
    start_ms: int = Field(default=80, ge=20, le=1000)
    """Speech this long starts an utterance."""
    endpointing: Literal["understanding", "words", "silence"] = "understanding"
    """What ends a turn: silence as long as [patience] says for the words and how the voice fell,
    for the words alone, or one fixed silence."""
    trailing_silence_ms: int = Field(default=550, ge=100, le=5000)
    """Fixed silence that ends a turn, milliseconds; counts with endpointing = "silence" only."""
    trailing_silence_closed_ms: int = Field(default=400, ge=100, le=5000)
    """The same for every question but the open one."""
    max_utterance_s: float = Field(default=15.0, ge=1.0, le=60.0)
    threads: int = Field(default=2, ge=1, le=64)
    """Recognizer threads shared by all calls."""


Milliseconds = Annotated[int, Field(ge=120, le=5000)]
Patience = tuple[Milliseconds, Milliseconds, Milliseconds]


class PatienceSettings(Section):
    """[patience] silence that ends a turn, by question: milliseconds after words that are complete,
    that may be complete, and that cannot be."""

    open: Patience = (380, 810, 1250)
    yes_no: Patience = (180, 500, 1000)
    menu: Patience = (220, 700, 1200)
    choice: Patience = (220, 700, 1200)
    """One of several things that were just named."""
    city: Patience = (200, 700, 1200)
    tariff: Patience = (200, 550, 1200)
    digits: Patience = (200, 800, 2000)
    """A telephone number."""
    amount: Patience = (240, 700, 1500)
    date: Patience = (240, 650, 1200)

    @field_validator("*")
    @classmethod
    def _rising(cls, value: Patience) -> Patience:
        if list(value) != sorted(value):
            raise ValueError("three silences, the shortest first")
        return value


class NluSettings(Section):
    """[nlu] intents: Rasa and its thresholds."""

    url: str = ""
    """A running Rasa server; empty: one is started on loopback."""
    token: str = ""
    python: str = ".venv-rasa/bin/python"
    """Python of the Rasa environment."""
    model: str = ""
    """Rasa model archive; empty: the promoted one, else the one of the present data."""
    models: str = "models/rasa"
    """Folder of model versions; `ivr nlu promote` decides which one serves."""
    data: str = "nlu_data"
    """Folder of the training data."""
    timeout_s: float = Field(default=1.5, gt=0.0, le=10.0)
    accept: float = Field(default=0.6, ge=0.0, le=1.0)
    """Confidence from which an intent is acted on at once."""
    confirm: float = Field(default=0.3, ge=0.0, le=1.0)
    """Confidence from which an intent is confirmed first; below: no match."""


class VoiceSettings(Section):
    """[voice] prompts and synthesis."""

    prompts: str = "models/voice-elena"
    synthesizer: Literal["auto", "rhvoice", "piper", "festival", "espeak", "none"] = "auto"
    piper_model: str = ""
    cache: str = "var/cache/speech"


class DialogueSettings(Section):
    """[dialogue] the conversation itself."""

    no_input_s: float = Field(default=6.0, ge=1.0, le=60.0)
    """Silence after a question that counts as no input."""
    hold_s: float = Field(default=45.0, ge=5.0, le=300.0)
    """The same after «подождите», then the caller is told that we are still there."""
    key_gap_s: float = Field(default=5.0, ge=1.0, le=30.0)
    """Pause after which a number being keyed or dictated is taken for finished."""
    duck_db: float = Field(default=24.0, ge=0.0, le=40.0)
    """How much softer a prompt goes on when somebody speaks over it, until it is clear whether they
    want to say something; 0: it stops at the first sound."""
    announce_recording: bool = True


class HandoffSettings(Section):
    """[handoff] operators."""

    operator: str = ""
    """SIP URI calls are transferred to; empty: callers are offered a callback request instead."""
    hosts: tuple[str, ...] = ()
    """Hosts, or 'host:port', where operators' phones may be besides the own network (private
    addresses, names without a dot) and the host of `operator`. Telephone numbers in SIP URIs are
    judged by `allowed`, `exceptions` and `denied` of [callback] besides."""
    refer: bool = True
    """False: always dial and bridge."""
    attended: bool = False
    """Ask the operator first, with a spoken summary; then REFER with Replaces, else a bridge."""
    briefing_s: float = Field(default=15.0, ge=1.0, le=60.0)
    """The summary is cut after this many seconds; any key of the operator skips it."""
    refer_timeout_s: float = Field(default=6.0, ge=1.0, le=120.0)
    """Seconds to wait for the transfer's outcome before bridging instead."""
    dial_timeout_s: float = Field(default=25.0, ge=1.0, le=180.0)


class RecordSettings(Section):
    """[records] what a call leaves behind."""

    database: str = "sqlite:///var/ivr.db"
    recordings: bool = False
    """Two-channel WAV of every call (left caller, right bot)."""
    recordings_folder: str = "var/recordings"
    keep_days: int = Field(default=90, ge=0, le=36500)
    """Calls that ended longer ago are deleted hourly with turns, hand-offs and recordings; 0: kept
    for ever. By then complaints are settled and trainers have seen the calls; what is gone cannot
    leak. Recordings of a day with 1000 calls of three minutes are 5.8 GB."""


class HttpSettings(Section):
    """[http] health, metrics, records, operators and queue; keep it on a local address."""

    address: str = "127.0.0.1"
    token: str = ""
    """Needed for records and the queue ('Authorization: Bearer ...'); empty: nobody is asked, and
    only programs of this machine may change anything."""
    port: int = Field(default=8061, ge=0, le=65535)


class LogSettings(Section):
    """[log] structured logs on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "text"
    personal_data: Literal["masked", "plain"] = "masked"


class BackOfficeSettings(Section):
    """[back_office] where answers come from."""

    factory: str = "ivr.services.demo:create"
    """'module:function' taking `url` and returning a BackOffice."""
    url: str = "sqlite:///var/back_office.db"
    timeout_s: float = Field(default=5.0, ge=0.1, le=60.0)


class ServiceSettings(Section):
    """[service] the process as a whole."""

    drain_s: float = Field(default=30.0, ge=0.0, le=3600.0)
    """After SIGTERM calls may go on this long."""
    runtime: str = "var/run"
    """Sockets and generated configuration."""


class Settings(Section):
    """Everything that can be set, with defaults that work on one machine."""

    sip: SipSettings = SipSettings()
    trunk: TrunkSettings = TrunkSettings()
    media: MediaSettings = MediaSettings()
    speech: SpeechSettings = SpeechSettings()
    patience: PatienceSettings = PatienceSettings()
    nlu: NluSettings = NluSettings()
    voice: VoiceSettings = VoiceSettings()
    dialogue: DialogueSettings = DialogueSettings()
    handoff: HandoffSettings = HandoffSettings()
    queue: QueueSettings = QueueSettings()
    callback: CallbackSettings = CallbackSettings()
    records: RecordSettings = RecordSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()
    back_office: BackOfficeSettings = BackOfficeSettings()
    service: ServiceSettings = ServiceSettings()


ENVIRONMENT_PREFIX = "IVR_"
CONFIG_VARIABLE = "IVR_CONFIG"
DEFAULT_FILE = Path("ivr.toml")


def load(path: Path | None = None, environ: dict[str, str] | None = None) -> Settings:
    """Settings from a file and the environment.

    `path` None: the file named by IVR_CONFIG, else ./ivr.toml if there is one, else defaults.
    Raises `ConfigError` naming the key, the value and what is allowed.
    """
    variables = dict(os.environ) if environ is None else environ
    values = _read_file(path, variables)
    for name, text in sorted(variables.items()):
        _apply_variable(values, name, text)
    try:
        return Settings.model_validate(values)
    except ValidationError as exc:
        raise _as_config_error(exc) from exc


def _read_file(path: Path | None, variables: dict[str, str]) -> dict[str, Any]:
    if path is None and variables.get(CONFIG_VARIABLE):
        path = Path(variables[CONFIG_VARIABLE])
    if path is None:
        if not DEFAULT_FILE.exists():
            return {}
        path = DEFAULT_FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("config file", str(path), f"a readable UTF-8 file ({exc})") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError("config file", str(path), f"valid TOML ({exc})") from exc


def _apply_variable(values: dict[str, Any], name: str, text: str) -> None:
    """IVR_SECTION__KEY=value over the file's value; other IVR_* names are somebody else's."""
    if not name.startswith(ENVIRONMENT_PREFIX) or "__" not in name:
        return
    section, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__", 1)
    table = values.setdefault(section, {})
    if not isinstance(table, dict):
        raise ConfigError(section, table, "a table of keys")
    table[key] = _decode(text)


def _decode(text: str) -> object:
    """Lists and tables are JSON; everything else stays text, pydantic converts it."""
    if text.startswith(("[", "{")):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _as_config_error(exc: ValidationError) -> ConfigError:
    """The first complaint, in one sentence: pydantic's message says what is allowed."""
    error = exc.errors()[0]
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return ConfigError(key, error["input"], f"no such key; known: {_known_keys(error['loc'])}")
    return ConfigError(key, error["input"], error["msg"])


def _known_keys(location: tuple[int | str, ...]) -> str:
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return ", ".join(model.model_fields)
