"""Checklist sessions of a wanted size, the same ones on every run. Standard library only: every contender sends them."""

import json
from random import Random
from typing import Any

SEED = 20261121
SMALL, LARGE = 9_000, 93_000
STATUSES = ("pending", "approved", "approved", "custom_selected", "rejected", "skipped")
MAKERS = (
    "Médisûr SAS", "Northhaven Medical, Inc.", "Brückner & Söhne Medizintechnik GmbH", "Øresund Instrumenter A/S",
    "Halvard Surgical, LLC", "Łódzka Chirurgia Sp. z o.o.", "µFlow Diagnostics, Inc.", "Kestrel & Vane Instruments",
)  # fmt: skip
NOUNS = (
    "catheter", "cannula", "syringe", "glove", "mask", "dressing", "filter", "scissors", "retractor", "plate", "screw",
    "suture", "pencil", "drape", "oximeter", "cuff", "pump", "electrode", "lancet", "thermometer", "mouthpiece", "tube",
)  # fmt: skip
TEXT = (
    "sterile single use reusable curved straight titanium silicone latex free adult paediatric small large blue violet "
    "with without thumb control label legible number matches picture shows previous model purchasing asks which packed "
    "product taken instead from shelf same size smaller colours agree another maker only logo manual missing page valve "
    "luer lock connector drainage airway infusion peripheral surgical indwelling non absorbable foam wound bone plate"
)
WORDS = TEXT.split()

Json = dict[str, Any]


class Draft:
    """A session that somebody edits: about `size` bytes (9 kB: 9 to 10 devices, 93 kB: about 100), one change at a time.

    Its devices are kept as JSON bytes, so that writing a save down costs the client next to nothing.
    """

    def __init__(self, session_id: str, size: int) -> None:
        self._rng = Random(f"{SEED} {session_id}")
        self.session_id = session_id
        self.session_name = f"Checks of {_words(self._rng, 2, 4)}"
        self._devices: list[Json] = []
        self._encoded: list[bytes] = []
        left = size - len(self.fields()) - 40
        while left > 0:
            self._devices.append(_device(self._rng, len(self._devices)))
            self._encoded.append(compact(self._devices[-1]))
            left -= len(self._encoded[-1]) + 1

    def change(self, number: int) -> None:
        """Somebody judges one device, for the `number`th time."""
        index = number % len(self._devices)
        notes = f"{_words(self._rng, 3, 12)} {number}"
        self._devices[index] |= {"status": self._rng.choice(STATUSES[1:]), "checker_notes": notes, "is_checked": True}
        self._encoded[index] = compact(self._devices[index])

    def fields(self) -> bytes:
        """What stands beside the devices: members of an object, without its braces."""
        return compact({"session_id": self.session_id, "session_name": self.session_name, "filename": "ward.csv"})[1:-1]

    def devices(self) -> bytes:
        """A JSON array."""
        return b"[" + b",".join(self._encoded) + b"]"

    def text(self) -> bytes:
        """The whole document."""
        return b"{" + self.fields() + b',"devices":' + self.devices() + b"}"


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _words(rng: Random, least: int, most: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(least, most)))


def _device(rng: Random, index: int) -> Json:
    """One device: the 13 columns of a checklist file, where it stands, and what people added."""
    maker, number = rng.choice(MAKERS), f"{rng.choice('ABCDEFGHKLMNPRSTW')}{rng.randint(1000, 99999)}-{rng.randint(10, 99)}"
    product = f"{_words(rng, 1, 3)} {rng.choice(NOUNS)}, {rng.randint(2, 60)} mm"
    asked = f"{maker} {product} {number}"
    images = [f"https://images.example.org/{rng.getrandbits(64):016x}/{rng.choice(NOUNS)}.jpg" for _ in range(rng.randint(1, 3))]
    manual = f"https://manuals.example.org/{rng.getrandbits(48):012x}/ifu.pdf"
    return {
        "product_name": product,
        "manufacturer": maker,
        "manuf_number": number,
        "gmdn_terms": f"{rng.choice(NOUNS).title()}, {_words(rng, 2, 4)}",
        "device_id": f"DEV-{10_000 + index}",
        "search_query": asked,
        "image_query": f"{asked} product picture",
        "manual_query": f"{asked} instructions for use",
        "official_product_name": f"{product} ({number})",
        "image_url": images[0],
        "image_urls": images,
        "manual_url": manual,
        "manual_urls": [manual],
        "row_index": index,
        "batch_id": index // 10 + 1,
        "status": rng.choice(STATUSES),
        "checker_notes": _words(rng, 3, 12),
        "is_checked": rng.random() < 0.5,
    }
