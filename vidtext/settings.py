"""Every limit and default in one frozen value, with its unit in its name."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

ENVIRONMENT_PREFIX = "VIDTEXT_"

_SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Settings:
    """Limits and defaults. `Settings()` is right for a laptop and for a small public demo.

    `Settings.from_env(os.environ)` reads `VIDTEXT_MAX_SOURCE_BYTES=…` and so on, one variable a field.
    """

    max_source_bytes: int = 4 << 30
    """The largest file, download or decoded base64 text that is taken in: four hours at 2 Mbit/s."""

    max_duration_seconds: float = 4 * 3600.0
    """The longest video that is taken in."""

    max_frame_pixels: int = 8192 * 4352
    """The largest frame, width × height: level 6.2 of H.264 and HEVC (8192×4320 in whole macroblocks)."""

    max_still_bytes: int = 64 << 20
    """The largest JPEG or PNG that is decoded: a PNG of 20 million pixels of noise, a JPEG of `max_frame_pixels`."""

    max_jpeg_scans: int = 100
    """The most scans of a JPEG; a decoder goes over the whole picture in each. libjpeg's progressive files have 10, and
    mozjpeg tries 64 at most."""

    max_frames: int = 768
    """The most frames that one call of `sample` hands out."""

    max_frames_bytes: int = 512 << 20
    """The most memory that the frames of one call of `sample` take; larger ones are shrunk, and a note says so."""

    max_windows: int = 3000
    """The most windows of one temporal captioning."""

    max_new_tokens: int = 256
    """The most tokens that a caption may be asked to have."""

    max_chapters: int = 200
    """The most chapters that may be asked for."""

    description_tokens: int = 128
    """The most tokens of one description that chapters and summaries are made of, and of one answer about them."""

    fast_shots_from_seconds: float = 180.0
    """The length of a video from which shots are looked for among its keyframes rather than in every frame."""

    max_answer_tokens: int = 1024
    """The most tokens that an answer in a conversation may be asked to have."""

    max_question_characters: int = 8000
    """The longest question: more text than any of the models could read beside a video."""

    max_instruction_characters: int = 2000
    """The longest system prompt, and the longest style in a person's own words."""

    max_chat_turns: int = 1000
    """The most turns of one conversation, also of one that was saved and is opened again."""

    max_saved_answer_characters: int = 100_000
    """The longest answer in a saved conversation that is opened: `max_answer_tokens` of a hundred characters each, such
    as the tokens that stand for a run of spaces or dashes, so that whatever was saved opens again."""

    max_saved_chat_bytes: int = 8 << 20
    """The largest saved conversation that is opened."""

    max_chat_videos: int = 4
    """The most videos that one conversation is about; they share the frames that the model is given."""

    closer_look_frames: int = 8
    """How many frames are looked at besides when a question names a time."""

    kept_model_bytes: int = 24 << 30
    """The most memory of models that stay loaded while nobody uses them: a 7 B model in bf16, and the small ones."""

    idle_model_seconds: float = 1800.0
    """How long a model stays loaded that nobody uses."""

    memory_share: float = 0.9
    """The part of the free memory that a job may be planned with: the rest is for what an estimate misses."""

    prefix_cache_bytes: int = 3 << 30
    """The most memory of the device in which chat models keep what they have read of conversations between turns; what
    does not fit is read again. A token of LLaVA-NeXT-Video-7B takes 0.5 MiB in bf16, so that 32 frames take 2.3 GiB."""

    url_timeout_seconds: float = 60.0
    """The longest that a download may take in all."""

    url_max_redirects: int = 5
    """The most redirects that a download follows."""

    hub_timeout_seconds: float = 3.0
    """How long to wait for the model hub's first answer before it counts as not reachable."""

    default_model: str = "auto"
    """The model that is used where none is named."""

    default_chat_model: str = "auto"
    """The model that conversations are held with where none is named."""

    window_batch: int = 4
    """How many windows go through the captioner at once."""

    thumbnail_edge_pixels: int = 160
    """The shortest edge of the frames that are kept for a person to see, where the model needs less."""

    preview_height_pixels: int = 360
    """The height of the preview that is made of a video that browsers cannot play."""

    preview_max_seconds: float = 600.0
    """How much of such a video the preview shows."""

    reel_snap_seconds: float = 0.5
    """How much earlier a part of a clip may start, and later it may end, so that it need not be encoded anew."""

    reel_height_pixels: int = 1080
    """The most height of a clip that is encoded anew."""

    jobs_at_once: int = 3
    """How many jobs use a device at the same time, if its memory holds as many, and how many read files meanwhile. One
    client has one less: two give most captions a second on two cores (benchmarks/README.md), and the third is left to
    others."""

    jobs_waiting: int = 64
    """How many jobs may wait for a device; the next is told to come back later."""

    max_batch_items: int = 100_000
    """The most videos of one batch."""

    max_batch_list_bytes: int = 64 << 20
    """The largest list of videos that a batch reads: 600 bytes for each of 100,000."""

    batch_attempts: int = 3
    """How often Ray begins an item whose worker died under it before the item counts as failed."""

    page_batch_videos: int = 20
    """The most videos of one batch on the page."""

    page_batches: int = 1
    """How many visitors' batches run at the same time, beside their other jobs."""

    served_models: str = ""
    """Models on other machines that the page and the HTTP API offer: names `served:URL#MODEL` with commas between."""

    served_key: str = dataclasses.field(default="", repr=False)
    """The key that is sent to the servers of such models; "" for none."""

    served_frames: int = 8
    """How many frames of a clip a served model is sent."""

    served_frame_edge_pixels: int = 336
    """The shortest edge of such frames."""

    served_context_tokens: int = 8192
    """How much of a context such models are taken to have."""

    served_connect_seconds: float = 10.0
    """How long to wait for such a server to take a connection."""

    served_read_seconds: float = 120.0
    """How long to wait for the next piece of its answer; the first one comes after all frames were seen."""

    served_attempts: int = 4
    """How often a request is sent while the server says that it is too busy."""

    served_jobs_at_once: int = 16
    """How many jobs ask one such model at the same time."""

    api_token: str = dataclasses.field(default="", repr=False)
    """What callers of the HTTP API must send as a bearer token; "" lets everybody in."""

    api_requests_a_minute: int = 60
    """How many requests a minute one client of the HTTP API may send."""

    api_jobs_a_client: int = 4
    """How many jobs of one client of the HTTP API may work or wait at the same time."""

    api_results_a_client: int = 100
    """How many jobs and results of one client of the HTTP API are kept at the same time."""

    api_json_bytes: int = 32 << 20
    """The largest JSON that the HTTP API takes: it is held in memory, and a video of 24 MB in base64 is so large.
    Larger ones come in a form, which goes to the disk."""

    api_json_values: int = 20_000
    """How many values it may hold, each of which takes many times its bytes: a conversation of a thousand turns has six
    thousand."""

    api_field_bytes: int = 1 << 20
    """The most bytes that the fields of a form take together which are no files: they are held in memory."""

    connections: int = 2000
    """The most connections at the same time, and fewer where the system lets the server open too few files: each of
    `page_visitors` keeps two, one for events and one that tells when the tab is closed."""

    connections_a_client: int = 200
    """The most connections, and the most requests at the same time, of one client: 33 browsers behind one address, each
    with the six connections that browsers open to one server. A trusted proxy may have more, its clients may not."""

    header_seconds: float = 20.0
    """How long a connection may last without a whole request header: what Apache's mod_reqtimeout allows by default."""

    stalled_answer_seconds: float = 60.0
    """How long a client may read nothing of an answer: nginx's default of `send_timeout`."""

    body_silent_seconds: float = 30.0
    """How long a request's body may stop coming: half of nginx's default of `client_body_timeout`, since a few such
    requests hold more here than there."""

    body_bytes_a_second: int = 4096
    """How fast a request's body must come, over `body_silent_seconds`: what a phone has where there is only GPRS."""

    body_seconds: float = 4 * 3600.0
    """How long a request's body may take in all: `max_source_bytes` at 2.4 Mbit/s."""

    received_bytes: int = 256 << 20
    """The most memory of all request bodies that are held in memory, until they are answered: eight of
    `api_json_bytes`. JSON takes up to four times its bytes while it is parsed, but one request is parsed at a time."""

    received_bytes_a_client: int = 64 << 20
    """The same for one client: two of `api_json_bytes`."""

    guard_decoding: bool = False
    """Whether files are decoded in a process of their own, see `vidtext.media.guard`: for what strangers bring."""

    guard_memory_bytes: int = 3 << 30
    """The most memory of such a process. Frames at `max_frame_pixels` take 54 MB each in 8 bits, and a decoder holds
    up to 16 it may refer to, those that it works on in each thread, and those that wait to be shown."""

    guard_seconds: float = 1800.0
    """The longest that such a process is waited for in all: four hours of video, at eight times its speed."""

    guard_silent_seconds: float = 30.0
    """The longest that such a process may work on one packet: a frame of 35 million pixels takes a second."""

    guard_written_bytes: int = 5 << 30
    """The largest file that such a process may write: a copy of the largest source, with some room."""

    guard_open_files: int = 64
    """The most files that such a process may have open: three of its own, those that it reads and writes, and what
    its libraries look into while they are loaded."""

    min_free_disk_bytes: int = 1 << 30
    """How much of the disk a server leaves free: no video is taken in beyond that."""

    page_sessions: int = 100
    """Of how many visits Gradio remembers what it needs to go on, the latest ones: 0.2 MB each."""

    page_request_bytes: int = 1 << 20
    """The largest request to the page that is no upload: Gradio looks at all of it before anything else is done."""

    page_visitors: int = 1000
    """How many visits are remembered at the most; for one more, the one that has done nothing for longest is ended."""

    kept_result_bytes: int = 2 << 30
    """How much memory the frames and pictures of all results on the page may take together. A conversation about 32
    frames of 336 pixels takes 11 MB; when there is more, those leave first who have been idle for longest."""

    page_frame_ancestors: str = "'self' https://huggingface.co"
    """The sites that may show the page in a frame, as in a Content-Security-Policy: a Space is shown in one."""

    trusted_origins: str = ""
    """The sites whose pages may call this server from a browser, as origins (`https://example.org`) with commas
    between: for those who embed the page or call the API from a page of their own. They are sent no credentials."""

    auth: str = dataclasses.field(default="", repr=False)
    """Who may open the page: `name:password`, several with commas between; "" lets everybody in."""

    failed_logins_a_minute: int = 10
    """How many wrong passwords and tokens one client may try in a minute."""

    probe_networks: str = "127.0.0.0/8, ::1"
    """The networks from which `/readyz` and `/metrics` may be asked without the password, where there is one: this
    machine's own, for the programs that watch over the server."""

    share: bool = False
    """Whether the page can be reached under a public address, through Gradio's tunnel."""

    root_path: str = ""
    """The path that a proxy serves the page under, such as "/vidtext"."""

    metrics: bool = False
    """Whether `/metrics` tells Prometheus what the server does."""

    json_logs: bool = False
    """Whether the log is JSON, a line for each request among it."""

    log_details: bool = False
    """Whether the log holds messages and tracebacks of errors, which may hold visitors' words: to find a defect."""

    shutdown_seconds: float = 4.0
    """How long a server that was told to end waits for its work to."""

    reload_grace_seconds: float = 30.0
    """How long a visit goes on after its tab said that it goes: a page that is loaded again, or gone back to, finds its
    video, results and running work. Then its work is ended and its files are deleted. Loading takes a few seconds."""

    lost_visit_seconds: float = 3600.0
    """How long a visit goes on after its connection broke without a word: a closed lid, a tunnel, a lost network. It
    ends earlier if it has asked for nothing in `keep_files_seconds`."""

    keep_files_seconds: float = 4 * 3600.0
    """How long uploads and results stay when their visitor asks for nothing and does not leave earlier: as long as the
    longest video, so that it can be watched to its end."""

    keep_unclaimed_seconds: float = 900.0
    """How long files stay that no visitor's page needs: what programs uploaded, and videos that were replaced. Programs
    and pages use an upload as soon as it is whole."""

    unclaimed_bytes_a_client: int = 8 << 30
    """The most bytes of one client's uploads that no visit and no call has: two of `max_source_bytes`."""

    unclaimed_uploads_a_client: int = 100
    """The most of these uploads: five batches of `page_batch_videos`, for several visitors behind one address."""

    @property
    def offered_served_models(self) -> tuple[str, ...]:
        """The names in `served_models`."""
        return tuple(name.strip() for name in self.served_models.split(",") if name.strip())

    @property
    def origins_trusted(self) -> tuple[str, ...]:
        """The origins in `trusted_origins`, as browsers write them."""
        return tuple(origin.strip().rstrip("/").lower() for origin in self.trusted_origins.split(",") if origin.strip())

    @property
    def networks_of_probes(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks in `probe_networks`."""
        try:
            return tuple(ip_network(network.strip()) for network in self.probe_networks.split(",") if network.strip())
        except ValueError as error:
            raise OptionError(f"probe_networks: {error}. Write networks such as 10.0.0.0/8, ::1.") from None

    def __post_init__(self) -> None:
        _ = self.networks_of_probes  # a wrong one is told at the start
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not isinstance(value, bool) and not value > 0:
                raise OptionError(f"{field.name} is {value!r}; it must be greater than 0.")

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """Read the fields that the mapping sets.

        Raises:
            OptionError: a variable's text does not fit its field, or names no field.
        """
        kinds: dict[str, type[int | float | str]] = {
            field.name: type(getattr(cls, field.name)) for field in dataclasses.fields(cls)
        }
        given: dict[str, int | float | str] = {}
        for variable, text in environment.items():
            if not variable.startswith(ENVIRONMENT_PREFIX):
                continue
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            if name not in kinds:
                known = ", ".join(ENVIRONMENT_PREFIX + known.upper() for known in kinds)
                raise OptionError(f"{variable} is not a setting. The settings are {known}.")
            try:
                given[name] = _SWITCH[text.lower()] if kinds[name] is bool else kinds[name](text)
            except (ValueError, KeyError):
                raise OptionError(f"{variable}={text!r} is not a valid {kinds[name].__name__}.") from None
        return cls(**given)  # type: ignore[arg-type]  # the kinds come from the fields themselves
