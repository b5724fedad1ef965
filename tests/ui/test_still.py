"""Pictures as Chromium shows them on a white page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np

from tests.media.stills import animation, kinds
from vidtext.job import Job
from vidtext.media.read.still import read_stills
from vidtext.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_ON_WHITE_JS = """async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  return [canvas.height, canvas.width, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
}"""


def test_every_kind_is_seen_as_chromium_shows_it(browser: Browser) -> None:
    page = browser.new_page()
    for kind, content in {**kinds(), "animation": animation()}.items():
        media_type = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
        address = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
        height, width, values = page.evaluate(_ON_WHITE_JS, address)
        shown = np.array(values, np.int16).reshape(height, width, 4)[..., :3]
        (still,) = read_stills([content], settings=Settings(), job=Job())
        assert still.pixels.shape == shown.shape, kind
        assert np.abs(shown - still.pixels).max() <= 1, kind
    page.close()
