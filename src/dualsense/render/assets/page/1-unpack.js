  // Cells of maps and volumes: base64, raw deflate (RFC 1951), and differences between rows, modulo 64.

  const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const AWAY = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
  const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const LONGEST = 15;

  // Table from the next bits, as many as the longest code has, to a symbol and the length of its code: symbol * 16 + length.
  function codeTable(lengths) {
    const table = new Uint16Array(1 << Math.max(1, ...lengths));
    const count = new Uint16Array(LONGEST + 1);
    lengths.forEach((length) => { count[length] += 1; });
    count[0] = 0;
    const next = new Uint16Array(LONGEST + 2);
    for (let bits = 1; bits <= LONGEST; bits += 1) { next[bits + 1] = (next[bits] + count[bits]) << 1; }
    lengths.forEach((length, symbol) => {
      if (!length) { return; }
      let code = next[length];
      next[length] += 1;
      let reversed = 0;
      for (let bit = 0; bit < length; bit += 1) { reversed = (reversed << 1) | (code & 1); code >>= 1; }
      for (let at = reversed; at < table.length; at += 1 << length) { table[at] = symbol * 16 + length; }
    });
    return table;
  }

  function inflate(bytes, size) {
    const out = new Uint8Array(size);
    let filled = 0;
    let at = 0;
    let held = 0;
    let holding = 0;
    const need = (count) => {
      while (holding < count) { held |= (at < bytes.length ? bytes[at] : 0) << holding; at += 1; holding += 8; }
    };
    const take = (count) => {
      need(count);
      const value = held & ((1 << count) - 1);
      held >>>= count;
      holding -= count;
      return value;
    };
    const symbolOf = (table) => {
      need(LONGEST);
      const entry = table[held & (table.length - 1)];
      held >>>= entry & 15;
      holding -= entry & 15;
      return entry >> 4;
    };
    const tables = (kind) => {
      if (kind === 1) {
        const fixed = Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8));
        return [codeTable(fixed), codeTable(new Array(30).fill(5))];
      }
      const literals = take(5) + 257;
      const distances = take(5) + 1;
      const known = take(4) + 4;
      const order = new Array(19).fill(0);
      for (let i = 0; i < known; i += 1) { order[CODE_ORDER[i]] = take(3); }
      const codes = codeTable(order);
      const lengths = [];
      while (lengths.length < literals + distances) {
        const symbol = symbolOf(codes);
        if (symbol < 16) { lengths.push(symbol); continue; }
        const repeated = symbol === 16 ? lengths[lengths.length - 1] : 0;
        let times = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
        while (times > 0) { lengths.push(repeated); times -= 1; }
      }
      return [codeTable(lengths.slice(0, literals)), codeTable(lengths.slice(literals))];
    };
    let last = false;
    while (!last && filled < size) {
      last = take(1) === 1;
      const kind = take(2);
      if (kind === 0) {
        take(holding & 7);
        const length = take(16);
        take(16);
        for (let i = 0; i < length; i += 1) { out[filled] = take(8); filled += 1; }
        continue;
      }
      const [literal, distance] = tables(kind);
      for (;;) {
        const symbol = symbolOf(literal);
        if (symbol < 256) { out[filled] = symbol; filled += 1; continue; }
        if (symbol === 256) { break; }
        const length = LENGTHS[symbol - 257] + take(LENGTH_BITS[symbol - 257]);
        const code = symbolOf(distance);
        const away = AWAY[code] + take(code < 4 ? 0 : (code - 2) >> 1);
        for (let i = 0; i < length; i += 1) { out[filled] = out[filled - away]; filled += 1; }
      }
    }
    return out;
  }

  // Cells (count, rows, columns), the lowest y first.
  function unpacked(text, ground, count) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) { bytes[i] = raw.charCodeAt(i); }
    const plane = ground.rows * ground.columns;
    const cells = inflate(bytes, plane * count);
    for (let start = 0; start < cells.length; start += plane) {
      for (let i = start + ground.columns; i < start + plane; i += 1) { cells[i] = (cells[i] + cells[i - ground.columns]) & 63; }
    }
    return cells;
  }
