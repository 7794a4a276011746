internal import ErrorModel
internal import Files
internal import FoundationEssentials
internal import SgloradInterface

/// Reads the texts that a generator learns from, with the caller's permissions; every error names the file, the line and the
/// remedy.
enum TrainingFolderReader {
    private static let form = """
        Each line is one object with "text" and "answer", both strings; the file is named as the task's expert.
        """

    /// The pairs in a folder's `*.jsonl` files, one task a file, in the order of the file names; hidden files are ignored.
    ///
    /// - Parameters:
    ///   - folder: the folder.
    ///   - tasks: the tasks that are sent with them, which share the limit of a call, ``TaskFolderReader/limit``.
    /// - Throws: `invalidFile` if the folder holds no such file, an invalid one, or too much.
    static func texts(
        inFolder folder: String, besides tasks: [Wire.EvaluationTask]
    ) throws(SgloradError) -> [Wire.AnsweredTexts] {
        guard FileKind(of: folder) == .folder else {
            throw .invalidFile(
                folder, "there is no such folder. Name a folder with one file of JSON Lines per task.")
        }
        let names = try Folder.names(in: folder).filter { $0.hasSuffix(".jsonl") && !$0.hasPrefix(".") }
        guard !names.isEmpty else {
            throw .invalidFile(
                folder, "the folder holds no texts to train on, that is, no *.jsonl file. \(form)")
        }
        var texts: [Wire.AnsweredTexts] = []
        var bytes = tasks.reduce(0) { $0 + size($1) }
        for name in names {
            let path = "\(folder)/\(name)"
            let found = Wire.AnsweredTexts(name: String(name.dropLast(6)), pairs: try pairs(path))
            bytes += size(found)
            guard bytes < TaskFolderReader.limit else {
                throw .invalidFile(
                    path,
                    "with this file, tasks and texts exceed the limit of \(Format.bytes(TaskFolderReader.limit)) per call. "
                        + "Use fewer or smaller files.")
            }
            texts.append(found)
        }
        return texts
    }

    private static func pairs(_ path: String) throws(SgloradError) -> [Wire.AnsweredText] {
        let content = try OutgoingFile.content(ofPath: path, limit: TaskFolderReader.limit)
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var pairs: [Wire.AnsweredText] = []
        for (place, line) in lines.enumerated() {
            // White space alone, such as after the last line.
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            do {
                pairs.append(try JSONDecoder().decode(Wire.AnsweredText.self, from: Data(line)))
            } catch {
                throw .invalidFile(path, "line \(place + 1) cannot be read. \(form)", cause: error)
            }
        }
        guard !pairs.isEmpty else { throw .invalidFile(path, "it holds no line. \(form)") }
        return pairs
    }

    private static func size(_ value: some Encodable) -> Int { (try? JSONEncoder().encode(value).count) ?? 0 }
}
