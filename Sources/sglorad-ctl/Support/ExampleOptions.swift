internal import ArgumentParser
internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import Glibc
internal import Privacy
internal import SgloradInterface

/// Examples of the task and the answers that can occur, from files that are read with the caller's rights.
struct ExampleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with examples of the task, at most 32 in JSON Lines: {\"text\": …, \"answer\": …}, where the answer may "
                + "be left out; - reads standard input.", valueName: "file"))
    var examples: String?

    @Option(
        help: ArgumentHelp(
            "A file with the answers that can occur, one per line, at most 1000; - reads standard input.",
            valueName: "file"))
    var labels: String?

    func validate() throws {
        if examples == "-", labels == "-" {
            throw ValidationError("Only one of '--examples' and '--labels' can read standard input.")
        }
    }

    /// Whether one of them is standard input.
    var readsStandardInput: Bool { examples == "-" || labels == "-" }

    /// The examples; nil if none were given.
    func readExamples() throws(SgloradError) -> [Wire.Example]? {
        guard let examples else { return nil }
        return try Self.read(examples: examples)
    }

    /// The examples in a file; - is standard input.
    static func read(examples path: String) throws(SgloradError) -> [Wire.Example] {
        let lines = try ExampleLines(path, field: "examples", most: 32, lineLimit: 16_384)
        var examples: [Wire.Example] = []
        for line in lines.lines { examples.append(try lines.example(line)) }
        return examples
    }

    /// The first examples of a task from the file `TASK.jsonl` of a folder; nil if there is no such file.
    ///
    /// More lines than a request may have are ignored.
    static func examples(
        of task: String, inFolder folder: String
    ) throws(SgloradError) -> [Wire.EvaluationExample]? {
        guard !task.contains("/"), FileKind(of: "\(folder)/\(task).jsonl") == .file else { return nil }
        let lines = try ExampleLines(
            "\(folder)/\(task).jsonl", field: "examples", most: 32, lineLimit: 16_384, ignoringMore: true)
        var examples: [Wire.EvaluationExample] = []
        for line in lines.lines {
            let example = try lines.example(line)
            examples.append(.init(text: example.text.revealed, answer: example.answer?.revealed))
        }
        return examples
    }

    /// The labels; nil if none were given.
    func readLabels() throws(SgloradError) -> [PrivateText]? {
        guard let path = labels else { return nil }
        return try ExampleLines(path, field: "labels", most: 1_000, lineLimit: 256).lines.map {
            PrivateText($0.text)
        }
    }
}

/// The lines of a file of examples or labels; blank ones are ignored.
private struct ExampleLines {
    struct Line {
        /// Its place in the file, from 1.
        let number: Int
        let text: String
    }

    let name: String
    let lines: [Line]
    private let field: String

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: the file; - for standard input.
    ///   - field: the intent's field, for errors.
    ///   - most: the most lines that count.
    ///   - lineLimit: the most bytes of one.
    ///   - ignoringMore: whether lines after the most that count are ignored; otherwise they are an error.
    /// - Throws: `invalidIntent` that names the line; `invalidFile` for a file that cannot be read.
    init(
        _ path: String, field: String, most: Int, lineLimit: Int, ignoringMore: Bool = false
    ) throws(SgloradError) {
        name = path == "-" ? "standard input" : path
        self.field = field
        let limit = ignoringMore ? Self.longFile : (most + 1) * (lineLimit + 2)
        let bytes =
            path == "-"
            ? try FileBytes.read(limit + 1, from: STDIN_FILENO, path: name)
            : try OutgoingFile.content(ofPath: path, limit: limit)
        var lines: [Line] = []
        for (place, raw) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if ignoringMore, lines.count == most { break }
            let content = raw.last == UInt8(ascii: "\r") ? raw.dropLast() : raw
            guard content.count <= lineLimit else {
                throw .invalidIntent(
                    field: field,
                    reason: "are too long: line \(place + 1) of \(name) has more than \(lineLimit) bytes")
            }
            guard let text = String(validating: content, as: UTF8.self) else {
                throw .invalidIntent(
                    field: field,
                    reason:
                        "are not valid UTF-8 in line \(place + 1) of \(name); convert the file, for example with iconv"
                )
            }
            guard !text.allSatisfy(\.isWhitespace) else { continue }
            lines.append(Line(number: place + 1, text: text))
        }
        guard (1...most).contains(lines.count), bytes.count <= limit else {
            throw .invalidIntent(
                field: field,
                reason: lines.isEmpty
                    ? "are missing: \(name) holds none"
                    : "are too many: \(name) holds more than \(most)")
        }
        self.lines = lines
    }

    /// The most bytes of a file of which the first lines count.
    private static let longFile = 16 << 20

    /// The example in a line.
    func example(_ line: Line) throws(SgloradError) -> Wire.Example {
        let form = "Each line is one object with \"text\" and, if it is known, \"answer\"; both are strings"
        do {
            let data = Data(line.text.utf8)
            let keys = try JSONDecoder().decode([String: String?].self, from: data).keys
            if let unknown = keys.filter({ $0 != "text" && $0 != "answer" }).min() {
                throw SgloradError.invalidIntent(
                    field: field,
                    reason: "have the unknown key '\(unknown)' in line \(line.number) of \(name). \(form)")
            }
            return try JSONDecoder().decode(Wire.Example.self, from: data)
        } catch let error as SgloradError {
            throw error
        } catch {
            throw .invalidIntent(
                field: field, reason: "cannot be read from line \(line.number) of \(name). \(form)")
        }
    }
}
