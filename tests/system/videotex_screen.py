"""What a caller sees: a videotex terminal (STUM) of 25 rows of 40 characters, without its glass.

Feed it bytes; ask for rows of text, for a cell's attributes, or for a picture:

    screen = Screen()
    screen.feed(received)
    assert "Nom du service" in screen.text()
"""

from dataclasses import dataclass, replace

BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE = range(8)

SYMBOLS = {
    0x23: "£", 0x24: "$", 0x26: "#", 0x27: "§", 0x2C: "←", 0x2D: "↑", 0x2E: "→", 0x2F: "↓",
    0x30: "°", 0x31: "±", 0x38: "÷", 0x3C: "¼", 0x3D: "½", 0x3E: "¾",
    0x6A: "Œ", 0x7A: "œ", 0x7B: "ß",
}
ACCENTS = {
    (0x41, "a"): "à", (0x41, "e"): "è", (0x41, "u"): "ù", (0x42, "e"): "é",
    (0x43, "a"): "â", (0x43, "e"): "ê", (0x43, "i"): "î", (0x43, "o"): "ô", (0x43, "u"): "û",
    (0x48, "a"): "ä", (0x48, "e"): "ë", (0x48, "i"): "ï", (0x48, "o"): "ö", (0x48, "u"): "ü",
    (0x4B, "c"): "ç",
}
LINES = {0x5E: "↑", 0x60: "─", 0x7B: "▏", 0x7C: "│", 0x7D: "▕", 0x7E: "‾", 0x7F: "█"}


@dataclass(frozen=True)
class Attributes:
    color: int = WHITE
    background: int = BLACK
    tall: bool = False
    wide: bool = False
    flash: bool = False
    underline: bool = False  # of mosaics: separated
    inverse: bool = False


@dataclass(frozen=True)
class Cell:
    character: str = " "
    mosaic: int | None = None  # a bit for each of the 2 × 3 points, from the top left one
    attributes: Attributes = Attributes()
    half: tuple = (0, 0)  # which part of a large character: (column, row), the lower right is (1, 1)
    delimiter: bool = True  # background and underline of a text begin here


class Screen:
    def __init__(self):
        self.cells = [[Cell() for _ in range(41)] for _ in range(25)]
        self.row, self.column = 1, 1
        self.attributes = Attributes()
        self.mosaics = False
        self.cursor_shown = False
        self.bells = 0
        self.clears = 0
        self.asked_identity = 0
        self.saved = None
        self.last = None
        self.pending = bytearray()

    # What a test asks.

    def row_text(self, row):
        cells = self.cells[row][1:]
        return "".join(
            "▒" if cell.mosaic not in (None, 0) else " " if cell.mosaic == 0 else
            cell.character if cell.half in ((0, 0), (0, 1)) else " " for cell in cells
        ).rstrip()

    def text(self):
        """All rows; of a double height only the lower one carries the text."""
        return "\n".join(self.row_text(row) for row in range(25))

    def shown(self, row, column):
        """A cell as it is shown: the background and the underline come from its zone."""
        cell = self.cells[row][column]
        if cell.delimiter:
            return cell
        background, underline = BLACK, False
        for before in reversed(self.cells[row][1:column]):
            if before.delimiter:
                background = before.attributes.background
                underline = before.attributes.underline and before.mosaic is None
                break
        return replace(cell, attributes=replace(
            cell.attributes, background=background, underline=underline))

    # What the terminal does.

    def feed(self, data):
        for byte in data:
            self.pending.append(byte & 0x7F)
            if self._sequence(bytes(self.pending)):
                self.pending.clear()

    def _sequence(self, sequence):
        """Carries out a sequence; False while it is not complete."""
        first = sequence[0]
        if first == 0x1F:
            if len(sequence) < 3:
                return False
            self._position(sequence[1], sequence[2])
        elif first == 0x1B:
            return self._escape(sequence)
        elif first == 0x19:
            return self._symbol(sequence)
        elif first == 0x12:
            if len(sequence) < 2:
                return False
            for _ in range(sequence[1] - 0x40):
                if self.last is not None:
                    self._put(*self.last)
        elif first < 0x20:
            self._control(first)
        elif self.mosaics:
            self._put_mosaic(first)
        else:
            self._put(LINES.get(first, chr(first)), None)
        return True

    def _position(self, row, column):
        if row == 0x40 and self.row != 0:
            self.saved = (self.row, self.column, self.attributes, self.mosaics)
        if 0x30 <= row <= 0x39 and 0x30 <= column <= 0x39:
            row, column = 0x40 + (row - 0x30) * 10 + column - 0x30, 0x41
        self.attributes = Attributes()
        self.mosaics = False
        self.row = min(max(row - 0x40, 0), 24)
        self.column = min(max(column - 0x40, 1), 40)

    def _control(self, byte):
        if byte == 0x07:
            self.bells += 1
        elif byte == 0x08:
            self.column -= 1
            if self.column < 1:
                self.column, self.row = 40, self.row - 1 if self.row > 1 else 24
        elif byte == 0x09:
            self._advance()
        elif byte == 0x0A:
            if self.row == 0:
                if self.saved:
                    self.row, self.column, self.attributes, self.mosaics = self.saved
            else:
                self.row = self.row + 1 if self.row < 24 else 1
        elif byte == 0x0B:
            self.row = self.row - 1 if self.row > 1 else 24
        elif byte == 0x0C:
            self.cells[1:] = [[Cell() for _ in range(41)] for _ in range(24)]
            self.row, self.column = 1, 1
            self.attributes = Attributes()
            self.mosaics = False
            self.clears += 1
        elif byte == 0x0D:
            self.column = 1
        elif byte == 0x0E:
            self.mosaics = True
            self.attributes = replace(self.attributes, background=BLACK, underline=False,
                                      tall=False, wide=False)
        elif byte == 0x0F:
            self.mosaics = False
            self.attributes = replace(self.attributes, underline=False)
        elif byte == 0x11:
            self.cursor_shown = True
        elif byte == 0x14:
            self.cursor_shown = False
        elif byte == 0x18:
            for column in range(self.column, 41):
                self.cells[self.row][column] = Cell(
                    attributes=replace(self.attributes, tall=False, wide=False))
        elif byte == 0x1E:
            self._position(0x41, 0x41)

    def _escape(self, sequence):
        if len(sequence) < 2:
            return False
        byte = sequence[1]
        if byte in (0x39, 0x3A, 0x3B):
            if len(sequence) < byte - 0x39 + 3:
                return False
            if sequence[1:] == b"\x39\x7b":
                self.asked_identity += 1
            return True
        if 0x20 <= byte <= 0x2F:
            # A character set is chosen (ISO 2022): there is only the usual one here.
            return sequence[-1] >= 0x30
        if byte == 0x5B:
            return len(sequence) > 2 and sequence[-1] >= 0x40
        changes = {
            0x48: {"flash": True}, 0x49: {"flash": False},
            0x4C: {"tall": False, "wide": False}, 0x4D: {"tall": True, "wide": False},
            0x4E: {"tall": False, "wide": True}, 0x4F: {"tall": True, "wide": True},
            0x59: {"underline": False}, 0x5A: {"underline": True},
            0x5C: {"inverse": False}, 0x5D: {"inverse": True},
        }
        if 0x40 <= byte <= 0x47:
            changes[byte] = {"color": byte - 0x40}
        elif 0x50 <= byte <= 0x57:
            changes[byte] = {"background": byte - 0x50}
        if 0x4D <= byte <= 0x4F and (self.mosaics or (byte != 0x4E and self.row < 2)):
            return True
        self.attributes = replace(self.attributes, **changes.get(byte, {}))
        return True

    def _symbol(self, sequence):
        if len(sequence) < 2:
            return False
        if 0x41 <= sequence[1] <= 0x4F:
            if len(sequence) < 3:
                return False
            letter = chr(sequence[2])
            self._put(ACCENTS.get((sequence[1], letter), letter), None)
        else:
            self._put(SYMBOLS.get(sequence[1], "_"), None)
        return True

    def _put_mosaic(self, byte):
        if 0x40 <= byte <= 0x5F and byte != 0x5F:
            byte += 0x20
        if byte == 0x5F:
            byte = 0x7F
        self._put(" ", byte & 0x1F | (byte & 0x40) >> 1)

    def _put(self, character, mosaic):
        self.last = (character, mosaic)
        attributes = self.attributes
        width = 2 if attributes.wide and self.column < 40 else 1
        height = 2 if attributes.tall and self.row > 1 else 1
        delimiter = mosaic is not None or character == " "
        for down in range(height):
            for right in range(width):
                self.cells[self.row - height + 1 + down][self.column + right] = Cell(
                    character, mosaic, attributes,
                    (right, down if height == 2 else 0), delimiter)
        for _ in range(width):
            self._advance()

    def _advance(self):
        self.column += 1
        if self.column > 40:
            if self.row == 0:
                self.column = 40
            else:
                self.column = 1
                self.row = self.row + 1 if self.row < 24 else 1
