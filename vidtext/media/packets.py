"""The packets of several tracks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream


class Packets:
    """The packets of some streams, as they come in the file, until it ends or breaks."""

    def __init__(self, container: InputContainer, streams: Sequence[Stream]) -> None:
        self.damaged = False
        self._container = container
        self._streams = streams

    def __iter__(self) -> Iterator[Packet[Any]]:
        try:
            for packet in self._container.demux(self._streams):
                if packet.size:  # an empty one only says that a stream ends
                    yield packet
        except (av.FFmpegError, IndexError):  # IndexError: damage that looks like one more stream
            self.damaged = True
