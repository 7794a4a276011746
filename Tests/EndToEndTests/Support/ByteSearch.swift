import Foundation

/// Searches files for words in every form in which a program may have left them.
struct ByteSearch: Sendable {
    /// A form of a word, and what it is called in a failure.
    private struct Needle: Sendable {
        let name: String
        let bytes: Data
    }

    private let words: [String]
    private let needles: [Needle]

    /// - Parameter words: words in lower-case ASCII that occur in no model, program or description.
    init(_ words: [String]) {
        self.words = words
        needles = words.flatMap { word in
            let utf16 = Data(word.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] })
            let escaped = word.unicodeScalars.map { String(format: "\\u%04x", $0.value) }.joined()
            var forms = [
                Needle(name: word, bytes: Data(word.utf8)),
                Needle(name: "\(word) in UTF-16", bytes: utf16),
                Needle(name: "\(word) in JSON escapes", bytes: Data(escaped.utf8)),
                Needle(name: "\(word) in capitals", bytes: Data(word.uppercased().utf8)),
            ]
            // The inner letters of base64 depend only on where in a group of three bytes the word begins.
            for offset in 0..<3 {
                let padded = Data(repeating: 0x20, count: offset) + Data(word.utf8)
                let text = padded.base64EncodedString()
                let inner = text.dropFirst(offset == 0 ? 0 : 4).dropLast(4)
                forms.append(Needle(name: "\(word) in base64", bytes: Data(inner.utf8)))
            }
            return forms
        }
    }

    /// What a piece of data holds, in the words of a failure.
    func findings(in data: Data) -> [String] {
        needles.filter { data.range(of: $0.bytes) != nil }.map(\.name)
    }

    /// What a text holds.
    func findings(in text: String) -> [String] { findings(in: Data(text.utf8)) }

    /// The files below a folder whose path or content holds one of the words, each with what it holds.
    ///
    /// - Parameter folder: its own path is not searched.
    func files(below folder: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        let below = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        for name in below {
            let content = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
            let holds = findings(in: name) + findings(in: content)
            if !holds.isEmpty { found["\(folder)/\(name)"] = holds }
        }
        return found
    }
}
