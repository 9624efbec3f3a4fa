"""Files as people upload them: honest ones, and those that somebody forged."""

import io
import zipfile

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

HEADER = ["Username", "Company", "Email"]
SHEET = "xl/worksheets/sheet1.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def upload(content, name="endusers.csv"):
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def csv_of(*rows, header=HEADER):
    return "".join(f"{','.join(row)}\r\n" for row in [header, *rows])


def xlsx_of(*rows, header=HEADER):
    """A workbook as a spreadsheet saves it; text that begins with = is a formula."""
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def forged(part, content):
    """A workbook with one part replaced or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx_of(["a1", "A", "a@example.com"]))) as honest, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        for name in honest.namelist():
            if name != part:
                folder.writestr(name, honest.read(name))
        folder.writestr(part, content)
    return file.getvalue()
