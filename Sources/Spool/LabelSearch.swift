internal import Foundation

/// Searches foreign text for a label, however it may be written there.
///
/// A file that was rejected need not be JSON, so nothing about its form is presumed: the label is found anywhere in UTF-8,
/// UTF-16, UTF-32 or Latin-1, composed or decomposed, and behind the escapes of JSON and its relatives, percent signs and
/// character references, also nested ones. What looks like the label without being it counts as well: in an erasure too much
/// is better than too little.
struct LabelSearch: Sendable {
    private typealias Scalars = [UInt32]

    private let label: Scalars
    private let isASCII: Bool

    /// How often escapes may be nested, as in JSON within a string of JSON.
    private static let levels = 4

    /// Prepares a search; an empty label is never found.
    init(_ label: String) {
        self.label = Self.composed(label)
        isASCII = label.utf8.allSatisfy { $0 < 0x80 }
    }

    /// Whether a file's content holds the label.
    func finds(in bytes: some Collection<UInt8>) -> Bool {
        let bytes = Array(bytes)
        if finds(in: String(decoding: bytes, as: UTF8.self)) { return true }
        if !isASCII, finds(bytes.map(UInt32.init)) { return true }
        // JSON's own punctuation has a zero byte in these encodings.
        guard bytes.contains(0) else { return false }
        for (width, isBig) in [(2, false), (2, true), (4, false), (4, true)] {
            for offset in 0..<min(width, bytes.count) {
                let text = Self.decode(bytes[offset...], width: width, isBig: isBig)
                if finds(isASCII ? text : Self.composed(Self.text(text))) { return true }
            }
        }
        return false
    }

    /// Whether a text, such as a file's name, holds the label.
    func finds(in text: String) -> Bool {
        finds(isASCII ? text.unicodeScalars.map(\.value) : Self.composed(text))
    }

    private func finds(_ scalars: Scalars) -> Bool {
        var scalars = scalars
        for level in 0...Self.levels {
            if contains(scalars) { return true }
            guard level < Self.levels else { return false }
            var plain = Unescaping(scalars).result
            if plain == scalars { return false }
            if !isASCII { plain = Self.composed(Self.text(plain)) }
            scalars = plain
        }
        return false
    }

    private func contains(_ scalars: Scalars) -> Bool {
        guard let first = label.first, scalars.count >= label.count else { return false }
        return scalars.withUnsafeBufferPointer { scalars in
            label.withUnsafeBufferPointer { label in
                for start in 0...(scalars.count - label.count) where scalars[start] == first {
                    var length = 1
                    while length < label.count, scalars[start + length] == label[length] { length += 1 }
                    if length == label.count { return true }
                }
                return false
            }
        }
    }

    private static func composed(_ text: String) -> Scalars {
        text.precomposedStringWithCanonicalMapping.unicodeScalars.map(\.value)
    }

    private static func text(_ scalars: Scalars) -> String {
        var text = String.UnicodeScalarView()
        for value in scalars { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return String(text)
    }

    /// Reads units of two or four bytes; pairs of surrogates become one scalar.
    private static func decode(_ bytes: ArraySlice<UInt8>, width: Int, isBig: Bool) -> Scalars {
        var (scalars, at) = (Scalars(), bytes.startIndex)
        while at + width <= bytes.endIndex {
            var unit: UInt32 = 0
            for place in 0..<width {
                unit = unit << 8 | UInt32(bytes[isBig ? at + place : at + width - 1 - place])
            }
            scalars.append(unit)
            at += width
        }
        return Unescaping.joiningSurrogates(scalars)
    }
}

/// Text without its escapes, one level of them.
private struct Unescaping {
    private let source: [UInt32]
    private var at = 0
    private(set) var result: [UInt32] = []

    init(_ source: [UInt32]) {
        self.source = source
        result.reserveCapacity(source.count)
        while at < source.count { step() }
        result = Self.joiningSurrogates(result)
    }

    private mutating func step() {
        let value = source[at]
        at += 1
        switch Unicode.Scalar(value) {
        case "\\": backslash()
        case "%": percent()
        case "&": reference()
        default: result.append(value)
        }
    }

    private func scalar(_ offset: Int) -> Unicode.Scalar? {
        at + offset < source.count ? Unicode.Scalar(source[at + offset]) : nil
    }

    /// The value of the hexadecimal digits from an offset on, at least `least` and at most `most` of them.
    private func hexadecimal(_ offset: Int, least: Int, most: Int) -> (value: UInt32, digits: Int)? {
        var (value, digits): (UInt32, Int) = (0, 0)
        while digits < most, let next = scalar(offset + digits), let digit = Character(next).hexDigitValue {
            value = value &* 16 &+ UInt32(digit)
            digits += 1
        }
        return digits >= least ? (value, digits) : nil
    }

    /// `\n`, `\u0041`, `\u{41}`, `\U00000041`, `\x41`; any other character stands for itself.
    private mutating func backslash() {
        guard let kind = scalar(0) else { return result.append(0x5C) }
        switch kind {
        case "u" where scalar(1) == "{":
            if let (value, digits) = hexadecimal(2, least: 1, most: 6), scalar(2 + digits) == "}" {
                result.append(value)
                at += 3 + digits
                return
            }
        case "u", "U", "x":
            let most = kind == "u" ? 4 : kind == "U" ? 8 : 2
            if let (value, digits) = hexadecimal(1, least: most, most: most) {
                result.append(value)
                at += 1 + digits
                return
            }
        default: break
        }
        let controls: [Unicode.Scalar: UInt32] = ["n": 10, "t": 9, "r": 13, "b": 8, "f": 12, "0": 0]
        result.append(controls[kind] ?? kind.value)
        at += 1
    }

    /// `%C3%A9`: bytes of UTF-8.
    private mutating func percent() {
        var (bytes, offset): ([UInt8], Int) = ([], 0)
        while let (value, _) = hexadecimal(offset, least: 2, most: 2) {
            bytes.append(UInt8(truncatingIfNeeded: value))
            guard scalar(offset + 2) == "%" else { break }
            offset += 3
        }
        guard !bytes.isEmpty else { return result.append(0x25) }
        at += bytes.count * 3 - 1
        result += String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value)
    }

    /// `&#233;`, `&#xE9;`, and the five names of XML.
    private mutating func reference() {
        var (name, offset) = ("", 0)
        while offset < 10, let next = scalar(offset), next != ";" {
            name.unicodeScalars.append(next)
            offset += 1
        }
        let names: [String: UInt32] = ["amp": 0x26, "lt": 0x3C, "gt": 0x3E, "quot": 0x22, "apos": 0x27]
        var value = names[name]
        if name.hasPrefix("#x") || name.hasPrefix("#X") {
            value = UInt32(name.dropFirst(2), radix: 16)
        } else if name.hasPrefix("#") {
            value = UInt32(name.dropFirst())
        }
        guard let value, scalar(offset) == ";" else { return result.append(0x26) }
        result.append(value)
        at += offset + 1
    }

    /// Two halves of a pair become one scalar.
    static func joiningSurrogates(_ units: [UInt32]) -> [UInt32] {
        guard units.contains(where: { (0xD800..<0xDC00).contains($0) }) else { return units }
        var (joined, at): ([UInt32], Int) = ([], 0)
        while at < units.count {
            let unit = units[at]
            if (0xD800..<0xDC00).contains(unit), at + 1 < units.count,
                (0xDC00..<0xE000).contains(units[at + 1])
            {
                joined.append(0x10000 + (unit - 0xD800) << 10 + (units[at + 1] - 0xDC00))
                at += 2
            } else {
                joined.append(unit)
                at += 1
            }
        }
        return joined
    }
}
