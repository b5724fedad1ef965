"""The packets of a file, with the times that can be relied on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream


def demux(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Any]]:
    """Yield the packets of some streams from where the file is read, as they come.

    AVI stores no presentation times, and those that FFmpeg makes up are wrong where frames were reordered or dropped.
    They become the decode times, which without B-frames are the same; for B-frames see `file_clock.FrameTicks`.

    Raises:
        av.FFmpegError, IndexError: the file is damaged; IndexError where the damage looks like one more stream.
    """
    only_decode_times = container.format.name == "avi"
    for packet in container.demux(streams):
        if only_decode_times:
            packet.pts = packet.dts
        if packet.size:  # an empty one only says that a stream ends
            yield packet


class Packets:
    """The packets of some streams, as they come in the file, until it ends or breaks."""

    def __init__(self, container: InputContainer, streams: Sequence[Stream]) -> None:
        self.damaged = False
        self._container = container
        self._streams = streams

    def __iter__(self) -> Iterator[Packet[Any]]:
        try:
            yield from demux(self._container, self._streams)
        except (av.FFmpegError, IndexError):
            self.damaged = True
