// What a program leaves on a terminal, as markup: places, colours and clearing (app/cli/screen.c), and nothing else.

const COLOURS = ['#1c1f24', '#e0534f', '#5faf5f', '#d7af3f', '#5f87d7', '#af6fcf', '#3fb7c7', '#d6d9de'];
const BRIGHT = ['#6c7078', '#ff6b66', '#87d787', '#ffd75f', '#87afff', '#d787ff', '#5fe0f0', '#ffffff'];
const PLAIN = { fore: COLOURS[7], back: '#16181c', bold: false, reverse: false, underline: false };
const BASIC = { 0: () => ({ ...PLAIN }), 1: (s) => ({ ...s, bold: true }), 2: (s) => ({ ...s, fore: '#8b9098' }), 4: (s) => ({ ...s, underline: true }),
    7: (s) => ({ ...s, reverse: true }), 22: (s) => ({ ...s, bold: false }), 27: (s) => ({ ...s, reverse: false }) };

function colour256(number) {
    if (number < 16) {
        return number < 8 ? COLOURS[number] : BRIGHT[number - 8];
    }
    if (number >= 232) {
        return `rgb(${Array(3).fill(8 + (number - 232) * 10)})`;
    }
    const part = (value) => (value === 0 ? 0 : 55 + 40 * value);
    return `rgb(${[36, 6, 1].map((step) => part(Math.floor((number - 16) / step) % 6))})`;
}

function styled(style, numbers) {
    for (let i = 0; i < numbers.length; i++) {
        const number = numbers[i];
        if ((number === 38 || number === 48) && numbers[i + 1] === 5) {
            style = { ...style, [number === 38 ? 'fore' : 'back']: colour256(numbers[i + 2]) };
            i += 2;
        } else if (BASIC[number]) {
            style = BASIC[number](style);
        } else {
            const base = Math.floor(number / 10) * 10;
            const places = { 30: ['fore', COLOURS], 40: ['back', COLOURS], 90: ['fore', BRIGHT], 100: ['back', BRIGHT] };
            if (places[base] && number - base < 8) {
                style = { ...style, [places[base][0]]: places[base][1][number - base] };
            }
        }
    }
    return style;
}

// The cells that are on a screen of this size when all of the text has been written to it.
function cellsOf(text, rows, cols) {
    const empty = () => Array.from({ length: rows }, () => Array.from({ length: cols }, () => ({ sign: ' ', style: PLAIN })));
    let cells = empty();
    let [row, col, style] = [0, 0, { ...PLAIN }];
    for (const [, intro, numbers, verb, sign] of text.matchAll(/\x1b\[([?>]?)([\d;]*)([A-Za-z])|\x1b[()=>][0-9A-Z]?|([^\x1b])/gu)) {
        const given = (numbers ?? '').split(';').map(Number);
        if (sign === '\r' || sign === '\n') {
            [row, col] = sign === '\r' ? [row, 0] : [Math.min(row + 1, rows - 1), col];
        } else if (sign !== undefined) {
            if (row < rows && col < cols) {
                cells[row][col] = { sign, style };
            }
            col += 1;
        } else if (verb === 'H' && !intro) {
            [row, col] = [(given[0] || 1) - 1, (given[1] || 1) - 1];
        } else if (verb === 'J' && !intro) {
            cells = empty();
        } else if (verb === 'm' && !intro) {
            style = styled(style, given);
        }
    }
    return cells;
}

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

export function terminalMarkup(text, rows, cols) {
    const lines = cellsOf(text, rows, cols).map((cells) => cells.map(({ sign, style }) => {
        const [fore, back] = style.reverse ? [style.back, style.fore] : [style.fore, style.back];
        return `<span style="color:${fore};background:${back};${style.bold ? 'font-weight:bold;' : ''}${style.underline ? 'text-decoration:underline' : ''}">` +
            `${escaped(sign)}</span>`;
    }).join(''));
    return `<!doctype html><meta charset="utf-8"><body style="margin:0;background:${PLAIN.back}"><pre id="screen" style="margin:0;padding:12px;` +
        `display:inline-block;font:14px/1.25 'DejaVu Sans Mono',monospace">${lines.join('\n')}</pre>`;
}
