"""The errors that a person may meet.

Every message says what was given, what is allowed and what to do next. ::

    VidtextError
    ├── OptionError          an option has a value that is not allowed (also a ValueError)
    ├── SourceError          what was given as the video cannot be fetched or read
    │   ├── SourceRefusedError      the address or place is not allowed
    │   └── SourceTooLargeError     more bytes than the limit
    ├── MediaError           the file is there but gives no usable video
    │   ├── UnreadableMediaError    empty, not a video, damaged before its first frame, or an unknown codec
    │   ├── NoVideoStreamError      sound or data only
    │   └── MediaTooLargeError      longer, or with larger frames, than the limit
    ├── ModelError           a model cannot do the work
    │   ├── UnknownModelError       no such name
    │   ├── NoMemoryError           it does not fit into the memory that is free
    │   └── ModelUnavailableError   a known model that cannot be loaded now
    ├── IncompleteBatchError some videos of a batch failed; the others are done
    ├── DeviceError          the device that the work needs was not to be had
    │   ├── BusyError               too many wait for it already
    │   └── GpuRefusedError         a ZeroGPU Space does not lend its GPU, or took it back
    └── CancelledError       the person, or the end of their visit, stopped the work

The page shows such an error at its field or as a toast, the API as a JSON body, the command line as one line and
the class's `exit_code`. Any other exception is a defect and stays loud.
"""

from __future__ import annotations


class VidtextError(Exception):
    """The root: catching it catches all that a person can mend.

    Attributes:
        option: the name of the option that has to change, as in `CaptionOptions`; "" where it is not known.
    """

    exit_code = 1

    def __init__(self, message: str = "", *, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class OptionError(VidtextError, ValueError):
    """An option has a value that is not allowed."""

    exit_code = 2


class SourceError(VidtextError):
    """What was given as the video cannot be fetched or read."""

    exit_code = 3


class SourceRefusedError(SourceError):
    """The address or place is not allowed."""


class SourceTooLargeError(SourceError):
    """The source has more bytes than `settings.limits.max_source_bytes`."""


class MediaError(VidtextError):
    """The file is there but gives no usable video."""

    exit_code = 4


class UnreadableMediaError(MediaError):
    """The file is empty, is not a video, is damaged before its first frame, or has a codec that cannot be decoded."""


class NoVideoStreamError(MediaError):
    """The file holds no pictures."""


class MediaTooLargeError(MediaError):
    """The video is longer, or its frames are larger, than the settings allow."""


class ModelError(VidtextError):
    """A model cannot do the work."""

    exit_code = 5


class UnknownModelError(ModelError):
    """No model has this name."""


class NoMemoryError(ModelError):
    """The work does not fit into the memory that is free, however it is stepped down."""


class ModelUnavailableError(ModelError):
    """The model is known but cannot be loaded now."""


class IncompleteBatchError(VidtextError):
    """Some videos of a batch failed; the others are done."""

    exit_code = 6


class DeviceError(VidtextError):
    """The device that the work needs was not to be had. The same work may succeed later."""

    exit_code = 7


class BusyError(DeviceError):
    """More jobs wait for the device than `settings.jobs.max_queued`."""


class GpuRefusedError(DeviceError):
    """A ZeroGPU Space does not lend its GPU to this job, or took it back."""


class CancelledError(VidtextError):
    """The work was stopped on request."""

    exit_code = 130  # what a shell gives for a process that Ctrl-C ended (128 + SIGINT)
