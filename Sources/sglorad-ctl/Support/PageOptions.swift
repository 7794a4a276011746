internal import ArgumentParser
internal import ErrorModel
internal import Files
internal import Glibc

/// Where a command writes its report as an HTML page.
struct PageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write the report as a self-contained HTML page to this new file; - for standard output.",
            valueName: "file"),
        completion: .file())
    var html: String?

    @Flag(help: "Replace the file of --html where it exists.")
    var replace = false

    func validate() throws {
        if replace, html == nil || html == "-" {
            throw ValidationError("'--replace' needs '--html FILE', which names the file to replace.")
        }
    }

    /// Where the page goes, checked before the daemon is asked for anything; nil for no page.
    func destination(json: Bool) throws(SgloradError) -> PageDestination? {
        guard let html else { return nil }
        guard html == "-" else { return try PageDestination(file: html, replacing: replace) }
        guard !json else {
            throw .invalidRequest(
                field: "html", reason: "is -, but --json prints to standard output, too: name a file")
        }
        return .standardOutput
    }
}

/// A file or standard output, to which a page is written whole or not at all.
enum PageDestination: Sendable {
    case standardOutput
    case file(String, replaces: Bool)

    /// A file, which must not exist unless it may be replaced.
    ///
    /// Throws `alreadyExists` if the path is taken, `invalidFile` if the parent folder is missing.
    init(file path: String, replacing: Bool) throws(SgloradError) {
        switch FileKind(of: path) {
        case .file? where replacing: self = .file(path, replaces: true)
        case .file?:
            throw SgloradError(
                .alreadyExists,
                "'\(path)' already exists. Add --replace to replace it, or choose another file.",
                parameters: ["kind": .string("file"), "name": .string(path)])
        default: self = .file(try ExportDestination(file: path).path, replaces: false)
        }
    }

    /// Writes a page.
    ///
    /// - Parameter mode: the permissions of a file, from which the umask is subtracted.
    /// - Returns: what was done, as a sentence; nil on standard output, where only the page may stand.
    func write(_ html: String, mode: UInt32) throws(SgloradError) -> String? {
        let bytes = Array(html.utf8)
        switch self {
        case .standardOutput:
            try FileBytes.append(bytes, to: STDOUT_FILENO, path: "standard output")
            return nil
        case .file(let path, let replaces):
            try DurableFile.write(bytes, to: path, mode: mode, replacing: replaces)
            return "\(replaces ? "Replaced" : "Wrote") \(path), \(Format.bytes(bytes.count))."
        }
    }
}
