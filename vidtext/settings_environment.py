"""Settings from environment variables: their names, the former ones, and which one a wrong name is nearest to."""

from __future__ import annotations

import difflib
import logging
from typing import TYPE_CHECKING, Any

from pydantic_settings import EnvSettingsSource

from vidtext.errors import OptionError
from vidtext.settings import BETWEEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vidtext.settings import Settings

PREFIX = "VIDTEXT_"

RENAMED = {
    "max_source_bytes": "limits__max_source_bytes",
    "max_duration_seconds": "limits__max_duration_seconds",
    "max_frame_pixels": "limits__max_frame_pixels",
    "max_still_bytes": "limits__max_still_bytes",
    "max_jpeg_scans": "limits__max_jpeg_scans",
    "max_frames": "limits__max_frames",
    "max_frames_bytes": "limits__max_frames_bytes",
    "max_windows": "limits__max_windows",
    "max_new_tokens": "limits__max_new_tokens",
    "max_chapters": "limits__max_chapters",
    "max_answer_tokens": "limits__max_answer_tokens",
    "max_question_characters": "limits__max_question_characters",
    "max_instruction_characters": "limits__max_instruction_characters",
    "max_chat_turns": "limits__max_chat_turns",
    "max_saved_answer_characters": "limits__max_saved_answer_characters",
    "max_saved_chat_bytes": "limits__max_saved_chat_bytes",
    "max_chat_videos": "limits__max_chat_videos",
    "url_timeout_seconds": "download__timeout_seconds",
    "url_max_redirects": "download__max_redirects",
    "guard_decoding": "sandbox__enabled",
    "guard_memory_bytes": "sandbox__memory_bytes",
    "guard_seconds": "sandbox__total_seconds",
    "guard_silent_seconds": "sandbox__silent_seconds",
    "guard_written_bytes": "sandbox__written_bytes",
    "guard_open_files": "sandbox__open_files",
    "description_tokens": "tasks__description_tokens",
    "closer_look_frames": "tasks__closer_look_frames",
    "window_batch": "tasks__window_batch",
    "fast_shots_from_seconds": "tasks__fast_shots_from_seconds",
    "thumbnail_edge_pixels": "output__thumbnail_edge_pixels",
    "preview_height_pixels": "output__preview_height_pixels",
    "preview_max_seconds": "output__preview_max_seconds",
    "reel_snap_seconds": "output__reel_snap_seconds",
    "reel_height_pixels": "output__reel_height_pixels",
    "default_model": "models__default",
    "default_chat_model": "models__default_chat",
    "kept_model_bytes": "models__cache_bytes",
    "idle_model_seconds": "models__idle_seconds",
    "memory_share": "models__memory_share",
    "prefix_cache_bytes": "models__prefix_cache_bytes",
    "hub_timeout_seconds": "models__hub_timeout_seconds",
    "jobs_at_once": "jobs__max_running",
    "jobs_waiting": "jobs__max_queued",
    "max_batch_items": "batch__max_items",
    "max_batch_list_bytes": "batch__max_list_bytes",
    "batch_attempts": "batch__attempts",
    "served_models": "served__models",
    "served_key": "served__api_key",
    "served_frames": "served__frames",
    "served_frame_edge_pixels": "served__image_size",
    "served_context_tokens": "served__context_tokens",
    "served_connect_seconds": "served__connect_seconds",
    "served_read_seconds": "served__read_seconds",
    "served_attempts": "served__attempts",
    "served_jobs_at_once": "served__max_running",
    "api_token": "api__token",
    "api_requests_a_minute": "api__requests_per_minute",
    "api_jobs_a_client": "api__max_jobs_per_client",
    "api_results_a_client": "api__max_results_per_client",
    "api_json_bytes": "api__max_json_bytes",
    "api_json_values": "api__max_json_values",
    "api_field_bytes": "api__max_field_bytes",
    "page_visitors": "page__max_visits",
    "page_sessions": "page__max_sessions",
    "page_request_bytes": "page__max_request_bytes",
    "page_batch_videos": "page__max_batch_videos",
    "page_batches": "page__max_batches",
    "kept_result_bytes": "page__result_bytes",
    "page_frame_ancestors": "page__frame_ancestors",
    "reload_grace_seconds": "page__reload_grace_seconds",
    "lost_visit_seconds": "page__lost_visit_seconds",
    "keep_files_seconds": "page__keep_files_seconds",
    "keep_unclaimed_seconds": "page__keep_unclaimed_seconds",
    "unclaimed_bytes_a_client": "page__unclaimed_bytes_per_client",
    "unclaimed_uploads_a_client": "page__unclaimed_uploads_per_client",
    "auth": "server__auth",
    "failed_logins_a_minute": "server__failed_logins_per_minute",
    "trusted_origins": "server__trusted_origins",
    "probe_networks": "server__probe_networks",
    "share": "server__share",
    "root_path": "server__root_path",
    "metrics": "server__metrics",
    "json_logs": "server__json_logs",
    "log_details": "server__log_details",
    "shutdown_seconds": "server__shutdown_seconds",
    "min_free_disk_bytes": "server__min_free_disk_bytes",
    "connections": "server__max_connections",
    "connections_a_client": "server__max_connections_per_client",
    "header_seconds": "server__header_seconds",
    "stalled_answer_seconds": "server__stalled_response_seconds",
    "body_silent_seconds": "server__body_silent_seconds",
    "body_bytes_a_second": "server__body_bytes_per_second",
    "body_seconds": "server__body_seconds",
    "received_bytes": "server__received_bytes",
    "received_bytes_a_client": "server__received_bytes_per_client",
}
"""The settings by their former names, without the prefix and in lower case. They are read until release 0.3."""

_log = logging.getLogger(__name__)


class _Variables(EnvSettingsSource):
    """pydantic-settings' reading of variables, from a mapping instead of the process's environment."""

    def __init__(self, kind: type[Settings], variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(kind, env_prefix=PREFIX.lower(), env_nested_delimiter=BETWEEN, case_sensitive=True)  # type: ignore[arg-type]

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._variables


def variable_of(name: str) -> str:
    """Return the variable of a field: of `limits__max_windows`, `VIDTEXT_LIMITS__MAX_WINDOWS`."""
    return PREFIX + name.upper()


def read(kind: type[Settings], environment: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the texts of the fields that are set, by group, and the variable of each field.

    Raises:
        OptionError: a variable names no field, or two name the same one.
    """
    known = kind.names()
    texts: dict[str, str] = {}
    variables: dict[str, str] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = _field_of(variable, known)
        if name in variables:
            raise OptionError(f"{variables[name]} and {variable} are the same setting. Remove one of them.")
        texts[PREFIX.lower() + name], variables[name] = text, variable
    return _Variables(kind, texts)(), variables


def _field_of(variable: str, known: Collection[str]) -> str:
    """Return the field that a variable sets; a former name is reported in the log.

    Raises:
        OptionError: there is none.
    """
    name = variable.removeprefix(PREFIX).lower()
    if name in RENAMED:
        current = variable_of(RENAMED[name])
        _log.warning("%s is deprecated and will not be read from release 0.3 on. Use %s.", variable, current)
        return RENAMED[name]
    if name not in known:
        fields = {field.partition(BETWEEN)[2]: field for field in known}
        candidates = {**fields, **RENAMED, **{field: field for field in known}}
        (nearest,) = difflib.get_close_matches(name, candidates, n=1, cutoff=0)
        raise OptionError(f"{variable} is not a setting. Did you mean {variable_of(candidates[nearest])}?")
    return name
