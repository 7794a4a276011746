internal import VarlinkDefinition

/// The comment of a member of the interface, split into prose and annotations.
///
/// A comment line that is one bracketed phrase, such as `[private]` or `[Requires 'more' flag]`, is an
/// annotation.
struct Documentation {
    /// The first sentence; empty if there is no prose.
    let summary: String
    /// The sentences after the first, one string for each paragraph.
    let discussion: [String]
    /// The annotations without their brackets.
    let annotations: Set<String>

    init(_ comment: String) {
        var annotations: Set<String> = []
        var paragraphs = [""]
        for line in comment.split(separator: "\n", omittingEmptySubsequences: false) {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("["), text.hasSuffix("]") {
                annotations.insert(String(text.dropFirst().dropLast()))
            } else if text.isEmpty {
                paragraphs.append("")
            } else {
                paragraphs[paragraphs.count - 1] += (paragraphs.last == "" ? "" : " ") + text
            }
        }
        paragraphs.removeAll(where: \.isEmpty)
        let first = paragraphs.isEmpty ? "" : paragraphs.removeFirst()
        let end = Self.endOfSentence(first)
        summary = String(first[..<end])
        let rest = first[end...].drop { $0 == " " }
        discussion = (rest.isEmpty ? [] : [String(rest)]) + paragraphs
        self.annotations = annotations
    }

    /// The end of the first sentence: a full stop before a space and a capital letter, a digit or a code
    /// quotation.
    private static func endOfSentence(_ text: String) -> String.Index {
        var index = text.startIndex
        while let stop = text[index...].firstIndex(where: { ".!?".contains($0) }) {
            index = text.index(after: stop)
            let next = text[index...].dropFirst().first
            if text[index...].first == " ", let next, next.isUppercase || next.isNumber || next == "`" {
                return index
            }
        }
        return text.endIndex
    }
}

extension Documentation {
    /// The lines of a Swift documentation comment, wrapped at the right margin.
    ///
    /// - Parameters:
    ///   - indentation: how far the comment is indented, in columns.
    ///   - note: a paragraph to add.
    func lines(indentation: Int, note: String? = nil) -> [String] {
        guard !summary.isEmpty else { return [] }
        let paragraphs = [summary] + discussion + (note.map { [$0] } ?? [])
        let wrapped = paragraphs.map { Self.wrap($0, width: SourceText.margin - indentation - 4) }
        return Array(wrapped.joined(separator: [""])).map { $0.isEmpty ? "///" : "/// \($0)" }
    }

    private static func wrap(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
