"""Checklists of medical devices as CSV, and how people would go through them. All makers and products are invented."""

import copy
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from sessions_app.readers.checklists import BATCH_SIZE, COLUMNS

DEVICES = 100
IMAGES, MANUALS = "https://images.example.org", "https://manuals.example.org"


Category = tuple[str, str]  # of a material, and below it
DISPOSABLE: Category = ("DISPOSABLES", "OTHER DISPOSABLES")
FLUID: Category = ("FLUIDS & MEDICINES", "")
INSTRUMENT: Category = ("SURGICAL INSTRUMENTS", "")
IMPLANT: Category = ("IMPLANTS", "")
SUTURE: Category = ("SUTURES", "")
THEATRE_STOCK: Category = ("OR INVENTORY", "DRAPES")
DEVICE: Category = ("DEVICE", "")


@dataclass(frozen=True)
class Family:
    """Products of one kind. `sizes`, between bars, fill the `{}` in the name; `term` is what a nomenclature calls them."""

    name: str
    term: str
    sizes: str
    category: Category = DISPOSABLE


@dataclass(frozen=True)
class Checklist:
    """One file. `checked` is the share of its devices that somebody has looked at; `is_disputed`: two people did at once.

    If they did where nobody has looked yet, what they did fits together.
    """

    file_name: str
    makers: tuple[str, ...]
    families: tuple[Family, ...]
    first_id: int
    checked: float = 0.0
    is_disputed: bool = False


WARD = (
    Family("Foley catheter, 2-way, {}", "Indwelling urethral drainage catheter, single-use", "12 Fr|14 Fr|16 Fr|18 Fr"),
    Family("SafeGlide IV cannula {}", "Peripheral intravenous cannula", "18G|20G|22G|24G"),
    Family("Syringe, luer lock, {}", "General-purpose syringe, single-use", "2 mL|5 mL|10 mL|20 mL|50 mL", FLUID),
    Family("Nitrile examination glove, {}", "Nitrile examination/treatment glove, non-powdered", "S|M|L|XL"),
    Family("AeroSoft oxygen mask, {}", "Face mask, air/oxygen, single-use", "adult|child|infant"),
    Family("Wound dressing “Calmira” {}", "Foam wound dressing, absorbent", "5 × 5 cm|10 × 10 cm|15 × 20 cm"),
    Family("Infusion set with {} filter", "Basic intravenous administration set", "0.2 µm|1.2 µm|15 µm", FLUID),
    Family("Suction catheter {}, with thumb control", "Airway suction catheter, single-use", "8 Fr|10 Fr|14 Fr"),
)
THEATRE = (
    Family("Metzenbaum scissors, curved, {}", "Scissors, general surgical, reusable", "145 mm|180 mm|230 mm", INSTRUMENT),
    Family("Needle holder, tungsten carbide, {}", "Needle holder, reusable", "130 mm|160 mm|205 mm", INSTRUMENT),
    Family("Retractor blade, {}, matt", "Surgical retractor, handheld, reusable", "25 mm|40 mm|60 mm", INSTRUMENT),
    Family("Locking plate, titanium, {} holes", "Orthopaedic fixation plate, non-bioabsorbable", "4|6|8|12", IMPLANT),
    Family("Cortical screw, Ø 3.5 × {}", "Orthopaedic bone screw, non-bioabsorbable", "14 mm|20 mm|32 mm", IMPLANT),
    Family("Polyglactin suture, {}, violet", "Polyglactin suture, bioabsorbable", "2-0|3-0|4-0|5-0", SUTURE),
    Family("Electrosurgical pencil, {}", "Electrosurgical handpiece, monopolar", "rocker switch|push button", DEVICE),
    Family("Drape set, “{}”, with pouch", "Surgical drape, single-use", "hip|knee|laparoscopy", THEATRE_STOCK),
)
CLINIC = (
    Family("Pulse oximeter PX-{}", "Pulse oximeter, battery-powered", "10|20|20 Pro", DEVICE),
    Family("Blood pressure cuff, {}", "Blood pressure cuff, reusable", "child|adult|adult, long|thigh", DEVICE),
    Family("Infusion pump Rivulo {}", "Infusion pump, general-purpose", "100|200|200 µ", DEVICE),
    Family("Stethoscope “Résonance”, {}", "Mechanical stethoscope", "single head|double head|paediatric", DEVICE),
    Family("ECG electrode, Ag/AgCl, {}", "Electrocardiographic electrode, single-use", "foam, 50 mm|paediatric, 30 mm"),
    Family("Lancet, {}, 1.8 mm", "Blood lancet, single-use", "21G|28G|30G"),
    Family("Thermometer, infrared, {}", "Infrared patient thermometer", "ear|forehead", DEVICE),
    Family("Spirometer mouthpiece, {}", "Spirometer mouthpiece, single-use", "Ø 28 mm|Ø 30 mm"),
)
CHECKLISTS = (
    Checklist(
        "ward-disposables.csv",
        ("Médisûr SAS", "Northhaven Medical, Inc.", "Brückner & Söhne Medizintechnik GmbH", "Tessaly Care Ltd"),
        WARD,
        first_id=10_100,
        checked=0.45,
        is_disputed=True,
    ),
    Checklist(
        "theatre-instruments.csv",
        ("Øresund Instrumenter A/S", "Halvard Surgical, LLC", "Łódzka Chirurgia Sp. z o.o.", "Instrumentos Peñalara, S.A."),
        THEATRE,
        first_id=20_300,
        checked=1.0,
    ),
    Checklist(
        "clinic-devices.csv",
        ("קדם מכשור רפואי", "µFlow Diagnostics, Inc.", "Çınar Sağlık A.Ş.", "Kestrel & Vane Instruments"),
        CLINIC,
        first_id=30_700,
        is_disputed=True,
    ),
)


# --- the file --------------------------------------------------------------------------------------------------------


def make_checklist(rng: Generator, checklist: Checklist) -> bytes:
    """The CSV of a checklist: a header and 100 devices, in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=COLUMNS)
    writer.writeheader()
    writer.writerows(_row(rng, checklist, index) for index in range(DEVICES))
    return text.getvalue().encode()


def _row(rng: Generator, checklist: Checklist, index: int) -> dict[str, str]:
    family = _family(checklist, index)
    maker = str(rng.choice(checklist.makers))
    device_id, number = f"DEV-{checklist.first_id + index}", f"{family.name[0]}{rng.integers(1000, 9999)}-{rng.integers(10, 99)}"
    product = family.name.format(str(rng.choice(family.sizes.split("|"))))
    words = f"{maker} {product} {number}"
    # One in twelve has no picture, and one in three no manual: that is what people are there for.
    images = [f"{IMAGES}/{device_id.lower()}/{view}.jpg" for view in ("front", "packed", "label", "in-use")]
    images = images[: int(rng.integers(1, 5))] if rng.random() > 1 / 12 else []
    manuals = [f"{MANUALS}/{device_id.lower()}/{language}.pdf" for language in ("en", "de")[: int(rng.integers(0, 3))]]
    return {
        "product_name": product,
        "manufacturer": maker,
        "manuf_number": number,
        "gmdn_terms": family.term,
        "device_id": device_id,
        "search_query": words,
        "image_query": f"{words} product picture",
        "manual_query": f"{words} instructions for use",
        "official_product_name": f"{product} ({number})" if rng.random() < 0.7 else "",
        "image_url": images[0] if images else "",
        "image_urls": "|".join(images),
        "manual_url": manuals[0] if manuals else "",
        "manual_urls": "|".join(manuals),
    }


def _family(checklist: Checklist, index: int) -> Family:
    """Devices of a kind stand together, as in the lists that hospitals export."""
    return checklist.families[index * len(checklist.families) // DEVICES]


# --- going through it ------------------------------------------------------------------------------------------------

SITTINGS = 4
JUDGEMENTS = (("approved", 0.66), ("custom_selected", 0.14), ("rejected", 0.12), ("skipped", 0.08))
SECOND_JUDGEMENTS = (("custom_selected", 0.7), ("rejected", 0.3))  # of what was skipped before
REMARKS = {
    "approved": ("", "", "", "Label is legible, number matches.", "Same picture as the smaller size; colours agree."),
    "custom_selected": (
        "The maker's own picture is sharper.",
        "Picture of the packed product taken instead.",
        "Own photo of the one on the shelf.",
    ),
    "rejected": ("Shows the previous model.", "Another maker's product.", "Only a logo, no device.", "Label names another size."),
    "skipped": ("Ask purchasing which of the two numbers is meant.", "No picture anywhere yet."),
}


def saves(rng: Generator, checklist: Checklist, document: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """What is saved while people go through a checklist that was just imported (version 1).

    Gives the version that each save was made from, and the whole document that is saved. The last save of a disputed checklist
    was made from a version that is no longer the newest: it comes from a second window, left open since two sittings before.
    """
    count = round(checklist.checked * len(document["devices"]))
    if not count:
        if checklist.is_disputed:
            yield 1, _checked(rng, checklist, document, range(3))
            yield 1, _checked(rng, checklist, document, range(60, 64))
        return
    versions = [document]
    for sitting in range(1, SITTINGS + 1):
        devices = range(count * (sitting - 1) // SITTINGS, count * sitting // SITTINGS)
        versions.append(_checked(rng, checklist, versions[-1], devices))
        yield sitting, versions[-1]
    if checklist.checked == 1:
        skipped = [index for index, device in enumerate(versions[-1]["devices"]) if device["status"] == "skipped"]
        yield len(versions), _checked(rng, checklist, versions[-1], skipped)
    if checklist.is_disputed:
        opened = SITTINGS - 1
        # Some of these devices were judged by the others meanwhile, some by nobody.
        seen = count * (opened - 1) // SITTINGS
        again = range(count - 3, count + 4)
        yield opened, _checked(rng, checklist, versions[opened - 1], [*again, *range(seen, seen + 2)])


def _checked(rng: Generator, checklist: Checklist, document: dict[str, Any], indices: Iterable[int]) -> dict[str, Any]:
    """A copy of the document in which these devices are judged."""
    after = copy.deepcopy(document)
    for index in indices:
        after["devices"][index] |= _judgement(rng, after["devices"][index], _family(checklist, index))
    after["completed_batches"] = _completed_batches(after["devices"])
    after["current_batch"] = min(len(after["completed_batches"]) + 1, after["total_batches"])
    return after


def _judgement(rng: Generator, device: dict[str, Any], family: Family) -> dict[str, Any]:
    """What a person adds to a device. Without a picture, there is nothing to approve."""
    statuses, shares = zip(*(SECOND_JUDGEMENTS if device["status"] == "skipped" else JUDGEMENTS), strict=True)
    status = str(rng.choice(statuses, p=shares))
    if status == "approved" and not device["image_urls"]:
        status = "skipped"
    told: dict[str, Any] = {"status": status, "checker_notes": str(rng.choice(REMARKS[status]))}
    if status == "approved":
        told["selected_image_url"] = str(rng.choice(device["image_urls"]))
        told["selected_manual_url"] = device["manual_url"]
    if status == "custom_selected":
        told |= {"custom_type": "image", "custom_image_url": f"{IMAGES}/own/{device['device_id'].lower()}.jpg"}
    category, subcategory = family.category
    return told | {"material_category": category, "material_subcategory": subcategory}


def _completed_batches(devices: list[dict[str, Any]]) -> list[int]:
    batches = [devices[first : first + BATCH_SIZE] for first in range(0, len(devices), BATCH_SIZE)]
    return [number for number, batch in enumerate(batches, 1) if all(device["status"] != "pending" for device in batch)]
