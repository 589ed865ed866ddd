// How a call is drawn, the same on every page: told by its shape first, and by its colour second.

const LETTERS = 'system-ui, "DejaVu Sans", "Noto Sans", "dualsense letters", sans-serif';
const CALL_FILLS = {
  light: { suspect: "#e8440a", unclear: "#ffd400" },
  dark: { suspect: "#ff6a2b", unclear: "#ffd400" },
  sun: { suspect: "#ff2a00", unclear: "#ffd400" },
};

function diamond(pen, x, y, reach) {
  pen.beginPath();
  pen.moveTo(x, y - reach);
  pen.lineTo(x + reach, y);
  pen.lineTo(x, y + reach);
  pen.lineTo(x - reach, y);
  pen.closePath();
}

function boxed(pen, x, y, size, sign) {
  pen.fillStyle = "#fff";
  pen.fillRect(x - size, y - size, 2 * size, 2 * size);
  pen.strokeStyle = "#000";
  pen.lineWidth = 2.4;
  pen.strokeRect(x - size, y - size, 2 * size, 2 * size);
  pen.fillStyle = "#000";
  pen.font = `700 ${1.5 * size}px ${LETTERS}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(sign, x, y + 1);
}

// Filled diamond, diamond with a core, ring, square with a question mark; a place without a call has an exclamation mark.
function shapeSymbol(pen, call, x, y, size, theme) {
  if (call === "suspect" || call === "unclear") {
    for (const [reach, fill, edge] of [[size + 4, "#000", "#fff"], [size, CALL_FILLS[theme][call], "#000"]]) {
      diamond(pen, x, y, reach);
      pen.fillStyle = fill;
      pen.fill();
      pen.strokeStyle = edge;
      pen.lineWidth = 1.6;
      pen.stroke();
    }
    if (call === "unclear") { diamond(pen, x, y, 0.45 * size); pen.fillStyle = "#000"; pen.fill(); }
  } else if (call === "likely-clutter") {
    for (const [colour, width] of [["#000", 6], ["#fff", 2.6]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.arc(x, y, size - 2, 0, 2 * Math.PI);
      pen.stroke();
    }
  } else {
    boxed(pen, x, y, size, call === "place" ? "!" : "?");
  }
}
