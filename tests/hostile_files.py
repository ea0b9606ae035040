"""Files that are not what they seem, with what becomes of them: refused, or kept as a format ("bin": opaque, of two kinds)."""

import io
import struct
import zlib
from typing import Any, NamedTuple

from PIL import Image

from tests.make import PNG
from tests.zips import Member, make_zip

REFUSED = "refused"
ZIP = make_zip(Member("a.txt", data=b"words " * 20))
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
TAR = (b"a.txt".ljust(100, b"\0") + b"0000644\0" * 3 + b"00000000005\0" * 2).ljust(257, b"\0") + b"ustar\x0000".ljust(255, b"\0")
EXE = b"MZ\x90\0".ljust(60, b"\0") + b"\x80\0\0\0".ljust(68, b"\0") + b"PE\0\0L\x01" + bytes(64)
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)


class Hostile(NamedTuple):
    what: str
    name: str
    data: bytes
    becomes: str


def picture(format_: str, **options: Any) -> bytes:
    """A picture of 64 x 48 as Pillow writes it."""
    file = io.BytesIO()
    Image.radial_gradient("L").resize((64, 48)).convert("RGB").save(file, format_, **options)
    return file.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", 8 + len(data)) + name + data


def id3(data: bytes) -> bytes:
    """An MP3's tag of this content."""
    size = bytes(len(data) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + data


JPEG, GIF, WEBP = picture("JPEG"), picture("GIF"), picture("WEBP")
WAV = (
    b"RIFF"
    + struct.pack("<L", 36 + 400)
    + b"WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0\x80>\0\0\x02\0\x10\0data"
    + struct.pack("<L", 400)
)
WAV += bytes(400)
MP3 = b"\xff\xfb\x90\x44" + bytes(413)
# A comment in a script from the width of the picture on, closed behind its data, and then the program.
GIF_JS = b"GIF89a/*" + GIF[8:] + b"*/=1;alert(1)"
JPEG_JS = b"\xff\xd8\xff\xe0/*JFIF" + bytes(12066) + JPEG[20:] + b"*/=1;alert(1)"

TWO_KINDS = [
    Hostile("GIF+JS", "a.gif", GIF_JS, REFUSED),
    Hostile("GIF+JS of text alone", "a.gif", b"GIF89a/*    */=1;alert(1);//;", REFUSED),
    Hostile("GIF+JS by assignment", "a.gif", b"GIF89a=1;alert(1);", REFUSED),
    Hostile("JPEG+JS", "a.jpg", JPEG_JS, REFUSED),
    Hostile("WAV+JS", "a.wav", b"RIFF/*\0\0WAVEfmt " + bytes(40) + b"*/=1;alert(1)", REFUSED),
    Hostile("GIF+HTML in its comment", "a.gif", GIF[:13] + b"\x21\xfe\x35" + HTML + b"\0" + GIF[13:], REFUSED),
    Hostile("PNG+HTML in its text", "a.png", PNG[:33] + png_chunk(b"tEXt", b"Comment\0" + HTML) + PNG[33:], REFUSED),
    Hostile("JPEG+HTML in its comment", "a.jpg", b"\xff\xd8\xff\xfe\0\x37" + HTML + JPEG[2:], REFUSED),
    Hostile("PNG+PHP", "a.png", PNG[:33] + png_chunk(b"tEXt", b"c\0<?php system($_GET[0]); ?>") + PNG[33:], REFUSED),
    Hostile("PDF+HTML", "a.pdf", b"%PDF-1.7\n%" + HTML + PDF, REFUSED),
    Hostile("MP4+HTML", "a.mp4", MP4 + box(b"free", HTML), REFUSED),
    Hostile("PNG+HTML behind its end", "a.png", PNG + bytes(2000) + HTML, "bin"),
    Hostile("PNG+HTML far behind its end", "a.png", PNG + bytes(200_000) + HTML, "bin"),
    Hostile("large PNG+HTML", "a.png", PNG[:33] + png_chunk(b"prVt", b"\xaa" * 99_000) + PNG[33:] + HTML, "bin"),
    Hostile("PDF+zip", "a.pdf", PDF + ZIP, "bin"),
    Hostile("PDF+zip with a comment", "a.pdf", PDF + make_zip(Member(), comment=b"%" * 65_000), "bin"),
    Hostile("JPEG+zip", "a.jpg", JPEG + ZIP, "bin"),
    Hostile("JPEG+large zip", "a.jpg", JPEG + make_zip(Member(data=b"x" * 300_000)), "bin"),
    Hostile("JPEG+zip+junk", "a.jpg", JPEG + ZIP + b"junk" * 100, "bin"),
    Hostile("PNG+zip", "a.png", PNG + ZIP, "bin"),
    Hostile("GIF+zip (GIFAR)", "a.gif", GIF + ZIP, "bin"),
    Hostile("WebP+zip", "a.webp", WEBP + ZIP, "bin"),
    Hostile("MP4+zip", "a.mp4", MP4 + box(b"free", ZIP), "bin"),
    Hostile("MP3+zip", "a.mp3", MP3 + ZIP, "bin"),
    Hostile("WAV+zip", "a.wav", WAV + ZIP, "bin"),
    Hostile("JPEG+rar", "a.jpg", JPEG + b"Rar!\x1a\x07\x01\0", "bin"),
    Hostile("JPEG+7z", "a.jpg", JPEG + b"7z\xbc\xaf\x27\x1c\0\x04", "bin"),
    Hostile("GIF+program", "a.gif", GIF + EXE, "bin"),
    Hostile("PNG+program", "a.png", PNG + ELF, "bin"),
    Hostile("JPEG+PDF in front", "a.jpg", b"\xff\xd8\xff\xfe\0\x20" + PDF[:30] + JPEG[2:] + PDF, "bin"),
    Hostile("JPEG+PDF behind", "a.jpg", JPEG + PDF, "bin"),
    Hostile("MP4+PDF", "a.mp4", MP4 + box(b"skip", PDF), "bin"),
    Hostile("MP4+program in its data", "a.mp4", MP4 + box(b"free", b"") + box(b"mdat", EXE), "bin"),
    Hostile("WAV whose length is a lie+HTML", "a.wav", WAV + HTML, REFUSED),
    Hostile("large WAV whose length is a lie+program", "a.wav", b"RIFF\xa8\x01\x02\0" + WAV[8:] + bytes(131_060) + ELF, "bin"),
    Hostile("WebP whose length is a lie+script", "a.webp", WEBP + b"#!/bin/sh\nreboot\n", "bin"),
    Hostile("ID3+zip", "a.mp3", id3(b"TIT2\0\0\0\x04\0\0\0abc" + bytes(50)) + ZIP, "bin"),
    Hostile("ID3+program", "a.mp3", id3(bytes(50)) + EXE, "bin"),
    Hostile("ID3+PDF", "a.mp3", id3(b"PRIV" + PDF) + MP3, "bin"),
    Hostile("JPEG+tar", "a.jpg", JPEG[:2] + b"\xff\xfe\x01\xfe" + bytes(251) + b"ustar\x0000" + bytes(247) + JPEG[2:], "bin"),
    Hostile("zip+tar", "a.zip", TAR + bytes(512) + ZIP, REFUSED),
    Hostile("tar+zip", "a.tar", TAR + bytes(512) + ZIP, "tar"),
    Hostile("text+zip", "a.txt", b"words " * 20_000 + ZIP, REFUSED),
]  # fmt: skip
FALSE_NAMES = [
    Hostile("HTML named .png", "a.png", HTML, REFUSED),
    Hostile("HTML with a byte order mark", "a.txt", b"\xef\xbb\xbf" + HTML, REFUSED),
    Hostile("HTML in UTF-16", "a.csv", HTML.decode().encode("utf-16"), REFUSED),
    Hostile("HTML in UTF-16, big end first", "a.txt", b"\xfe\xff" + HTML.decode().encode("utf-16-be"), REFUSED),
    Hostile("HTML in UTF-32", "a.txt", HTML.decode().encode("utf-32"), REFUSED),
    Hostile("HTML in UTF-16 without a mark", "a.txt", HTML.decode().encode("utf-16-le"), REFUSED),
    Hostile("HTML behind blanks", "a.txt", b"\r\n\t \f" * 900 + HTML, REFUSED),
    Hostile("HTML behind a comment", "a.md", b"<!-- " + b"-" * 3000 + b" -->" + HTML, REFUSED),
    Hostile("HTML without a beginning", "a.txt", b"<IMG SRC=x OnError=alert(1)>", REFUSED),
    Hostile("SVG with a script", "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", REFUSED),
    Hostile("SVG named .png", "a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", REFUSED),
    Hostile(
        "SVG with foreignObject", "a.txt", b"<?xml version='1.0'?><svg><foreignObject><body/></foreignObject></svg>", REFUSED
    ),
    Hostile(
        "SVG with an external entity", "a.svg", b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>", REFUSED
    ),
    Hostile("XML with a DTD", "a.txt", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", REFUSED),
    Hostile("XML without a declaration", "a.txt", b"<note><to>alice</to></note>", REFUSED),
    Hostile("large XML without a declaration", "a.txt", b"<note>" + b"words " * 30_000 + b"</note>\n", REFUSED),
    Hostile("XML of a name space", "a.txt", b"<x:html xmlns:x='http://www.w3.org/1999/xhtml'>words", REFUSED),
    Hostile("playlist named .mp4", "a.mp4", b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd\n", REFUSED),
    Hostile("playlist named .avi", "a.avi", b"#EXTM3U\nhttp://127.0.0.1/\n" + bytes(40), REFUSED),
    Hostile("playlist named .txt", "a.txt", b"\xef\xbb\xbf\n#extm3u\n", REFUSED),
    Hostile("concatenation named .mp4", "a.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n", REFUSED),
    Hostile("PLS playlist", "a.txt", b"[playlist]\nFile1=http://127.0.0.1/\n", REFUSED),
    Hostile("ASX playlist", "a.txt", b"<asx version='3.0'><entry><ref href='http://127.0.0.1/'/></entry></asx>", REFUSED),
    Hostile("SDP named .mp4", "a.mp4", b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", REFUSED),
    Hostile("EPS named .jpg", "a.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n", REFUSED),
    Hostile("EPS with a preview", "a.jpg", b"\xc5\xd0\xd3\xc6" + bytes(28) + b"%!PS", REFUSED),
    Hostile("PostScript for a printer", "a.pdf", b"\x04%!PS-Adobe\n", REFUSED),
    Hostile("DjVu named .jpg", "a.jpg", b"AT&TFORM\0\0\x03\xafDJVMDIRM", REFUSED),
    Hostile("RTF named .txt", "a.txt", b"{\\rtf1\\ansi{\\object\\objocx}}", REFUSED),
    Hostile("shortcut", "a.txt", b"[InternetShortcut]\nURL=file:///c:/x.exe\n", REFUSED),
    Hostile("shortcut of a desktop", "a.txt", b"[Desktop Entry]\nExec=reboot\n", REFUSED),
    Hostile("Windows shortcut", "a.jpg", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0", REFUSED),
    Hostile("Windows program", "a.jpg", EXE, REFUSED),
    Hostile("Linux program", "a.mp4", ELF, REFUSED),
    Hostile("macOS program", "a.txt", b"\xcf\xfa\xed\xfe\x07\0\0\x01", REFUSED),
    Hostile("macOS program for two processors", "a", b"\xca\xfe\xba\xbe\0\0\0\x02", REFUSED),
    Hostile("WebAssembly", "a.bin", b"\0asm\x01\0\0\0", REFUSED),
    Hostile("shell script", "a.txt", b"#!/bin/sh\nreboot\n", REFUSED),
    Hostile("shell script behind a mark", "a.txt", b"\xef\xbb\xbf#!/usr/bin/env python\n", REFUSED),
    Hostile("batch file", "a.txt", b"@ECHO OFF\r\nformat c:\r\n", REFUSED),
    Hostile("installer", "a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), REFUSED),
    Hostile("package", "a.deb", b"!<arch>\ndebian-binary   ", REFUSED),
    Hostile("Flash film", "a.gif", b"CWS\x0a" + bytes(30), REFUSED),
    Hostile("picture named .html", "a.html", PNG, REFUSED),
    Hostile("picture named .svg", "a.svg", JPEG, REFUSED),
    Hostile("picture named .exe", "photo.png.exe", PNG, REFUSED),
    Hostile("picture named .exe before dots", "photo.exe. .", PNG, REFUSED),
    Hostile("picture in a stream of a name", "photo.png:x.exe", PNG, REFUSED),
    Hostile("picture of an unknown name", "photo.foo", PNG, REFUSED),
    Hostile("film named .m3u8", "a.m3u8", MP4, REFUSED),
    Hostile("two kinds named .html", "a.html", JPEG + ZIP, REFUSED),
    Hostile("text named .html", "a.html", b"words", REFUSED),
    Hostile("text named .js", "a.js", b"alert(1)", REFUSED),
    Hostile("text named .bat", "a.bat", b"format c:", REFUSED),
    Hostile("program in a zip's clothes", "a.jar", ZIP, REFUSED),
    Hostile("macros", "a.docm", ZIP, REFUSED),
    Hostile("zip named .png", "a.png", ZIP, REFUSED),
    Hostile("tar named .zip", "a.zip", TAR, REFUSED),
    Hostile("frames that a guess would recurse into", "a.zst", b"\x50\x2a\x4d\x18\0\0\0\0" * 1024, REFUSED),
    Hostile("unknown bytes", "a.dat", bytes(range(256)), REFUSED),
]
HOSTILE_FILES = TWO_KINDS + FALSE_NAMES
