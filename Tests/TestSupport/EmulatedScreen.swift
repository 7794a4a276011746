internal import Foundation

/// As much of a terminal as the monitor needs; any other control sequence is recorded as unknown.
struct EmulatedScreen {
    private(set) var isAlternate = false
    private(set) var hasCursor = true
    private(set) var hasColours = false
    private(set) var unknown: [String] = []
    /// Every line that was there after some piece of output.
    private(set) var shown: Set<String> = []
    private var columns: Int
    private var rows: Int
    private var cells: [[UInt8]]
    private var row = 0
    private var column = 0
    private var pending: [UInt8] = []

    init(columns: Int, rows: Int) {
        (self.columns, self.rows) = (columns, rows)
        cells = Array(repeating: [], count: rows)
    }

    var lines: [String] {
        cells.map { cells in
            var text = String(decoding: cells, as: UTF8.self)
            while text.last == " " { text.removeLast() }
            return text
        }
    }

    mutating func resize(columns: Int, rows: Int) {
        (self.columns, self.rows) = (columns, rows)
        cells = (0..<rows).map { $0 < cells.count ? cells[$0] : [] }
    }

    mutating func write(_ bytes: ArraySlice<UInt8>) {
        defer { shown.formUnion(lines) }
        for byte in bytes {
            guard pending.isEmpty else {
                pending.append(byte)
                // ESC [ parameters, then a letter.
                if pending.count > 2, (0x40...0x7E).contains(byte) || pending[1] != UInt8(ascii: "[") {
                    carryOut(String(decoding: pending.dropFirst(), as: UTF8.self))
                    pending = []
                }
                continue
            }
            switch byte {
            case 0x1B: pending = [byte]
            case UInt8(ascii: "\r"): column = 0
            case UInt8(ascii: "\n"): row = min(rows - 1, row + 1)
            case 0x20...0x7E, 0x80...: put(byte)
            default: unknown.append("byte \(byte)")
            }
        }
    }

    private mutating func put(_ byte: UInt8) {
        guard cells.indices.contains(row) else { return }
        while cells[row].count <= column { cells[row].append(UInt8(ascii: " ")) }
        cells[row][column] = byte
        // Wrapping is off: the cursor stays on the last column.
        column = min(column + 1, columns - 1)
    }

    private mutating func carryOut(_ sequence: String) {
        let parameters = sequence.dropFirst().dropLast()
        switch (parameters, sequence.last) {
        case ("?1049", "h"): (isAlternate, cells) = (true, Array(repeating: [], count: rows))
        case ("?1049", "l"): (isAlternate, cells) = (false, Array(repeating: [], count: rows))
        case ("?25", "h"): hasCursor = true
        case ("?25", "l"): hasCursor = false
        case ("?7", "h"), ("?7", "l"), ("?2026", "h"), ("?2026", "l"): break
        case ("2", "J"): cells = Array(repeating: [], count: rows)
        case ("", "K"): if cells.indices.contains(row) { cells[row] = Array(cells[row].prefix(column)) }
        case (_, "H"):
            let place = parameters.split(separator: ";").compactMap { Int($0) }
            guard place.count == 2 else { return unknown.append(sequence) }
            (row, column) = (place[0] - 1, place[1] - 1)
        case (_, "m"): hasColours = hasColours || parameters != "0"
        default: unknown.append(sequence)
        }
    }
}
