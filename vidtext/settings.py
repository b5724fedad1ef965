"""Every limit and default in one frozen value, by group, with its unit in its name.

`Settings()` has the defaults; `Settings.from_env(os.environ)` reads a variable a field: `VIDTEXT_`, the group, two
underscores, and the field, such as `VIDTEXT_LIMITS__MAX_SOURCE_BYTES`. To add a setting, add a field to its group.
"""

from __future__ import annotations

import difflib
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, field_validator

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

    from pydantic_core import ErrorDetails

BETWEEN = "__"
"""What is between a group and its field where both are one name."""


class _Values(BaseModel):
    """Values that do not change; the docstring of each field is its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=False)


class Limits(_Values):
    """The largest videos, texts and requests that are accepted."""

    max_source_bytes: PositiveInt = 4 << 30
    """Size of the largest file, download or decoded base64 text: four hours at 2 Mbit/s."""

    max_duration_seconds: PositiveFloat = 4 * 3600.0
    """Duration of the longest video."""

    max_frame_pixels: PositiveInt = 8192 * 4352
    """Width × height of the largest frame: level 6.2 of H.264 and HEVC (8192×4320 in whole macroblocks)."""

    max_still_bytes: PositiveInt = 64 << 20
    """Size of the largest JPEG or PNG that is decoded: a PNG of 20 million pixels of noise, a JPEG of
    `max_frame_pixels`."""

    max_jpeg_scans: PositiveInt = 100
    """The most scans of a JPEG; a decoder goes over the whole picture in each. libjpeg's progressive files have 10, and
    mozjpeg tries 64 at most."""

    max_frames: PositiveInt = 768
    """The most frames that one call of `sample` returns."""

    max_frames_bytes: PositiveInt = 512 << 20
    """The most memory of the frames of one call of `sample`; larger frames are shrunk, and a note says so."""

    max_windows: PositiveInt = 3000
    """The most windows of one captioning."""

    max_new_tokens: PositiveInt = 256
    """The most tokens that may be requested for a caption."""

    max_chapters: PositiveInt = 200
    """The most chapters that may be requested."""

    max_answer_tokens: PositiveInt = 1024
    """The most tokens that may be requested for an answer in a conversation."""

    max_question_characters: PositiveInt = 8000
    """Length of the longest question: more text than any of the models could read with a video."""

    max_instruction_characters: PositiveInt = 2000
    """Length of the longest system prompt, and of the longest style that is not one of the named ones."""

    max_chat_turns: PositiveInt = 1000
    """The most turns of one conversation, also of a saved one that is opened."""

    max_saved_answer_characters: PositiveInt = 100_000
    """Length of the longest answer in a saved conversation that is opened: `max_answer_tokens` of a hundred characters
    each, such as the tokens of runs of spaces or dashes, so that whatever was saved opens again."""

    max_saved_chat_bytes: PositiveInt = 8 << 20
    """Size of the largest saved conversation that is opened."""

    max_chat_videos: PositiveInt = 4
    """The most videos of one conversation; they share the frames that the model is given."""


class Download(_Values):
    """Videos from http(s) addresses."""

    timeout_seconds: PositiveFloat = 60.0
    """Duration of the longest download."""

    max_redirects: PositiveInt = 5
    """The most redirects that a download follows."""


class Sandbox(_Values):
    """Decoding in processes of their own: `vidtext.media.sandbox.guard`."""

    enabled: bool = False
    """Whether files are decoded in a process of their own. The page and the HTTP API always do."""

    memory_bytes: PositiveInt = 3 << 30
    """The most memory of such a process. Frames at `limits.max_frame_pixels` take 54 MB each in 8 bits; a decoder holds
    up to 16 reference frames, one more for each thread, and those that wait for their time."""

    total_seconds: PositiveFloat = 1800.0
    """The longest that such a process is waited for in total: four hours of video, at eight times its speed."""

    silent_seconds: PositiveFloat = 30.0
    """The longest that such a process may work on one packet: a frame of 35 million pixels takes a second."""

    written_bytes: PositiveInt = 5 << 30
    """Size of the largest file that such a process may write: a copy of the largest source, and a margin."""

    open_files: PositiveInt = 64
    """The most files that such a process may have open: three of its own, those that it reads and writes, and those
    that its libraries open while they are loaded."""


class Tasks(_Values):
    """Defaults of captions, chapters, summaries and conversations."""

    description_tokens: PositiveInt = 128
    """The most tokens of one description that chapters and summaries are made of, and of one answer about them."""

    closer_look_frames: PositiveInt = 8
    """The number of extra frames for a question that names a time."""

    window_batch: PositiveInt = 4
    """The number of windows that the captioner is given at once."""

    fast_shots_from_seconds: PositiveFloat = 180.0
    """Duration of a video from which shots are searched among its keyframes rather than in every frame."""


class Output(_Values):
    """Pictures and videos that are made."""

    thumbnail_edge_pixels: PositiveInt = 160
    """The shortest edge of the frames that are kept for display, where the model needs smaller ones."""

    preview_height_pixels: PositiveInt = 360
    """The height of the preview of a video that browsers cannot play."""

    preview_max_seconds: PositiveFloat = 600.0
    """Duration of the longest preview."""

    reel_snap_seconds: PositiveFloat = 0.5
    """How much earlier a part of a clip may start, and later it may end, so that it need not be encoded again."""

    reel_height_pixels: PositiveInt = 1080
    """The largest height of a clip that is encoded again."""


class Models(_Values):
    """Which models are used, and the memory that they take."""

    default: str = "auto"
    """The model for captions, chapters and summaries where none is named."""

    default_chat: str = "auto"
    """The model for conversations where none is named."""

    cache_bytes: PositiveInt = 24 << 30
    """The most memory of loaded models that are not in use: a 7 B model in bf16, and the small ones."""

    idle_seconds: PositiveFloat = 1800.0
    """How long a model stays loaded that is not in use."""

    memory_share: PositiveFloat = 0.9
    """The part of the free memory that a job may be planned with: the rest is a margin for the estimate's error."""

    prefix_cache_bytes: PositiveInt = 3 << 30
    """The most memory of the device for the key-value caches of conversations between turns; what does not fit is
    computed again. A token of LLaVA-NeXT-Video-7B takes 0.5 MiB in bf16, so that 32 frames take 2.3 GiB."""

    hub_timeout_seconds: PositiveFloat = 3.0
    """How long to wait for the model hub's first response before it counts as unreachable."""


class Jobs(_Values):
    """How many jobs run at the same time."""

    max_running: PositiveInt = 3
    """The most jobs that use a device at the same time, if its memory holds as many, and the most that read files
    meanwhile. One client has one less: two give most captions a second on two cores (benchmarks/README.md), and the
    third is left to others."""

    max_queued: PositiveInt = 64
    """The most jobs that wait for a device; the next is refused."""


class Batch(_Values):
    """Batches of many videos."""

    max_items: PositiveInt = 100_000
    """The most videos of one batch."""

    max_list_bytes: PositiveInt = 64 << 20
    """Size of the largest list of videos: 600 bytes for each of 100,000."""

    attempts: PositiveInt = 3
    """How often Ray starts an item whose worker died before the item counts as failed."""


class Served(_Values):
    """Models on other machines, behind an OpenAI-compatible API."""

    models: str = ""
    """The models that the page and the HTTP API offer: names `served:URL#MODEL`, separated by commas."""

    api_key: str = Field(default="", repr=False)
    """The key that is sent to their servers; "" for none."""

    frames: PositiveInt = 8
    """The number of frames of a clip that such a model is sent."""

    image_size: PositiveInt = 336
    """The shortest edge of these frames."""

    context_tokens: PositiveInt = 8192
    """The assumed context length."""

    connect_seconds: PositiveFloat = 10.0
    """How long to wait for a connection."""

    read_seconds: PositiveFloat = 120.0
    """How long to wait for the next piece of an answer; the first one comes after all frames were encoded."""

    attempts: PositiveInt = 4
    """How often a request is sent while the server is overloaded."""

    max_running: PositiveInt = 16
    """The most jobs that ask one such model at the same time."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names in `models`."""
        return _separated(self.models)


class Api(_Values):
    """The HTTP API."""

    token: str = Field(default="", repr=False)
    """The bearer token that callers must send; "" for none."""

    requests_per_minute: PositiveInt = 60
    """The most requests of one client in a minute."""

    max_jobs_per_client: PositiveInt = 4
    """The most running and queued jobs of one client."""

    max_results_per_client: PositiveInt = 100
    """The most jobs and results of one client that are kept."""

    max_json_bytes: PositiveInt = 32 << 20
    """Size of the largest JSON body, which is held in memory: a video of 24 MB in base64 is as large. Larger videos
    come as a form, which is written to the disk."""

    max_json_values: PositiveInt = 20_000
    """The most values in a JSON body, each of which takes many times its bytes: a conversation of a thousand turns has
    six thousand."""

    max_field_bytes: PositiveInt = 1 << 20
    """The most bytes of all fields of a form that are not files: they are held in memory."""


class Page(_Values):
    """Visits to the page, and what is kept for them."""

    max_visits: PositiveInt = 1000
    """The most visits; for one more, the one that has been idle for longest is ended."""

    max_sessions: PositiveInt = 100
    """The most Gradio sessions whose state is kept, the latest ones: 0.2 MB each."""

    max_request_bytes: PositiveInt = 1 << 20
    """Size of the largest request that is not an upload: Gradio parses all of it first."""

    max_batch_videos: PositiveInt = 20
    """The most videos of one batch."""

    max_batches: PositiveInt = 1
    """The most batches that run at the same time, in addition to other jobs."""

    result_bytes: PositiveInt = 2 << 30
    """The most memory of the frames and pictures of all results. A conversation about 32 frames of 336 pixels takes
    11 MB; beyond that, the results of those who have been idle for longest are dropped first."""

    frame_ancestors: str = "'self' https://huggingface.co"
    """The sites that may show the page in a frame, as in a Content-Security-Policy: a Space is shown in one."""

    reload_grace_seconds: PositiveFloat = 30.0
    """How long a visit goes on after its tab was closed: a page that is loaded again, or gone back to, finds its video,
    results and running work. Then its work is stopped and its files are deleted. Loading takes a few seconds."""

    lost_visit_seconds: PositiveFloat = 3600.0
    """How long a visit goes on after its connection broke: a closed lid, a tunnel, a lost network. It ends earlier if
    it has sent no request in `keep_files_seconds`."""

    keep_files_seconds: PositiveFloat = 4 * 3600.0
    """Seconds of inactivity after which the uploads and results of a visit are deleted: as long as the longest video,
    so that it can be watched to its end."""

    keep_unclaimed_seconds: PositiveFloat = 900.0
    """Seconds after which files are deleted that no visit uses: uploads by programs, and videos that were replaced.
    Programs and pages use an upload as soon as it is complete."""

    unclaimed_bytes_per_client: PositiveInt = 8 << 30
    """The most bytes of one client's uploads that no visit and no call uses: two of `limits.max_source_bytes`."""

    unclaimed_uploads_per_client: PositiveInt = 100
    """The most of these uploads: five batches of `max_batch_videos`, for several visitors behind one address."""


class Server(_Values):
    """The web server: who may use it, and how fast requests must come."""

    auth: str = Field(default="", repr=False)
    """Who may open the page: `name:password`, several separated by commas; "" for everybody."""

    failed_logins_per_minute: PositiveInt = 10
    """The most wrong passwords and tokens of one client in a minute."""

    trusted_origins: str = ""
    """The sites whose pages may call this server from a browser, as origins (`https://example.org`) separated by
    commas: for those who embed the page or call the API from a page of their own. They are sent no credentials."""

    probe_networks: str = "127.0.0.0/8, ::1"
    """The networks that may request `/readyz` and `/metrics` without the password, where there is one: this machine
    alone, for monitoring."""

    share: bool = False
    """Whether the page has a public address through Gradio's tunnel."""

    root_path: str = ""
    """The path that a proxy serves the page under, such as "/vidtext"."""

    metrics: bool = False
    """Whether `/metrics` serves counters to Prometheus."""

    json_logs: bool = False
    """Whether the log is JSON, with a line for each request."""

    log_details: bool = False
    """Whether the log has the messages and tracebacks of errors, which may hold visitors' words: for debugging."""

    shutdown_seconds: PositiveFloat = 4.0
    """How long a server that was told to end waits for its jobs."""

    min_free_disk_bytes: PositiveInt = 1 << 30
    """The free space of the disk below which no video is accepted."""

    max_connections: PositiveInt = 2000
    """The most connections, and fewer where the system allows too few open files: each of `page.max_visits` keeps two,
    one for events and one whose end tells that the tab was closed."""

    max_connections_per_client: PositiveInt = 200
    """The most connections, and the most requests at the same time, of one client: 33 browsers behind one address, each
    with the six connections that browsers open to one server. A trusted proxy may have more, its clients may not."""

    header_seconds: PositiveFloat = 20.0
    """How long a connection may last without a whole request header: the default of Apache's mod_reqtimeout."""

    stalled_response_seconds: PositiveFloat = 60.0
    """How long a client may read nothing of a response: nginx's default of `send_timeout`."""

    body_silent_seconds: PositiveFloat = 30.0
    """How long a request's body may pause: half of nginx's default of `client_body_timeout`, since a few such requests
    hold more here than there."""

    body_bytes_per_second: PositiveInt = 4096
    """The least rate of a request's body, over `body_silent_seconds`: that of a phone on GPRS."""

    body_seconds: PositiveFloat = 4 * 3600.0
    """How long a request's body may take in total: `limits.max_source_bytes` at 2.4 Mbit/s."""

    received_bytes: PositiveInt = 256 << 20
    """The most memory of all request bodies that are held in memory, until they are answered: eight of
    `api.max_json_bytes`. JSON takes up to four times its bytes while it is parsed, but one request is parsed at a
    time."""

    received_bytes_per_client: PositiveInt = 64 << 20
    """The same for one client: two of `api.max_json_bytes`."""

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins in `trusted_origins`, as browsers write them."""
        return tuple(origin.rstrip("/").lower() for origin in _separated(self.trusted_origins))

    @property
    def networks_of_probes(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks in `probe_networks`."""
        return tuple(ip_network(network) for network in _separated(self.probe_networks))

    @field_validator("probe_networks")
    @classmethod
    def _check_networks(cls, networks: str) -> str:
        for network in _separated(networks):
            ip_network(network)
        return networks


class Settings(_Values):
    """Limits and defaults. `Settings()` is right for a laptop and for a small public demo.

    Raises:
        OptionError: from `override` and `from_env`, a value that is not possible or a name that does not exist.
    """

    limits: Limits = Limits()
    download: Download = Download()
    sandbox: Sandbox = Sandbox()
    tasks: Tasks = Tasks()
    output: Output = Output()
    models: Models = Models()
    jobs: Jobs = Jobs()
    batch: Batch = Batch()
    served: Served = Served()
    api: Api = Api()
    page: Page = Page()
    server: Server = Server()

    def override(self, **values: Any) -> Self:  # noqa: ANN401  (the fields check their values)
        """Return a copy with other values, each named `GROUP__FIELD`: `settings.override(limits__max_windows=5)`.

        Raises:
            OptionError: a value is not possible, or a name does not exist.
        """
        groups = self.model_dump()
        for name, value in values.items():
            if name not in self.names():
                (nearest,) = difflib.get_close_matches(name, self.names(), n=1, cutoff=0)
                raise OptionError(f"{name} is not a setting. Did you mean {nearest}?")
            group, _, field = name.partition(BETWEEN)
            groups[group][field] = value
        try:
            return type(self)(**groups)
        except ValidationError as error:
            raise OptionError(_in_words(error.errors()[0], variables={})) from None

    @classmethod
    def from_env(cls, environment: Mapping[str, str], **defaults: Any) -> Settings:  # noqa: ANN401  as above
        """Read the variables that are set.

        Args:
            environment: variables and their texts; those without the prefix are ignored.
            defaults: values of fields that are not set, named as in `override`.

        Raises:
            OptionError: a variable's text does not fit its field, or names no field.
        """
        from vidtext.settings_environment import read

        groups, variables = read(cls, environment)
        usual = cls().override(**defaults).model_dump()
        try:
            return cls(**{group: values | groups.get(group, {}) for group, values in usual.items()})
        except ValidationError as error:
            raise OptionError(_in_words(error.errors()[0], variables)) from None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all fields, each as `GROUP__FIELD`."""
        return tuple(f"{group}{BETWEEN}{field}" for group, values in cls() for field in type(values).model_fields)


def _in_words(error: ErrorDetails, variables: Mapping[str, str]) -> str:
    """Return what is wrong with a field, with the name of the variable that it was read from."""
    place = [str(part) for part in error["loc"]]
    name, value = BETWEEN.join(place), error["input"]
    wanted = {
        "greater_than": "a number greater than 0",
        "int_parsing": "a whole number",
        "int_from_float": "a whole number",
        "float_parsing": "a number",
        "bool_parsing": "1 or 0",
    }.get(error["type"], error["msg"])
    called = f"{variables[name]}={value!r}" if name in variables else f"{'.'.join(place)}={value!r}"
    return f"{called} is not possible; it must be {wanted}."


def _separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
